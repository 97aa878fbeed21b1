"""Tools that tests fetch once with this machine's own settings and keep under .state/."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

from tests.support.engine import ROOT
from tests.support.once import one_at_a_time

STATE = ROOT / ".state" / "tools"


def pip_wheel() -> Path:
    """Today's pip, the version that this environment has."""
    wanted = f"pip-{version('pip')}-py3-none-any.whl"
    with one_at_a_time(STATE):
        if not (STATE / wanted).exists():
            command = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "-d", str(STATE)]
            subprocess.run([*command, f"pip=={version('pip')}"], check=True)
    return STATE / wanted


def tools_environment(*requirements: str) -> Path:
    """The `bin` folder of a virtual environment with these packages, made once."""
    name = hashlib.sha256(" ".join(requirements).encode()).hexdigest()[:12]
    place = STATE / f"venv-{name}"
    with one_at_a_time(STATE):
        if not (place / "complete").exists():
            _run([sys.executable, "-m", "venv", "--clear", str(place)])
            _run([str(place / "bin" / "python"), "-m", "pip", "install", "-q", *requirements])
            (place / "complete").touch()
    return place / "bin"


def _run(command: Sequence[str]) -> None:
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    subprocess.run(list(command), check=True, env=environment)
