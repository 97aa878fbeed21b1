"""Marks, receipts, records and links that are not what we make: refused in seconds, and nothing is lost."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.support.signed import Signed, successive

from parity.farside.install.install import Request, install
from parity.farside.install.releases import installed, rollback
from parity.portable.bundle.openssl import load_public_key, openssl_checker
from parity.portable.errors import (
    BundleUnreadable,
    EnvironmentUnfit,
    FarsideError,
    InstallFailed,
    NothingInstalled,
    PrefixInUse,
    SignatureInvalid,
)

RECEIPT = "parity-receipt.json"


def silent(_line: str) -> None:
    """Say nothing."""


@pytest.fixture(scope="module")
def bundles(tmp_path_factory: pytest.TempPathFactory) -> list[Signed]:
    """Serials 1 to 3 of one product."""
    return successive(tmp_path_factory.mktemp("bundles"), {serial: {} for serial in (1, 2, 3)})


def put(bundle: Signed, prefix: Path, **options: Any) -> Any:
    check = openssl_checker([str(bundle.public)])
    return install(Request(str(bundle.path), str(prefix), check=check, imports=False, **options), silent)


@pytest.fixture
def prefix(bundles: list[Signed], tmp_path: Path) -> Path:
    """A prefix with serials 1 and 2; 2 is current."""
    path = tmp_path / "app"
    for bundle in bundles[:2]:
        put(bundle, path)
    return path


def fifo(path: Path) -> None:
    os.mkfifo(path)


def folder(path: Path) -> None:
    path.mkdir()


def unix_socket(path: Path) -> None:
    before = os.getcwd()
    os.chdir(path.parent)
    with socket.socket(socket.AF_UNIX) as made:
        made.bind(path.name)
    os.chdir(before)


def endless(path: Path) -> None:
    path.symlink_to("/dev/zero")


def nowhere(path: Path) -> None:
    path.symlink_to(path.parent / "not there")


def huge(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(1 << 40)


Make = Callable[[Path], None]
Act = Callable[[], object]
KINDS: list[Make] = [fifo, folder, unix_socket, endless, nowhere, huge]


def holding(text: bytes) -> Make:
    def make(path: Path) -> None:
        path.write_bytes(text)

    make.__name__ = ascii(text[:20])
    return make


SHAPES = [
    holding(b"\xff\xfe\x00"),
    holding(b""),
    holding(b"["),
    holding(b"[" * 200000),
    holding(b'{"a":' * 50000),
    holding(b"9" * 2000000),
    holding(b"[]"),
    holding(b"null"),
    holding(b'"text"'),
    holding(b"{}"),
    holding(b'{"packages": 3, "installer": {}, "imports": {}}'),
    holding(b'{"packages": [3], "installer": {}, "imports": {}}'),
    holding(b'{"packages": [{"name": [], "version": 1}], "installer": {}, "imports": {}}'),
    holding(b'{"packages": [], "installer": {}, "imports": {}, "bundle": [1]}'),
    holding(b'{"packages": [], "installer": {}, "imports": {}, "signature": {"signers": 3}}'),
    holding(b'{"packages": [], "installer": {}, "imports": {}, "modules": [{"module": 3}]}'),
]


@pytest.fixture(autouse=True)
def limit() -> Iterator[None]:
    """What hangs fails: an alarm instead of an endless wait."""
    import signal  # noqa: PLC0415 - for this fixture alone

    def late(*_: Any) -> None:
        raise TimeoutError("it hangs")

    signal.signal(signal.SIGALRM, late)
    signal.alarm(60)
    yield
    signal.alarm(0)


def replace(path: Path, make: Make) -> None:
    path.unlink()
    make(path)


@pytest.mark.parametrize("make", KINDS)
def test_a_mark_of_another_kind_is_refused_by_name(bundles: list[Signed], prefix: Path, make: Make) -> None:
    replace(prefix / ".parity-prefix", make)
    acts: list[Act] = [
        lambda: put(bundles[2], prefix),
        lambda: put(bundles[2], prefix, dry_run=True),
        lambda: installed(str(prefix)),
        lambda: rollback(str(prefix), "", False, silent),
    ]
    for act in acts:
        with pytest.raises((PrefixInUse, InstallFailed, NothingInstalled)) as caught:
            act()
        assert ".parity-prefix" in caught.value.message or "nothing was installed" in caught.value.message
    assert len(list((prefix / "releases").iterdir())) == 2


@pytest.mark.parametrize("make", [*KINDS, *SHAPES])
def test_a_receipt_of_another_shape_is_none_and_its_release_is_not_thrown_away(
    bundles: list[Signed], prefix: Path, make: Make
) -> None:
    here = os.readlink(prefix / "current")
    replace(prefix / here / RECEIPT, make)
    assert [row["version"] for row in installed(str(prefix))["releases"]] == ["1.0"]
    with pytest.raises(InstallFailed, match="is no receipt"):
        put(bundles[1], prefix)
    assert (prefix / here / "bin" / "python").exists()
    assert put(bundles[2], prefix)["switched"]
    assert (prefix / here / "bin" / "python").exists()


@pytest.mark.parametrize("shape", SHAPES)
def test_lines_of_the_record_that_are_no_acts_are_passed_over(
    bundles: list[Signed], prefix: Path, shape: Make
) -> None:
    mark = prefix / ".parity-prefix"
    before = mark.read_bytes()
    shape(mark)
    acts = b'{"act": "install", "release": []}\n{"act": "install", "at": {}, "serial": "x"}\n'
    mark.write_bytes(before + mark.read_bytes() + b"\n" + acts)
    assert [row["version"] for row in installed(str(prefix))["releases"]] == ["1.0", "2.0"]
    assert put(bundles[2], prefix)["switched"]


def test_releases_that_is_a_link_loses_nothing_elsewhere(
    bundles: list[Signed], prefix: Path, tmp_path: Path
) -> None:
    elsewhere = tmp_path / "elsewhere"
    (elsewhere / "0123456789ab" / "precious").mkdir(parents=True)
    (prefix / "releases").rename(tmp_path / "away")
    (prefix / "releases").symlink_to(elsewhere)
    acts: list[Act] = [
        lambda: put(bundles[2], prefix),
        lambda: rollback(str(prefix), "", False, silent),
    ]
    for act in acts:
        with pytest.raises(PrefixInUse, match="releases is not a folder"):
            act()
    assert (elsewhere / "0123456789ab" / "precious").is_dir()
    assert os.listdir(elsewhere) == ["0123456789ab"]


@pytest.mark.parametrize("target", ["/etc", "releases", "../elsewhere/0123456789ab", "releases/../x", "/"])
def test_current_that_leads_elsewhere_is_not_ours(bundles: list[Signed], prefix: Path, target: str) -> None:
    (prefix / "current").unlink()
    (prefix / "current").symlink_to(target)
    with pytest.raises(PrefixInUse, match="does not lead to a release"):
        put(bundles[2], prefix)
    assert os.readlink(prefix / "current") == target


# --- an existing environment ------------------------------------------------------------------------------


@pytest.fixture
def venv(tmp_path: Path) -> Path:
    path = tmp_path / "env"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", path], check=True)
    return path


def into(bundle: Signed, venv: Path) -> FarsideError:
    check = openssl_checker([str(bundle.public)])
    with pytest.raises(FarsideError) as caught:
        install(Request(str(bundle.path), into=str(venv), check=check, imports=False), silent)
    return caught.value


@pytest.mark.parametrize("make", [*KINDS])
@pytest.mark.parametrize("name", [".parity-record", "pyvenv.cfg", "lib/odd"])
def test_what_is_odd_in_an_environment_is_refused(
    bundles: list[Signed], venv: Path, name: str, make: Make
) -> None:
    if name == "lib/odd" and make in (folder, nowhere, endless, huge):
        return  # folders and links are everybody's; a file with holes is copied, or has no room
    (venv / name).unlink(missing_ok=True)
    make(venv / name)
    assert isinstance(into(bundles[0], venv), EnvironmentUnfit | InstallFailed)


def test_a_record_that_is_a_link_is_not_written_through(
    bundles: list[Signed], venv: Path, tmp_path: Path
) -> None:
    (tmp_path / "theirs").write_text("precious\n")
    (venv / ".parity-record").symlink_to(tmp_path / "theirs")
    assert isinstance(into(bundles[0], venv), InstallFailed)
    assert (tmp_path / "theirs").read_text() == "precious\n"


# --- bundles and keys -------------------------------------------------------------------------------------


@pytest.mark.parametrize("make", KINDS)
def test_a_key_or_a_bundle_of_another_kind_is_refused(
    bundles: list[Signed], tmp_path: Path, make: Make
) -> None:
    make(tmp_path / "key.pub")
    with pytest.raises(SignatureInvalid):
        load_public_key(str(tmp_path / "key.pub"))
    unpacked = bundles[0].unpack(tmp_path / "unpacked")
    for name in ("manifest.json", "parity-envelope.json"):
        if (name, make) == ("parity-envelope.json", nowhere):
            continue  # there is none, then: nobody asked for a signature
        before = (unpacked / name).read_bytes()
        replace(unpacked / name, make)
        with pytest.raises(FarsideError):
            install(Request(str(unpacked), str(tmp_path / "app"), imports=False), silent)
        (unpacked / name).rmdir() if make is folder else (unpacked / name).unlink()
        (unpacked / name).write_bytes(before)
    assert not (tmp_path / "app").exists()


def test_an_unpacked_bundle_that_is_a_pipe_is_unreadable(bundles: list[Signed], tmp_path: Path) -> None:
    unpacked = bundles[0].unpack(tmp_path / "unpacked")
    replace(unpacked / "manifest.json", fifo)
    with pytest.raises(BundleUnreadable, match="regular"):
        install(Request(str(unpacked), str(tmp_path / "app")), silent)


def test_an_empty_prefix_is_an_error_and_not_a_wait(bundles: list[Signed], tmp_path: Path) -> None:
    unpacked = bundles[0].unpack(tmp_path / "unpacked")
    for words in (["", "--no-imports"], ["--project", ""], ["rollback", "--prefix", ""]):
        done = subprocess.run(
            ["sh", unpacked / "install.sh", *words], capture_output=True, text=True, timeout=20, check=False
        )
        assert done.returncode == 2, done.stderr
        assert "empty" in done.stderr
        assert "Traceback" not in done.stderr
