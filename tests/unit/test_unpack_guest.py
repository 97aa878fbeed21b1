"""Source archives: what they may hold, and that nothing of others reaches beyond its folder."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.support.repositories import files_of

from parity.guest.environment import unpack as guest
from parity.guest.tasks.build import main
from parity.portable.treepaths import Refused

Member = tuple[str, bytes, str | bytes]
"""Name, tar type, content or target."""


def archive(folder: Path, *members: Member, suffix: str = "tar.gz") -> Path:
    path = folder / f"demo-1.0.{suffix}"
    with tarfile.open(path, "w:gz", format=tarfile.PAX_FORMAT) as tar:
        for name, kind, said in members:
            info = tarfile.TarInfo(name)
            info.type = kind
            data = said if isinstance(said, bytes) else b""
            info.linkname = said if isinstance(said, str) else ""
            info.size = len(data)
            info.mode = 0o755 if name.endswith(".sh") else 0o644
            tar.addfile(info, io.BytesIO(data))
    return path


REG, SYM, LNK, DIR = tarfile.REGTYPE, tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.DIRTYPE
HOSTILE: dict[str, tuple[Member, ...]] = {
    "above": (("../canary", REG, b"x"),),
    "above, from inside": (("demo/../../canary", REG, b"x"),),
    "absolute": (("/tmp/parity-canary", REG, b"x"),),
    "a folder above": (("../canary", DIR, b""),),
    "a link above": (("demo/l", SYM, "../../canary"),),
    "an absolute link": (("demo/l", SYM, "/etc/passwd"),),
    "through a link": (("demo/l", SYM, "."), ("demo/l/x", REG, b"x")),
    "through a link, by another": (("d/a/b/l", SYM, "../.."), ("d/z", SYM, "a/b/l/../../x")),
    "a file where a folder is": (("demo/a", REG, b"x"), ("demo/a/b", REG, b"y")),
    "a hard link out": (("demo/h", LNK, "/etc/passwd"),),
    "a hard link above": (("demo/h", LNK, "../canary"),),
    "a hard link to a link": (("demo/l", SYM, "x"), ("demo/h", LNK, "demo/l")),
    "a hard link to what comes later": (("demo/h", LNK, "demo/x"), ("demo/x", REG, b"x")),
    "a character device": (("demo/null", tarfile.CHRTYPE, b""),),
    "a block device": (("demo/sda", tarfile.BLKTYPE, b""),),
    "a pipe": (("demo/pipe", tarfile.FIFOTYPE, b""),),
    "an unknown type": (("demo/odd", b"Z", b""),),
    "a long name": (("demo/" + "n" * 300, REG, b""),),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_an_archive_that_reaches_out_is_refused(name: str, tmp_path: Path) -> None:
    made = archive(tmp_path, *HOSTILE[name])
    (tmp_path / "work").mkdir()
    with pytest.raises(Refused):
        guest.unpack(str(made), str(tmp_path / "work" / "source"))
    assert not list((tmp_path / "work").glob("*/*"))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["demo-1.0.tar.gz", "work"]


def test_odd_archives_are_unpacked_alike_on_every_python(tmp_path: Path) -> None:
    members: tuple[Member, ...] = (
        ("./demo", DIR, b""),
        ("./demo/empty", DIR, b""),
        ("demo/a", REG, b"old"),
        ("demo/run.sh", REG, b"run"),
        ("demo/hard", LNK, "demo/run.sh"),
        ("demo/soft", SYM, "empty/../a"),
        ("demo/ключ", REG, b"k"),
        ("demo/a", REG, b"new"),
    )
    made = archive(tmp_path, *members)
    guest.unpack(str(made), str(tmp_path / "source"))
    assert files_of(tmp_path / "source") == {
        "a": "new", "run.sh": "*run", "hard": "*run", "soft": "-> empty/../a", "ключ": "k",
    }  # fmt: skip
    assert (tmp_path / "source" / "empty").is_dir()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["demo-1.0.tar.gz", "source"]


def test_zips_are_judged_as_tars_are(tmp_path: Path) -> None:
    def zipped(name: str) -> str:
        path = tmp_path / "demo.zip"
        with zipfile.ZipFile(path, "w") as made:
            made.writestr("demo/", b"")
            made.writestr(name, b"x")
        return str(path)

    for name in ("../canary", "/canary", "demo/../../canary", "demo//x"):
        with pytest.raises(Refused):
            guest.unpack(zipped(name), str(tmp_path / "source"))
    guest.unpack(zipped("demo/x"), str(tmp_path / "source"))
    assert files_of(tmp_path / "source") == {"x": "x"}
    assert not (tmp_path / "canary").exists()


def _many(tmp_path: Path) -> Path:
    return archive(tmp_path, *((f"demo/{number}", REG, b"") for number in range(20)))


def _large(tmp_path: Path) -> Path:
    hard: list[Member] = [(f"demo/{number}", LNK, "demo/big") for number in range(20)]
    return archive(tmp_path, ("demo/big", REG, bytes(10_000)), *hard)


@pytest.mark.parametrize("make", [_many, _large])
def test_sizes_are_bounded(make: Callable[[Path], Path], tmp_path: Path) -> None:
    made = make(tmp_path)
    guest.unpack(str(made), str(tmp_path / "whole"), guest.Bounds(members=22))
    less = guest.Bounds(members=20 if make is _large else 10, total=100_000)
    with pytest.raises(Refused, match="more than"):
        guest.unpack(str(made), str(tmp_path / "source"), less)
    assert not (tmp_path / "source").exists()


def _damaged(pack: Callable[[bytes], bytes]) -> bytes:
    whole = pack(bytes(range(256)) * 4096)
    return whole[: len(whole) // 2] + b"\xff" * 64 + whole[len(whole) // 2 :]


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"no archive",
        b"\x1f\x8b\x08\x00broken",
        _damaged(gzip.compress),
        _damaged(bz2.compress),
        _damaged(lzma.compress),
    ],
    ids=["empty", "text", "head", "gz", "bz2", "xz"],
)
def test_what_is_no_archive_is_told(data: bytes, tmp_path: Path) -> None:
    path = tmp_path / "demo.tar.gz"
    path.write_bytes(data)
    with pytest.raises(Refused, match="cannot be unpacked"):
        guest.unpack(str(path), str(tmp_path / "source"))


@pytest.mark.parametrize("inside", ["../other", "/etc", "link", "gone", "a/../../other"])
def test_the_packages_folder_lies_in_its_source(
    inside: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "other").mkdir()
    (tmp_path / "tree").mkdir()
    (tmp_path / "tree" / "link").symlink_to("../other")
    monkeypatch.setattr("parity.guest.environment.isolation.isolation", lambda: {"network": True})
    job: Any = {"do": "peek", "work": str(tmp_path), "source": str(tmp_path / "tree"), "epoch": 315532800}
    assert "is no folder in it" in str(main(job | {"subdirectory": inside}, print)["refused"])
    assert "refused" not in main(job | {"subdirectory": "."}, print)
