"""The Pythons of this machine, by their minor version."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

NEAR = ("3.10", "3.11", "3.12", "3.13", "3.14")
"""What pyproject.toml promises for the near side."""
FAR = ("3.6", "3.7", "3.8", "3.9", *NEAR)
"""What is promised for the far side and for what runs inside targets."""


def interpreter(minor: str) -> Path | None:
    """A CPython of that minor version: on PATH, or one of pyenv's; None where there is none."""
    found = shutil.which(f"python{minor}")
    candidates = [Path(found)] if found else []
    root = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv") / "versions"
    candidates += [folder / "bin" / "python3" for folder in sorted(root.glob(f"{minor}.*"))]
    return next((each for each in candidates if _is_cpython(each, minor)), None)


def _is_cpython(python: Path, minor: str) -> bool:
    """Whether it starts and is what it is called: pyenv's shims name versions that are not there."""
    ask = "import platform, ssl, venv; print(platform.python_implementation(), platform.python_version())"
    try:
        done = subprocess.run([python, "-I", "-c", ask], capture_output=True, text=True, check=False)
    except OSError:
        return False
    return re.fullmatch(rf"CPython {re.escape(minor)}\.\S+\n", done.stdout) is not None
