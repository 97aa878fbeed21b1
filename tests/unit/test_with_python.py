"""Carried interpreters: judged archives, locks, and what the manifest says."""

from __future__ import annotations

import gzip
import io
import json
import struct
import tarfile
import zlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest
from tests.support.interpreters import packed
from tests.unit.test_export import document

from parity.engine.spec import ExecResult
from parity.errors import HashMismatch, HostileSource, LockInvalid, PythonUnfit
from parity.export.environment import Interpreter, _put_interpreter
from parity.export.layer import EnvironmentLayer, LayerPlace
from parity.export.python_archive import FOLDER, judged_interpreter
from parity.export.python_lock import PYTHON_LOCK, is_of, write_python_lock
from parity.export.readme import environment_readme
from parity.export.spool import NewSpool, inflated, spooling
from parity.export.taking import TakenFile
from parity.farside.cli.main import main as far_main
from parity.model import LockedPython
from parity.pack import STOCK_CHECK
from parity.portable.bundle import export
from parity.portable.bundle.envelope import ENVIRONMENT, IMAGE
from parity.portable.errors import BundleDamaged, PrefixInUse

LOCKED = LockedPython("3.11.9", "cpython-3.11.9+20240814-x86_64.tar.gz", "a" * 64)
ELF = b"\x7fELF\x02\x01\x01" + bytes(9) + struct.pack("<HH", 3, 62) + b"program"
SOUND = {
    "bin/python3.11": ELF,
    "bin/pip": b"#!/bin/sh\n",
    "lib/python3.11/os.py": b"x = 1\n",
    "lib/python3.11/__pycache__/os.cpython-311.pyc": b"time",
    "share/é": b"",
}
LINKS = {"bin/python3": "python3.11", "lib/libpython3.so": "../lib/python3.11/os.py"}


@pytest.fixture
def new(tmp_path: Path) -> Iterator[NewSpool]:
    with spooling(tmp_path) as made:
        yield made


def judged(new: NewSpool, data: bytes, minor: str = "3.11", arch: str = "x86_64", **more: int) -> bytes:
    return b"".join(judged_interpreter(new().add((data,)), minor, arch, new, **more).chunks())


# --- the archive ----------------------------------------------------------------------------------------


def test_the_same_interpreter_is_written_alike_however_it_was_packed(new: NewSpool) -> None:
    first = judged(new, packed(SOUND, LINKS))
    other = packed(dict(reversed(SOUND.items())), LINKS, top="./python/install/")
    assert judged(new, other) == judged(new, gzip.decompress(other)) == first
    with tarfile.open(fileobj=io.BytesIO(first)) as tar:
        found = {each.name: each for each in tar}
        assert sorted(found) == sorted(
            [
                *(FOLDER, f"{FOLDER}/bin", f"{FOLDER}/lib", f"{FOLDER}/lib/python3.11", f"{FOLDER}/share"),
                *(f"{FOLDER}/{each}" for each in {**SOUND, **LINKS} if "__pycache__" not in each),
            ]
        )
        assert {(each.uid, each.gid, each.mtime, each.uname) for each in found.values()} == {(0, 0, 0, "")}
        assert {each.mode for each in found.values() if each.isreg()} == {0o644, 0o755}
        assert found[f"{FOLDER}/bin/python3"].linkname == "python3.11"


def raw(name: str, kind: bytes = tarfile.REGTYPE, target: str = "", mode: int = 0o644) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname, info.mode = kind, target, mode
    return info


def test_rights_are_reading_and_running_and_nothing_else(new: NewSpool) -> None:
    odd = (raw("python/bin/su", mode=0o6777), raw("python/bin/again", tarfile.LNKTYPE, "python/bin/su"))
    with tarfile.open(fileobj=io.BytesIO(judged(new, packed(SOUND, more=odd)))) as tar:
        assert [tar.getmember(f"{FOLDER}/bin/{name}").mode for name in ("su", "again")] == [0o755, 0o755]


