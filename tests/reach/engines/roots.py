"""A Debian root with an engine in it, installed once and kept; a server runs in it as on a machine."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from pathlib import Path

from tests.reach.engines.served import STATE
from tests.reach.say import say

# `pivot_root` and not `chroot`: in a bare chroot `docker load` fails, as it cannot remount its root.
_ENTER = """
set -e
root=$1; folder=$2; shift 2
mount --make-rprivate /
mount --bind "$root" "$root"
mkdir -p "$root$folder"
mount --bind "$folder" "$root$folder"
mount -t proc proc "$root/proc"
mount --rbind /sys "$root/sys"
mount --rbind /dev "$root/dev"
mount -t tmpfs tmpfs "$root/run"
cp /etc/resolv.conf "$root/etc/resolv.conf"
cp /etc/ssl/certs/ca-certificates.crt "$root/etc/ssl/certs/ca-certificates.crt"
cd "$root"
mkdir -p old
pivot_root . old
umount -l /old
exec chroot . "$@"
"""


def debian_root(suite: str, engine: str, packages: Sequence[str]) -> Path:
    """The root of that suite with the packages of an engine; made where it is not there (2 to 4 minutes)."""
    root = STATE / "roots" / f"{suite}-{engine}"
    done = root / "root" / "installed"
    words = " ".join(sorted(packages))
    if not done.exists() or done.read_text() != words:
        say(f"reach: installing Debian {suite} with {words} below {root}")
        subprocess.run(["rm", "-rf", "--one-file-system", str(root)], check=True)
        root.mkdir(parents=True)
        options = ["--variant=minbase", "--force-check-gpg", f"--include={','.join(sorted(packages))}"]
        subprocess.run(["debootstrap", *options, suite, str(root)], check=True, stdout=subprocess.DEVNULL)
        done.write_text(words)
    return root


def inside(root: Path, folder: Path, command: Sequence[str]) -> list[str]:
    """The command as it is run in that root, with `folder` at the same path; needs a mount namespace."""
    return ["sh", "-c", _ENTER, "enter", str(root), str(folder), *command]
