"""The releases that parity's own bundle carries: every file of each by its digest, and no address.

The newest that pyproject.toml allows, for every Python and platform that it allows; uv asks the index that it
is set up for (UV_INDEX_URL and the like).
"""

from __future__ import annotations

import platform
import subprocess
import tempfile
import zipfile
from pathlib import Path

from tests.pins.fetched import newest_wheel
from tests.pins.report import Report, replaced

PINS = Path("images/parity/requirements.txt")
HEAD = """\
# What parity's own bundle carries (`make image`), and what `pip install --require-hashes -r` takes.
# `make pins` brings it up to date; tests/unit/test_release_pins.py holds it against pyproject.toml.
"""
_ARGUMENTS = (
    "pip",
    "compile",
    "pyproject.toml",
    "--universal",
    "--python-version=3.10",
    "--generate-hashes",
    "--no-annotate",
    "--no-header",
    "--no-emit-index-url",
    "--no-emit-find-links",
    "--quiet",
)


def bring(root: Path, report: Report) -> None:
    """Write the newest releases that go together."""
    with tempfile.TemporaryDirectory(prefix="parity-uv-") as folder:
        uv = _program(newest_wheel("uv", f"manylinux_2_17_{platform.machine()}"), folder)
        done = subprocess.run([str(uv), *_ARGUMENTS], cwd=root, check=True, capture_output=True, text=True)
    report.tell("parity's own dependencies", replaced(root / PINS, HEAD + done.stdout))


def _program(wheel: Path, folder: str) -> Path:
    version = wheel.name.split("-")[1]
    with zipfile.ZipFile(wheel) as archive:
        path = Path(archive.extract(f"uv-{version}.data/scripts/uv", folder))
    path.chmod(0o755)
    return path