@pytest.mark.parametrize(
    "bad",
    [
        (raw("python/lib/out", tarfile.SYMTYPE, "/etc/passwd"),),
        (raw("python/lib/out", tarfile.SYMTYPE, "../../etc"),),
        # Each stays inside; the one through the other does not.
        (
            raw("python/lib/up", tarfile.SYMTYPE, "python3.11/.."),
            raw("python/lib/out", tarfile.SYMTYPE, "up/../../x"),
        ),
        (raw("python/lib/deep", tarfile.SYMTYPE, ".."), raw("python/lib/deep/file")),
        (raw("python/lib/same", tarfile.LNKTYPE, "/etc/passwd"),),
        (raw("python/lib/null", tarfile.CHRTYPE),),
        (raw("python/lib/pipe", tarfile.FIFOTYPE),),
        (raw("python/../../etc/x"),),
        (raw("python/bin/python3.11"),),
    ],
    ids=lambda one: f"{one[-1].name} {one[-1].linkname}",
)
def test_what_no_interpreter_needs_is_refused(new: NewSpool, bad: tuple[tarfile.TarInfo, ...]) -> None:
    with pytest.raises(HostileSource):
        judged(new, packed(SOUND, more=bad))


def test_what_unpacks_to_too_much_is_refused_before_it_lies_there(new: NewSpool) -> None:
    with pytest.raises(HostileSource, match="more than 1000000 bytes"):
        judged(new, packed({**SOUND, "lib/zeros": bytes(3_000_000)}), largest=1_000_000)


def headed(kind: bytes, size: bytes, body: bytes = b"", more: bytes = b"") -> bytes:
    """A sound interpreter with one more member, whose size is written as given."""
    head = bytearray(raw("python/odd", kind).tobuf(tarfile.USTAR_FORMAT))
    head[124:136] = size
    head[482:483] = more or head[482:483]
    head[148:156] = b" " * 8
    head[148:156] = b"%06o\0 " % sum(head)
    sound = gzip.decompress(packed(SOUND)).rstrip(b"\0")
    return sound + bytes(-len(sound) % 512) + bytes(head) + body


BELOW_NOTHING = b"\xff" * 4 + struct.pack(">q", -1024)
BEYOND_ALL = b"\x80" + (1 << 80).to_bytes(11, "big")
CHAIN = [raw("python/p", tarfile.XHDTYPE)] * 2000


@pytest.mark.parametrize(
    "data",
    [
        headed(tarfile.REGTYPE, BELOW_NOTHING, bytes(4096)),
        headed(tarfile.XHDTYPE, BELOW_NOTHING, bytes(4096)),
        headed(tarfile.REGTYPE, BEYOND_ALL, bytes(4096)),
        headed(tarfile.XHDTYPE, BEYOND_ALL, bytes(4096)),
        headed(tarfile.GNUTYPE_LONGNAME, b"%011o\0" % (1 << 20), b"a" * (1 << 20)),
        headed(tarfile.GNUTYPE_SPARSE, b"00000000000\0", more=b"\1"),
        packed(SOUND, more=tuple(CHAIN)),
    ],
    ids=["file -1", "pax -1", "file 2^80", "pax 2^80", "long name", "cut sparse", "chain"],
)
def test_headers_that_no_packer_writes_are_refused(new: NewSpool, data: bytes) -> None:
    with pytest.raises((HostileSource, PythonUnfit)):
        judged(new, data)


def test_links_to_one_file_count_as_files(new: NewSpool) -> None:
    many = tuple(raw(f"python/lib/{at}", tarfile.LNKTYPE, "python/lib/large") for at in range(100))
    with pytest.raises(HostileSource, match="files of the interpreter's archive have more"):
        judged(new, packed({**SOUND, "lib/large": bytes(100_000)}, more=many), largest=1_000_000)


def test_all_members_of_a_gzip_are_unpacked_and_what_follows_must_be_one() -> None:
    halves = gzip.compress(b"one") + gzip.compress(b"two") + bytes(700_000)
    assert b"".join(inflated(iter((halves[:5], halves[5:])))) == b"onetwo"
    for bad in (halves + b"garbage", halves[:-700_004], gzip.compress(b"") * 200_001):
        with pytest.raises(zlib.error):
            list(inflated(iter((bad,))))


