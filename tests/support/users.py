"""Another user than the one who runs the tests, who owns nothing of parity's."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

NOBODY = 23456  # a uid that owns nothing


def another_user(folder: Path) -> tuple[str, ...]:
    """What runs a command as somebody else, who may read what we may and use the engine; root can."""
    host = os.environ.get("DOCKER_HOST", "unix:///var/run/docker.sock")
    engine = Path(host.removeprefix("unix://"))
    if os.getuid() != 0 or not engine.exists():
        return ()
    socket = engine.stat().st_gid
    subprocess.run(["chown", "-R", str(NOBODY), str(folder)], check=True)
    may_read = ["--inh-caps=+dac_read_search", "--ambient-caps=+dac_read_search"]
    return ("setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", f"--groups={socket}", *may_read)
