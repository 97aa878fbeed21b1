"""A server in a process namespace of its own: it ends with all that it started, containers and mounts too."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Sequence
from contextlib import suppress
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


def remove_groups(parent: str) -> None:
    """Remove the control groups that an engine's killed containers left below a parent of its own.

    Nobody else does once the engine is gone, and some hundred make each new container slow.
    """
    for top in Path("/sys/fs/cgroup").glob(f"**/{parent}"):
        for folder, _, _ in os.walk(top, topdown=False):
            with suppress(OSError):  # its last process is not quite gone: it is no more than slow
                os.rmdir(folder)


def run_plain(command: Sequence[str], *, check: bool = True) -> None:
    """Run a program in a clean environment; what it says is not shown."""
    subprocess.run(command, env={"PATH": PATH}, check=check, capture_output=True)
