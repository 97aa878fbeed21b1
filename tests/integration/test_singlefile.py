"""The carried single file: alone with the key on stock Debian 11, 12 and 13, and against bad bundles."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.support.cli import Parity
from tests.support.hosts import PREFIX, Host, host
from tests.support.signed import ALPHA, Signed, alpha, carry, quick_uv, signed
from tests.support.unpacked import UV_VERSION, here, target

from parity import __version__
from parity.docker_engine import DockerEngine
from parity.pack.singlefile import NAME, single_file
from parity.portable.errors import (
    BundleDamaged,
    BundleUnreadable,
    FarsideError,
    OlderBundle,
    SignatureInvalid,
    WrongHost,
)
from parity.sign import generate_key

AIMS = {
    "11": target("debian", "11", (2, 31), "3.9"),
    "12": target("debian", "12", (2, 36), "3.11"),
    "13": target("debian", "13", (2, 41), "3.13"),
}
SINGLE = f"/media/{NAME}"
KEY = ("--key", "/media/sender.pub")
INSTALLER = {"tool": "parity", "version": __version__, "checked_with": f"uv {UV_VERSION}"}


@pytest.fixture(scope="module")
def media(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What is carried: the single file and the key ahead, then two bundles for each host."""
    folder, scrap = tmp_path_factory.mktemp("media"), tmp_path_factory.mktemp("scrap")
    carry(folder, scrap, AIMS, uv_in=(1,))
    return folder


def run(there: Host, *words: str) -> tuple[int, dict[str, object]]:
    outcome = there.run("python3", SINGLE, *words, "--json")
    assert b"Traceback" not in outcome.stderr
    return outcome.exit_code, json.loads(outcome.stdout)


@pytest.mark.engine
@pytest.mark.parametrize(
    "name", ["11", *(pytest.param(name, marks=pytest.mark.long) for name in AIMS if name != "11")]
)
def test_the_single_file_and_the_key_are_enough(
    engine: DockerEngine, request: pytest.FixtureRequest, media: Path, name: str
) -> None:
    with host(engine, request.getfixturevalue(f"debian{name}"), media) as there:
        old, new = (f"/media/{name}-{serial}.parity.tar" for serial in (1, 2))
        assert run(there, "verify", old, *KEY)[1]["verified"] is True
        assert run(there, "inspect", old)[1]["verified"] is False
        prefix = ("--prefix", PREFIX)
        code, document = run(there, "install", old, *KEY, *prefix)
        assert (code, document["installer"]) == (0, INSTALLER)
        assert there.says(f"{PREFIX}/current/bin/alpha") == "1.0"
        assert run(there, "install", new, *KEY, *prefix)[0] == 0
        assert there.says(f"{PREFIX}/current/bin/alpha") == "2.0"
        assert run(there, "install", old, *KEY, *prefix)[0] == OlderBundle.exit_code
        assert run(there, "rollback", *prefix)[0] == 0
        assert there.says(f"{PREFIX}/current/bin/alpha") == "1.0"
        assert "demo 1.0, serial 1" in there.says("python3", SINGLE, "installed", *prefix)
        there.says("env", "TMPDIR=/noexec", "python3", "-m", "venv", "/apps/env")
        assert run(there, "install", new, *KEY, "--into", "/apps/env")[0] == 0
        assert there.says("/apps/env/bin/alpha") == "2.0"
        assert there.listing("/apps") == ["env", Path(PREFIX).name]


# --- bundles that are no good, on this machine ----------------------------------------------------------


