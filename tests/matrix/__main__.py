"""`make matrix`: every Python that is promised, as far as this machine has it.

Near side: the unit tests in a virtual environment of that Python. Far side: its whole story on that
Python. What is not here is said, never counted as passed; ends with 1 where something failed.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

from tests.matrix.far import Host
from tests.matrix.interpreters import FAR, NEAR, interpreter

ROOT = Path(__file__).parents[2]
STATE = ROOT / ".state" / "matrix"
MISSING = "not had here"


def main() -> int:
    """Try all of them and print the table; the exit code."""
    rows = [(minor, _far(minor), _near(minor) if minor in NEAR else "") for minor in FAR]
    _say("", "| Python | far side | near side |", "| --- | --- | --- |")
    for minor, far, near in rows:
        _say(f"| {minor} | {far} | {near or 'not promised'} |")
    return 1 if any("failed" in far + near for _, far, near in rows) else 0


def _far(minor: str) -> str:
    python = interpreter(minor)
    if python is None:
        return MISSING
    _say(f"matrix: far side on {python}")
    with tempfile.TemporaryDirectory(prefix="parity-matrix-") as folder:
        try:
            Host(python, Path(folder)).tell()
        except (AssertionError, OSError, subprocess.CalledProcessError) as error:
            _say(str(error))
            return "failed"
    return "its story passed"


def _near(minor: str) -> str:
    python = interpreter(minor)
    if python is None:
        return MISSING
    _say(f"matrix: near side on {python}: virtual environment in {STATE / minor}")
    environment = STATE / minor
    bin_folder = environment / "bin"
    quiet = ["--quiet", "--disable-pip-version-check"]
    steps: list[list[str | Path]] = [
        [python, "-m", "venv", environment],
        [bin_folder / "python", "-m", "pip", "install", *quiet, "--upgrade", "pip>=25.1"],
        [bin_folder / "python", "-m", "pip", "install", *quiet, "--editable", ROOT, "--group", "dev"],
        [bin_folder / "python", "-m", "pytest", "-n", "2", "--dist", "loadfile", "tests/unit"],
    ]
    last = ""
    for step in steps:
        done = subprocess.run(step, cwd=ROOT, check=False, capture_output=True, text=True)
        if done.returncode != 0:
            _say(done.stdout[-4000:], done.stderr[-2000:])
            return f"failed: {' '.join(map(str, step[1:4]))}"
        last = done.stdout.strip()
    return last.splitlines()[-1]


def _say(*lines: str) -> None:
    for line in lines:
        sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
