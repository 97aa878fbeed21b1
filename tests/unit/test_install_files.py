"""Other files on the target: laid out with a release or into an environment, never over somebody else's."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from tests.support.signed import Signed, signed, successive
from tests.support.wheels import make_wheel

from parity.farside.install.install import Request, install
from parity.farside.install.releases import rollback
from parity.portable.bundle.openssl import openssl_checker
from parity.portable.errors import BundleDamaged, HostileContent, InstallFailed

FIRST = {"models/plant.onnx": b"weights", "site.conf": b"one", "bin/tool": b"#!/bin/sh\necho ran\n"}
SECOND = {"models": b"now a file", "site.conf": b"two", "new dir/a b.txt": b""}


@pytest.fixture(scope="module")
def bundles(tmp_path_factory: pytest.TempPathFactory) -> list[Signed]:
    """Serial 1 with the first set of files, serial 2 with the second, serial 3 with none."""
    others = {1: FIRST, 2: SECOND, 3: dict[str, bytes]()}
    options = {serial: {"others": files} for serial, files in others.items()}
    return successive(tmp_path_factory.mktemp("bundles"), options)


@pytest.fixture
def venv(tmp_path: Path) -> Path:
    path = tmp_path / "env"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", path], check=True)
    return path


def put(bundle: Signed, place: Path, said: list[str] | None = None, **options: Any) -> Any:
    where: dict[str, Any] = {"into" if (place / "pyvenv.cfg").exists() else "prefix": str(place)}
    check = openssl_checker([str(bundle.public)])
    lines = said if said is not None else []
    return install(Request(str(bundle.path), check=check, **where, **options), lines.append)


def files(environment: Path) -> dict[str, bytes]:
    folder = environment / "files"
    found = (path for path in sorted(folder.rglob("*")) if path.is_file())
    return {str(path.relative_to(folder)): path.read_bytes() for path in found}


def test_a_release_has_the_bundles_files_and_they_go_back_with_it(
    bundles: list[Signed], tmp_path: Path
) -> None:
    prefix = tmp_path / "prefix"
    result = put(bundles[0], prefix)
    current = prefix / "current"
    assert files(current) == FIRST
    assert result["files"] == [f"files/{place}" for place in sorted(FIRST)]
    assert subprocess.run([current / "files/bin/tool"], check=True, capture_output=True).stdout == b"ran\n"
    assert not os.access(current / "files/site.conf", os.X_OK)
    receipt = json.loads((current / "parity-receipt.json").read_text())
    assert [row["path"] for row in receipt["files"]] == result["files"]
    assert [row["executable"] for row in receipt["files"]] == [True, False, False]
    put(bundles[1], prefix)
    assert files(current) == SECOND
    rollback(str(prefix), "", True, lambda line: None)
    assert files(current) == FIRST


def test_an_unpacked_bundle_keeps_its_files(bundles: list[Signed], tmp_path: Path) -> None:
    folder = bundles[0].unpack(tmp_path / "unpacked")
    install(Request(str(folder), str(tmp_path / "prefix")), lambda line: None)
    assert files(tmp_path / "prefix" / "current") == FIRST == files(folder)


def test_a_file_that_was_altered_is_refused(bundles: list[Signed], tmp_path: Path) -> None:
    folder = bundles[0].unpack(tmp_path / "unpacked")
    (folder / "files/models/plant.onnx").write_bytes(b"weightz")
    with pytest.raises(BundleDamaged, match=r"plant\.onnx"):
        install(Request(str(folder), str(tmp_path / "prefix")), lambda line: None)
    assert not (tmp_path / "prefix").exists()


def test_a_dry_run_names_them_and_writes_nothing(bundles: list[Signed], tmp_path: Path) -> None:
    said: list[str] = []
    result = put(bundles[0], tmp_path / "prefix", said, dry_run=True)
    assert "  files/models/plant.onnx, 7 bytes" in said
    assert result["files"][0] == "files/bin/tool"
    assert os.listdir(tmp_path) == []


def test_in_an_environment_a_newer_bundles_files_replace_the_older_ones(
    bundles: list[Signed], venv: Path
) -> None:
    (venv / "files").mkdir()
    (venv / "files" / "mine.txt").write_bytes(b"mine")
    put(bundles[0], venv)
    assert files(venv) == {**FIRST, "mine.txt": b"mine"}
    put(bundles[1], venv, dry_run=True)
    put(bundles[1], venv)
    assert files(venv) == {**SECOND, "mine.txt": b"mine"}
    put(bundles[2], venv)
    assert files(venv) == {"mine.txt": b"mine"}


@pytest.mark.parametrize("dry_run", [False, True])
@pytest.mark.parametrize(
    ("place", "data", "reason"),
    [("site.conf", b"edited", "was changed"), ("new dir/a b.txt", b"mine", "is there already")],
)
def test_what_somebody_else_wrote_in_an_environment_is_not_overwritten(
    bundles: list[Signed], venv: Path, place: str, data: bytes, reason: str, dry_run: bool
) -> None:
    put(bundles[0], venv)
    (venv / "files" / place).parent.mkdir(exist_ok=True)
    (venv / "files" / place).write_bytes(data)
    before = files(venv)
    with pytest.raises(InstallFailed, match=reason):
        put(bundles[1], venv, dry_run=dry_run)
    assert files(venv) == before
    assert subprocess.run([venv / "bin/alpha"], check=True, capture_output=True).stdout == b"1.0\n"


def test_a_link_in_an_environment_does_not_lead_them_elsewhere(
    bundles: list[Signed], venv: Path, tmp_path: Path
) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (venv / "files").symlink_to(elsewhere)
    with pytest.raises(InstallFailed, match="no folder of the environment's own"):
        put(bundles[0], venv)
    assert list(elsewhere.iterdir()) == []


def test_a_wheel_that_takes_a_files_place_is_refused(tmp_path: Path) -> None:
    wheel = make_wheel(tmp_path, "sly", "1.0", {"sly-1.0.data/data/files/site.conf": b"other"})
    bundle = signed(tmp_path / "b", [wheel], others={"site.conf": b"one"})
    with pytest.raises(HostileContent, match=r"files/site\.conf .*interpreter-path"):
        put(bundle, tmp_path / "prefix")
    assert not (tmp_path / "prefix").exists()