@pytest.fixture(scope="module")
def single(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("single") / NAME
    path.write_text(single_file())
    return path


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Signed:
    folder = tmp_path_factory.mktemp("good")
    return signed(folder / "b", alpha(folder / "w", "1.0"), serial=1, uv=quick_uv(folder), imports=ALPHA)


def damaged(data: bytes) -> bytes:
    return data[:-5000] + bytes([data[-5000] ^ 1]) + data[-4999:]


def badly_sealed(data: bytes) -> bytes:
    place = data.index(b'"sig":"') + 20
    return data[:place] + (b"A" if data[place : place + 1] != b"A" else b"B") + data[place + 1 :]


BAD: dict[str, tuple[Callable[[bytes], bytes], tuple[type[FarsideError], ...]]] = {
    "damaged": (damaged, (BundleDamaged,)),
    "truncated": (lambda data: data[:-1024], (BundleDamaged,)),
    "longer": (lambda data: data + bytes(512), (BundleDamaged,)),
    "badly sealed": (badly_sealed, (SignatureInvalid, BundleDamaged)),
    "not a bundle": (lambda data: data[65536:], (BundleDamaged,)),
    "empty": (lambda data: b"", (BundleDamaged,)),
}


@pytest.fixture(params=["the single file", "parity"])
def far(request: pytest.FixtureRequest, single: Path, tmp_path_factory: pytest.TempPathFactory) -> Far:
    """Both ways to start the same code."""
    home = tmp_path_factory.mktemp("home")
    return Far(single if request.param == "the single file" else None, Parity(home))


class Far:
    """`python3 parity-farside.py`, or `parity` itself."""

    def __init__(self, single: Path | None, parity: Parity) -> None:
        self.single, self.parity = single, parity

    def refuses(self, errors: tuple[type[FarsideError], ...], *words: str | Path) -> None:
        """Demand a refusal with a reason and without a traceback."""
        text = [str(word) for word in words]
        if self.single:
            command = [sys.executable, "-I", "-B", str(self.single), *text]
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            code, said, stderr = done.returncode, done.stdout, done.stderr
        else:
            outcome = self.parity.run(*text)
            code, said, stderr = outcome.code, outcome.stdout, outcome.stderr
        error = json.loads(said)["error"]
        assert (code, error["kind"]) in {(each.exit_code, each.__name__) for each in errors}, error
        assert error["message"]
        assert error["remedy"]
        assert "Traceback" not in stderr


@pytest.mark.parametrize("kind", list(BAD))
def test_every_command_refuses_a_bad_bundle_and_writes_nothing(
    tmp_path: Path, far: Far, good: Signed, kind: str
) -> None:
    change, errors = BAD[kind]
    bad = tmp_path / "bad.parity.tar"
    bad.write_bytes(change(good.path.read_bytes()))
    key = ("--key", good.public, "--json")
    far.refuses(errors, "verify", bad, *key)
    far.refuses(errors, "install", bad, "--prefix", tmp_path / "p", *key)
    far.refuses(errors, "install", bad, "--prefix", tmp_path / "p", "--dry-run", *key)
    assert os.listdir(tmp_path) == ["bad.parity.tar"]


def test_foreign_unsigned_and_missing_bundles_are_refused(tmp_path: Path, far: Far, good: Signed) -> None:
    stranger = tmp_path / "stranger.pub"
    stranger.write_bytes(generate_key().public.pem)
    folder = good.unpack(tmp_path / "folder")
    (folder / "parity-envelope.json").unlink()
    other = signed(
        tmp_path / "other",
        alpha(tmp_path / "w", "2.0"),
        uv=quick_uv(tmp_path),
        aim={**here(), "arch": "sparc64"},
    )
    before = sorted(tmp_path.rglob("*"))
    place = ("--prefix", tmp_path / "p", "--json")
    far.refuses((SignatureInvalid,), "verify", good.path, "--key", stranger, "--json")
    far.refuses((SignatureInvalid,), "install", good.path, "--key", stranger, *place)
    far.refuses((SignatureInvalid,), "install", folder, "--key", good.public, *place)
    far.refuses((WrongHost,), "install", other.path, "--key", other.public, *place)
    far.refuses((BundleUnreadable,), "install", tmp_path / "none", "--key", good.public, *place)
    far.refuses((BundleUnreadable,), "install", tmp_path / "w", "--key", good.public, *place)
    far.refuses((BundleUnreadable,), "inspect", tmp_path / "none", "--json")
    assert sorted(tmp_path.rglob("*")) == before


def test_a_key_that_is_none_is_refused_by_the_single_file(tmp_path: Path, single: Path, good: Signed) -> None:
    far = Far(single, Parity(tmp_path))
    for name, data in (("none", None), ("text", b"hello"), ("private", b"-----BEGIN PRIVATE KEY-----")):
        key = tmp_path / name
        if data is not None:
            key.write_bytes(data)
        far.refuses((SignatureInvalid,), "verify", good.path, "--key", key, "--json")


def test_without_openssl_the_single_file_says_so(tmp_path: Path, single: Path, good: Signed) -> None:
    command = [sys.executable, "-I", "-B", str(single), "verify", str(good.path), "--key", str(good.public)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env={"PATH": str(tmp_path)})
    assert done.returncode == SignatureInvalid.exit_code
    assert "cannot run openssl" in done.stderr


# --- the near command -----------------------------------------------------------------------------------


def test_the_near_command_writes_the_file_installs_lists_and_goes_back(tmp_path: Path) -> None:
    parity, prefix = Parity(tmp_path), tmp_path / "app"
    uv = quick_uv(tmp_path)
    ids = []
    for serial in (1, 2):
        bundle = signed(
            tmp_path / str(serial),
            alpha(tmp_path / f"w{serial}", f"{serial}.0"),
            serial=serial,
            uv=uv,
            imports=ALPHA,
        )
        done = parity.run("install", bundle.path, "--key", bundle.public, "--prefix", prefix, "--json")
        assert done.code == 0, done.stdout
        ids.append(done.document["release"])
    assert parity.run("rollback", "--prefix", prefix, "--json").document["release"] == ids[0]
    listed = parity.run("installed", "--prefix", prefix, "--json").document
    assert [(row["release"], row["current"]) for row in listed["releases"]] == [
        (ids[0], True),
        (ids[1], False),
    ]
    assert f"* {ids[0]}  demo 1.0, serial 1" in parity.run("installed", "--prefix", prefix).stdout
    written = parity.run("farside", "-o", tmp_path / NAME, "--json").document
    assert (tmp_path / NAME).read_text() == single_file()
    assert written["size"] == (tmp_path / NAME).stat().st_size
    both = parity.run(
        "install", bundle.path, "--key", bundle.public, "--prefix", prefix, "--into", prefix, "--json"
    )
    assert both.error["kind"] == "OptionConflict"
