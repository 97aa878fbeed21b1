"""Running a script of ours under another interpreter of this machine."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping

from parity.errors import ProbeFailed
from parity.host.processes import child_environment

_TIMEOUT = 180  # seconds
_REMEDY = "name a Python 3.6 or later with --python, by its path or a name such as python3.9"


def run_script(script: str, python: str = "", environ: Mapping[str, str] = os.environ) -> bytes:
    """What a script prints under an interpreter, in an environment that we write.

    Args:
        script: its text.
        python: a path, or a name on PATH; the interpreter that runs parity where empty.
        environ: the caller's environment.

    Raises:
        ProbeFailed: there is no such interpreter, or the script did not come to its end.
    """
    found = shutil.which(python, path=environ.get("PATH")) if python else sys.executable
    if not found:
        raise ProbeFailed(f"there is no interpreter {python!r}", remedy=_REMEDY)
    try:
        done = subprocess.run(
            [found, "-E", "-s", "-B", "-"],  # -I is unknown to Python 2, which shall say so itself
            input=script.encode(),
            capture_output=True,
            env=child_environment(environ),
            timeout=_TIMEOUT,
            check=False,
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise ProbeFailed(f"the interpreter cannot be run: {error}", where=found, remedy=_REMEDY) from error
    if done.returncode != 0 or not done.stdout:
        lines = tuple(done.stderr.decode(errors="replace").splitlines()[-4:])
        raise ProbeFailed(
            f"the interpreter could not be measured (exit code {done.returncode})",
            where=found,
            remedy=_REMEDY,
            details=lines,
        )
    return done.stdout
