"""A server in a process namespace of its own: it ends with all that it started, containers and mounts too."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Sequence
from pathlib import Path

PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
IN_NAMESPACE = ("unshare", "--mount", "--pid", "--fork", "--kill-child")
"""What starts a command in namespaces of its own."""


def end_namespace(process: subprocess.Popen[bytes]) -> None:
    """End what `unshare --fork` started at once, as a power cut would, and wait until all of it is gone."""
    # The namespace's first process: it is gone only when all others in it are.
    parent = process.pid
    for child in Path(f"/proc/{parent}/task/{parent}/children").read_text().split():
        os.kill(int(child), signal.SIGKILL)
    process.wait()


def run_plain(command: Sequence[str], *, check: bool = True) -> None:
    """Run a program in a clean environment; what it says is not shown."""
    subprocess.run(command, env={"PATH": PATH}, check=check, capture_output=True)
