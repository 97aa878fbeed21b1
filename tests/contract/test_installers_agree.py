"""What this installer writes is what pip and uv write from the same wheels, but for their own notes."""

from __future__ import annotations

import csv
import os
import subprocess
import sys
import zipfile
from collections.abc import Mapping
from pathlib import Path

import pytest
from tests.support.unpacked import uv_wheel
from tests.support.wheels import Raw, WheelParts, raw_zip

from parity.portable.machine.site_packages import site_packages
from parity.portable.wheel.install import InstallScheme, install_all
from parity.portable.wheel.wheelset import WheelFile

EXECUTABLE = ("alpha/run.sh", "alpha-1.0.data/scripts/alpha-shell", "alpha-1.0.data/scripts/alpha-script")
# pip notes where a wheel came from only for direct references, uv keeps a file for its cache.
LAUNCHERS = ("go", "more")
OF_ITS_OWN = ("INSTALLER", "REQUESTED", "uv_cache.json", "direct_url.json")


@pytest.fixture(scope="module")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Two wheels with everything that the specification gives a place."""
    folder = tmp_path_factory.mktemp("wheels")
    data = "alpha-1.0.data"
    alpha = WheelParts(
        "alpha",
        "1.0",
        files={
            "alpha/__init__.py": b"def main(): print('alpha runs')\n",
            "alpha/run.sh": b"#!/bin/sh\n",
            "alpha/däta.txt": b"text",
            "alpha_extra.py": b"",
            "alpha-1.0.dist-info/licenses/LICENSE": b"all of it",
            f"{data}/scripts/alpha-script": b"#!python\nimport alpha; alpha.main()\n",
            f"{data}/scripts/alpha-shell": b"#!/bin/sh\necho shell\n",
            f"{data}/data/share/alpha/alpha.conf": b"conf",
            f"{data}/data/etc/alpha": b"etc",
            f"{data}/data/include/alpha.h": b"int other;\n",
            f"{data}/data/SITE/alpha.py": b"",
            f"{data}/headers/alpha.h": b"int alpha;\n",
            f"{data}/purelib/alpha_pure.py": b"",
            f"{data}/platlib/alpha_plat.py": b"",
        },
        entry_points="[console_scripts]\ngo = alpha:main\nmore = alpha:main [extra]\n[other]\nx = y\n",
    )
    beta = WheelParts(
        "beta", "1.0", files={"beta/__init__.py": b"", "alpha/plugin.py": b""}, requires=["alpha"]
    )
    return [_written(folder, parts) for parts in (alpha, beta)]


def _written(folder: Path, parts: WheelParts) -> Path:
    entries: list[Raw] = parts.entries()
    for entry in entries:
        entry.mode = 0o100755 if entry.name.decode() in EXECUTABLE else 0o100644
    path = folder / parts.filename
    path.write_bytes(raw_zip(entries))
    return path


@pytest.fixture
def environment(tmp_path: Path) -> Path:
    path = tmp_path / "env"
    subprocess.run([sys.executable, "-m", "venv", path], check=True)
    return path


def by_pip(environment: Path, wheels: list[Path]) -> None:
    command = [
        str(environment / "bin" / "python"),
        "-I",
        "-m",
        "pip",
        "install",
        "--no-index",
        "--no-compile",
    ]
    subprocess.run([*command, "--disable-pip-version-check", "--quiet", *map(str, wheels)], check=True)


def by_uv(environment: Path, wheels: list[Path]) -> None:
    program = environment.parent / "uv"
    with zipfile.ZipFile(uv_wheel()) as archive:
        (name,) = (name for name in archive.namelist() if name.endswith(".data/scripts/uv"))
        program.write_bytes(archive.read(name))
    program.chmod(0o755)
    options = ["--offline", "--no-index", "--quiet", "--cache-dir", str(environment.parent / "cache")]
    command = [str(program), "pip", "install", "--python", str(environment), *options]
    subprocess.run([*command, *map(str, wheels)], check=True)


def by_parity(environment: Path, wheels: list[Path]) -> None:
    (packages,) = site_packages(str(environment))
    minor = ".".join(map(str, sys.version_info[:2]))
    site = InstallScheme(str(environment), packages, str(environment / "include" / "site" / f"python{minor}"))
    files = [WheelFile(str(wheel), wheel.name, wheel.name.split("-")[0], "1.0", "") for wheel in wheels]
    assert install_all(files, site, (), str(environment.parent)).verdicts == []


def installed(environment: Path) -> Mapping[str, tuple[str, bytes]]:
    """Every file's mode and contents; of a launcher what it does, of RECORD its rows."""
    found = {}
    for path in environment.rglob("*"):
        name = str(path.relative_to(environment))
        foreign = "__pycache__" in name or "/pip" in name or "/setuptools" in name or "/_distutils" in name
        if path.is_dir() or path.is_symlink() or foreign or path.name in (*OF_ITS_OWN, ".lock", "pyvenv.cfg"):
            continue
        found[name] = (oct(path.stat().st_mode), _told(path))
    return found


def _told(path: Path) -> bytes:
    if path.name in LAUNCHERS:
        return subprocess.run([path], check=True, capture_output=True).stdout
    if path.name != "RECORD":
        return path.read_bytes()
    rows = [row for row in csv.reader(path.read_text().splitlines()) if "__pycache__" not in row[0]]
    kept = [row[:1] if row[0].endswith(LAUNCHERS) else row for row in rows if not row[0].endswith(OF_ITS_OWN)]
    return repr(sorted(kept)).encode()


@pytest.mark.parametrize("other", [pytest.param(by_pip, marks=pytest.mark.long), by_uv], ids=["pip", "uv"])
def test_they_write_the_same(environment: Path, wheels: list[Path], other: object) -> None:
    assert callable(other)
    before = set(installed(environment))
    other(environment, wheels)
    theirs = installed(environment)
    subprocess.run([sys.executable, "-m", "venv", "--clear", environment], check=True)
    by_parity(environment, wheels)
    ours = installed(environment)
    assert len(ours) > len(before) + 15
    assert ours == theirs
    script = environment / "bin" / "alpha-script"
    assert subprocess.run([script], check=True, capture_output=True).stdout == b"alpha runs\n"
    assert os.access(environment / "bin" / "alpha-shell", os.X_OK)
