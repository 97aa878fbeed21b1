"""Tests that need root and a second user, for who is not root but may use this machine's engine.

The engine starts a container that has this machine's files and changes its root into them: the same tests, by
the same interpreter, as root. That is nothing which whoever may use the engine could not do anyway.
"""

from __future__ import annotations

import os
import subprocess
import sys
from functools import cache

from tests.support.engine import ROOT

_IMAGE = "parity/debian12-py311:latest"
_KEPT = ("PATH", "PYTHONPATH", "LC_ALL")


@cache
def tests_as_root(file: str) -> str:
    """What pytest says of a file's tests, a line `PASSED nodeid` for each that passed."""
    kept = [f"{name}={os.environ[name]}" for name in _KEPT if name in os.environ]
    inside = ["env", "-i", f"--chdir={ROOT}", *kept, "PYTHONDONTWRITEBYTECODE=1"]
    inside += [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-rA", "--show-capture=no", file]
    command = [
        "docker",
        "run",
        "--rm",
        "--network=none",
        "--volume=/:/machine",
        "--entrypoint=chroot",
        _IMAGE,
    ]
    done = subprocess.run([*command, "/machine", *inside], capture_output=True, text=True, check=False)
    return done.stdout + done.stderr