@pytest.mark.parametrize(
    ("data", "minor", "arch", "said"),
    [
        (packed(SOUND), "3.12", "x86_64", "no Python 3.12, which the target has, but python3.11"),
        (packed(SOUND), "3.11", "aarch64", "no program for aarch64"),
        (packed({**SOUND, "bin/python3.11": b"#!/bin/sh\n"}), "3.11", "x86_64", "no program for"),
        (packed({"bin/python3.11": ELF}), "3.11", "x86_64", "no Python 3.11"),
        (packed({}, {"bin/python3.11": "pip"}), "3.11", "x86_64", "no Python 3.11"),
        (packed(SOUND, top="other/"), "3.11", "x86_64", "no folder python/bin"),
        (packed(SOUND)[:60], "3.11", "x86_64", "cannot be read"),
        (gzip.compress(b"nonsense" * 1000, mtime=0), "3.11", "x86_64", "cannot be read"),
        (b"", "3.11", "x86_64", "cannot be read"),
    ],
    ids=range(9),
)
def test_what_is_no_python_of_the_target_is_refused(
    new: NewSpool, data: bytes, minor: str, arch: str, said: str
) -> None:
    with pytest.raises(PythonUnfit, match=said):
        judged(new, data, minor, arch)


def test_links_to_an_environments_own_interpreter_are_told_from_where_they_lie(new: NewSpool) -> None:
    place = LayerPlace("/opt/app", "app/", own_python=True)
    own = EnvironmentLayer(place, new())
    own.begin([TakenFile("bin/python3.11", "link", 0o777, link="/opt/app/python/bin/python3.11")])
    with tarfile.open(fileobj=io.BytesIO(b"".join(own.end(whole=True).chunks()))) as tar:
        assert tar.getmember("app/bin/python3.11").linkname == "../python/bin/python3.11"
    # Without one of its own the interpreter is the image's; with one, no link leads out.
    outside = [TakenFile("bin/python3", "link", 0o777, link="/usr/bin/python3")]
    EnvironmentLayer(replace(place, own_python=False), new()).begin(outside)
    with pytest.raises(HashMismatch, match="out of the environment"):
        EnvironmentLayer(place, new()).begin(outside)


class Answering:
    """A container whose interpreter says what it likes."""

    def __init__(self, said: bytes) -> None:
        self._said = said

    def put(self, path: str, archive: Iterator[bytes]) -> None:
        """Takes anything."""

    def exec(self, command: list[str], **how: object) -> ExecResult:
        return ExecResult(0, self._said, b"")


@pytest.mark.parametrize(
    ("said", "why"),
    [
        (
            b'{"version": "3.11.9", "abi": "cpython-311-x86_64-linux-gnu", "places": []}',
            "works from no place",
        ),
        (
            b'{"version": "3.11.9", "abi": "cpython-311-x86_64-linux-gnu", "places": ["/x"]}',
            "works from '/x'",
        ),
        (b'{"version": "3.11.8", "abi": "", "places": []}', "is Python 3.11.8"),
        (b"[" * 100_000, "does not run"),
        (b"", "does not run"),
    ],
    ids=range(5),
)
def test_what_an_interpreter_says_of_itself_is_a_strangers_word(new: NewSpool, said: bytes, why: str) -> None:
    carried = Interpreter(LOCKED, "glibc", new().add((b"",)))
    with pytest.raises(PythonUnfit, match=why):
        _put_interpreter(cast("Any", Answering(said)), carried, "/opt/app")


# --- the lock -------------------------------------------------------------------------------------------


def test_a_lock_is_read_as_it_was_written(tmp_path: Path) -> None:
    path = PYTHON_LOCK.path(tmp_path / "pylock.web.toml")
    assert path.name == "pylock.web.python.toml"
    assert PYTHON_LOCK.read(path) is None
    path.write_text(write_python_lock(LOCKED))
    assert PYTHON_LOCK.read(path) == LOCKED


