"""Wheels of tools, fetched by pip with this machine's own settings into a folder that ends with the run."""

from __future__ import annotations

import atexit
import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path


@cache
def _folder() -> tempfile.TemporaryDirectory[str]:
    made = tempfile.TemporaryDirectory(prefix="parity-pins-")
    atexit.register(made.cleanup)
    return made


def newest_wheel(requirement: str, platform: str = "any") -> Path:
    """The newest wheel of a project for one platform; CalledProcessError where there is none."""
    folder = Path(tempfile.mkdtemp(dir=_folder().name))
    command = [sys.executable, "-I", "-m", "pip", "download", "--quiet", "--disable-pip-version-check"]
    command += ["--no-deps", "--only-binary=:all:", f"--platform={platform}", f"--dest={folder}", requirement]
    subprocess.run(command, check=True, capture_output=True, text=True)
    (wheel,) = folder.glob("*.whl")
    return wheel
