"""Into an existing environment: all of it or nothing, with the real uv."""

from __future__ import annotations

import base64
import csv
import errno
import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from tests.support.signed import ALPHA, Signed, alpha, signed
from tests.support.unpacked import here, uv_wheel
from tests.support.wheels import make_wheel

from parity.farside.install import existing
from parity.farside.install.install import Request, install
from parity.farside.install.relocate import relocate
from parity.portable.bundle.openssl import openssl_checker
from parity.portable.errors import EnvironmentUnfit, InstallFailed, OlderBundle, WrongHost
from parity.portable.exchange import exchange


@pytest.fixture(scope="module")
def bundles(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Signed]:
    folder = tmp_path_factory.mktemp("bundles")
    made: dict[str, Signed] = {}
    for serial, body in ((1, ""), (2, ""), (3, "import gone")):
        wheels = alpha(folder / f"w{serial}", f"{serial}.0", body)
        made[str(serial)] = signed(folder / str(serial), wheels, serial=serial, uv=uv_wheel(), imports=ALPHA)
    wrong = {**here(), "python": "3.6"}
    made["wrong"] = signed(folder / "wrong", alpha(folder / "w9", "9.0"), serial=9, uv=uv_wheel(), aim=wrong)
    return made


@pytest.fixture
def venv(tmp_path: Path) -> Path:
    """An environment with a package and a script of its user's."""
    path = tmp_path / "my env"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", path], check=True)
    (site(path) / "mine.py").write_text("WORDS = 'mine'\n")
    (path / "bin" / "mine").write_text(
        f"#!/bin/sh\nexec '{path}/bin/python' -c 'import mine; print(mine.WORDS)'\n"
    )
    (path / "bin" / "mine").chmod(0o755)
    return path


def site(venv: Path) -> Path:
    (found,) = venv.glob("lib/python3*/site-packages")
    return found


def put(bundle: Signed, venv: Path, **options: Any) -> Any:
    request = Request(
        str(bundle.path), into=str(venv), check=openssl_checker([str(bundle.public)]), **options
    )
    return install(request, lambda line: None)


def says(*argv: str | Path) -> str:
    return subprocess.run(argv, check=True, capture_output=True, text=True).stdout.strip()


def tree(path: Path) -> dict[str, str]:
    """Every entry below a folder: its bytes' digest, or where it points to, its mode and its time."""
    found = {}
    for entry in sorted(path.rglob("*")):
        facts = entry.lstat()
        content = os.readlink(entry) if entry.is_symlink() else ""
        if entry.is_file() and not entry.is_symlink():
            content = hashlib.sha256(entry.read_bytes()).hexdigest()
        time = 0 if entry.is_dir() else facts.st_mtime_ns
        found[str(entry.relative_to(path))] = f"{content} {facts.st_mode} {time}"
    return found


def test_the_bundle_comes_in_and_what_was_there_stays(bundles: dict[str, Signed], venv: Path) -> None:
    before = tree(venv)
    result = put(bundles["1"], venv)
    assert (result["into"], result["packages"]) == (str(venv), 2)
    assert [each["name"] for each in result["changes"]["added"]] == ["alpha", "beta"]
    assert says(venv / "bin" / "alpha") == "1.0"
    assert says(venv / "bin" / "mine") == "mine"
    after = tree(venv)
    assert {name: after[name] for name in before} == before
    assert os.listdir(venv.parent) == [venv.name]
    again = put(bundles["2"], venv)
    assert again["changes"]["changed"] == [{"name": "alpha", "from": "1.0", "to": "2.0"}]
    assert says(venv / "bin" / "alpha") == "2.0"
    receipt = json.loads((venv / "parity-receipt.json").read_text())
    assert (receipt["bundle"]["serial"], receipt["previous"]) == (2, result["release"])


def test_nothing_in_it_names_the_copy_and_record_is_right(bundles: dict[str, Signed], venv: Path) -> None:
    put(bundles["1"], venv, compile_all=True)
    files = [path for path in venv.rglob("*") if path.is_file() and path.suffix != ".pyc"]
    assert not [path for path in files if b"parity-work" in path.read_bytes()]
    with (site(venv) / "alpha-1.0.dist-info" / "RECORD").open(newline="") as record:
        rows = [row for row in csv.reader(record) if row[1]]
    assert any(row[0].endswith("bin/alpha") for row in rows)
    for path, digest, size in rows:
        data = (site(venv) / path).read_bytes()
        expected = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
        assert (digest, size) == (f"sha256={expected}", str(len(data)))


def test_bytes_of_the_same_version_that_were_changed_are_replaced(
    bundles: dict[str, Signed], venv: Path
) -> None:
    put(bundles["1"], venv)
    (site(venv) / "alpha" / "__init__.py").write_text("evil\n")
    put(bundles["1"], venv)
    assert says(venv / "bin" / "alpha") == "1.0"