@pytest.mark.parametrize(
    "bad",
    [
        {"version": "3.11"},
        {"version": "3.11.9; x"},
        {"file": "../python.tar.gz"},
        {"sha256": "A" * 64},
        {"sha256": "a" * 63},
    ],
)
def test_a_lock_that_nobody_wrote_is_refused(tmp_path: Path, bad: dict[str, str]) -> None:
    path = tmp_path / "pylock.python.toml"
    path.write_text(write_python_lock(replace(LOCKED, **bad)))
    with pytest.raises(LockInvalid, match="not a lock of an interpreter"):
        PYTHON_LOCK.read(path)
    for text in ("", "format = 'parity-gems/1'\n", write_python_lock(LOCKED) + "more = 1\n", "x = ["):
        path.write_text(text)
        with pytest.raises(LockInvalid):
            PYTHON_LOCK.read(path)


def test_a_lock_is_for_one_python() -> None:
    minor = ".".join(LOCKED.version.split(".")[:2])
    assert all(is_of(LOCKED, each) for each in (minor, f"{minor}.0", LOCKED.version))
    assert not any(is_of(LOCKED, each) for each in ("3.1", "3.9", f"{minor}1", "3", f"2.{minor}"))


# --- the manifest and its readers --------------------------------------------------------------------------

CARRIED = {"version": "3.11.9", "file": LOCKED.file, "sha256": LOCKED.sha256, "tried": export.HIDDEN}


def test_a_manifest_says_which_interpreter_is_carried_and_how_it_was_tried() -> None:
    told: Any = {**document(ENVIRONMENT), "python": CARRIED}
    assert export.parse(export.encode(told)) == told
    for bad in ({"sha256": "x"}, {"tried": "by somebody"}, {"version": "3; rm"}, {"more": 1}):
        with pytest.raises(BundleDamaged):
            export.encode(cast("Any", {**told, "python": {**CARRIED, **bad}}))


def test_an_image_carries_no_interpreter(tmp_path: Path) -> None:
    from tests.unit.test_export import sealed, verified  # noqa: PLC0415

    made = sealed(tmp_path, IMAGE, python=CARRIED)
    with pytest.raises(BundleDamaged, match="another vehicle"):
        verified(made.path)


def test_a_receiver_without_python_is_told_how_to_verify() -> None:
    told = environment_readme("web.environment.tar", "/opt/web", "relocate.sh", STOCK_CHECK, "3.11.9")
    assert "its own Python 3.11.9 (in web/python)" in told
    assert all(f"    {line}\n" in told for line in STOCK_CHECK.splitlines())
    usual = environment_readme("web.environment.tar", "/opt/web", "relocate.sh", STOCK_CHECK)
    assert ("openssl" in usual, "the Python of the machine" in usual) == (False, True)


def test_a_receiver_is_told_where_to_unpack_and_how_gems_are_found() -> None:
    """The folders above a prefix are the builder's wish: a host has none of them yet."""
    told = environment_readme("web.environment.tar", "/srv/a/web", "relocate.sh", STOCK_CHECK, gems="gems")
    assert "    mkdir -p /srv/a\n    tar -xf web.environment.tar -C /srv/a web\n" in told
    assert "    export GEM_HOME=/srv/a/web/gems PATH=/srv/a/web/gems/bin:$PATH\n" in told
    top = environment_readme("web.environment.tar", "/web", "relocate.sh", STOCK_CHECK)
    assert "    tar -xf web.environment.tar -C / web\n" in top
    assert not any(each in top for each in ("mkdir", "GEM_HOME"))


def test_an_environment_is_made_around_its_interpreter_and_around_nothing_else(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    place, bundle = tmp_path / "app", tmp_path / "bundle"
    (place / "python" / "bin").mkdir(parents=True)
    bundle.mkdir()
    words = ["make-environment", str(place), "--bundle", str(bundle), "--json"]
    words += ["--python", str(place / "python" / "bin" / "python3")]
    assert far_main("", words) != PrefixInUse.exit_code  # but that there is no bundle
    (place / "other").touch()
    capsys.readouterr()
    assert far_main("", words) == PrefixInUse.exit_code
    assert "no empty folder" in json.loads(capsys.readouterr().out)["error"]["message"]
