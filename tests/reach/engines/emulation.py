"""Programs of another processor on this machine's kernel, by qemu (binfmt_misc), while a group needs them."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.reach.say import say

_BINFMT = Path("/proc/sys/fs/binfmt_misc")


@contextmanager
def emulated(arch: str) -> Iterator[None]:
    """Register qemu for `arch` as Debian's package describes it; what was registered here goes afterwards.

    Raises:
        OSError: this user may not register it.
        CalledProcessError: qemu-user-static is not installed, and cannot be.
    """
    name = _BINFMT / f"qemu-{arch}"
    mounted = not (_BINFMT / "register").exists()
    if mounted:
        subprocess.run(["mount", "-t", "binfmt_misc", "binfmt_misc", _BINFMT], check=True)
    ours = not name.exists()
    try:
        if ours:
            say(f"reach: registering qemu for {arch}")
            line = next(line for line in _described(arch).splitlines() if line.startswith(":"))
            (_BINFMT / "register").write_text(line, encoding="ascii")
        yield
    finally:
        if ours and name.exists():
            name.write_text("-1", encoding="ascii")
        if mounted:
            subprocess.run(["umount", _BINFMT], check=True)


def _described(arch: str) -> str:
    """What Debian's package says of the emulator; the package is installed where it is not there."""
    path = Path(f"/usr/lib/binfmt.d/qemu-{arch}.conf")
    if not path.exists():
        say("reach: installing qemu-user-static with apt-get")
        quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        for words in (["update"], ["install", "-y", "--no-install-recommends", "qemu-user-static"]):
            subprocess.run(["apt-get", "-qq", *words], check=True, env=quiet, stdout=subprocess.DEVNULL)
    return path.read_text(encoding="ascii")