@pytest.mark.parametrize(
    ("name", "error", "options"),
    [
        ("3", InstallFailed, {}),
        ("wrong", WrongHost, {}),
        ("1", OlderBundle, {}),
        ("3", None, {"dry_run": True}),
    ],
)
def test_what_fails_or_is_refused_leaves_it_as_it_was(
    bundles: dict[str, Signed], venv: Path, name: str, error: type[Exception] | None, options: dict[str, Any]
) -> None:
    put(bundles["2"], venv)
    before = tree(venv)
    if error is None:
        put(bundles[name], venv, **options)
    else:
        with pytest.raises(error):
            put(bundles[name], venv, **options)
    assert tree(venv) == before
    assert os.listdir(venv.parent) == [venv.name]


def test_what_is_no_environment_of_its_own_is_refused(bundles: dict[str, Signed], venv: Path) -> None:
    link = venv.parent / "link"
    link.symlink_to(venv)
    release = Path(
        install(
            Request(
                str(bundles["1"].path),
                str(venv.parent / "prefix"),
                check=openssl_checker([str(bundles["1"].public)]),
            ),
            lambda line: None,
        )["path"]
    )
    for path, word in (
        (link, "link"),
        (venv.parent, "pyvenv"),
        (venv.parent / "none", "pyvenv"),
        (release, "never changes"),
    ):
        with pytest.raises(EnvironmentUnfit, match=word):
            put(bundles["2"], path)


def test_where_paths_cannot_be_exchanged_two_renames_do(
    bundles: dict[str, Signed], venv: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def cannot(_one: str, _other: str) -> None:
        raise OSError(errno.EINVAL, "no exchange here")

    monkeypatch.setattr(existing, "exchange", cannot)
    put(bundles["1"], venv)
    assert says(venv / "bin" / "alpha") == "1.0"
    assert os.listdir(venv.parent) == [venv.name]


def test_a_kill_between_the_two_renames_is_mended_by_the_next_start(
    bundles: dict[str, Signed], venv: Path
) -> None:
    before = tree(venv)
    work = venv.parent / f".{venv.name}.parity-work"
    (work / "new" / "bin").mkdir(parents=True)
    venv.rename(work / "old")
    with pytest.raises(InstallFailed):
        put(bundles["3"], venv)
    assert tree(venv) == before
    assert os.listdir(venv.parent) == [venv.name]


def test_an_environment_whose_packages_did_not_fit_before_is_only_warned_of(
    bundles: dict[str, Signed], venv: Path, tmp_path: Path
) -> None:
    odd = make_wheel(tmp_path, "odd", "1.0", {"odd.py": b""}, requires=["nowhere>=1"])
    subprocess.run(["unzip", "-q", odd, "-d", site(venv)], check=True)
    odd.unlink()
    assert any("fit together before" in line for line in put(bundles["1"], venv)["warnings"])


def test_two_paths_change_places_in_one_step(tmp_path: Path) -> None:
    for name in ("one", "other"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "word").write_text(name)
    exchange(str(tmp_path / "one"), str(tmp_path / "other"))
    assert (tmp_path / "one" / "word").read_text() == "other"
    with pytest.raises(FileNotFoundError):
        exchange(str(tmp_path / "one"), str(tmp_path / "none"))


def test_scripts_are_rewritten_with_their_modes_and_binaries_left_alone(tmp_path: Path) -> None:
    (tmp_path / "bin").mkdir()
    script = tmp_path / "bin" / "tool"
    script.write_bytes(b"#!/bin/sh\n'''exec' \"/a/.b.work/bin/python\" \"$0\"\n' '''\n")
    script.chmod(0o750)
    (tmp_path / "bin" / "python").symlink_to("/a/.b.work/bin/python")
    assert relocate(str(tmp_path), "/a/.b.work", "/a/b") == [str(script)]
    assert b'"/a/b/bin/python"' in script.read_bytes()
    assert script.stat().st_mode & 0o777 == 0o750


def test_a_long_script_and_one_in_a_folder_are_rewritten_where_an_installer_wrote_the_path(
    tmp_path: Path,
) -> None:
    (tmp_path / "bin" / "deep").mkdir(parents=True)
    rest = b"# /a/.b.work in a script of more than a MiB\n" * 40_000
    native = b"\x7fELF /a/.b.work/bin/python\n" + rest
    (tmp_path / "bin" / "long").write_bytes(b"#!/a/.b.work/bin/python\n" + rest)
    (tmp_path / "bin" / "long").chmod(0o750)
    (tmp_path / "bin" / "native").write_bytes(native)
    (tmp_path / "bin" / "deep" / "one").write_bytes(b"#!/a/.b.work/bin/python\n")
    changed = [str(tmp_path / "bin" / each) for each in ("deep/one", "long")]
    assert relocate(str(tmp_path), "/a/.b.work", "/a/b") == changed
    assert (tmp_path / "bin" / "long").read_bytes() == b"#!/a/b/bin/python\n" + rest
    assert (tmp_path / "bin" / "long").stat().st_mode & 0o777 == 0o750
    assert (tmp_path / "bin" / "native").read_bytes() == native
    assert (tmp_path / "bin" / "deep" / "one").read_bytes() == b"#!/a/b/bin/python\n"
