"""Who owns a container or volume: labels that tell a later run whether that owner still lives."""

from __future__ import annotations

import hashlib
import os
import re
import socket
import time
import uuid
from collections.abc import Mapping
from functools import cache
from pathlib import Path

RUN = "org.parity.run"
OWNER = "org.parity.owner"
PURPOSE = "org.parity.purpose"
EXPIRES = "org.parity.expires"
SCRATCH_IMAGES = "localhost/parity-scratch"
"""The repository of images that are for one run alone and whose bytes are not ours to label."""
_TOLD = re.compile(rf"{SCRATCH_IMAGES}:[0-9a-f]+\.([0-9a-f]+)\.([0-9]+)\.([0-9]+|_)\.([0-9]+)\.[0-9a-f]+")


class Run:
    """This run: gives labels and names to what it starts."""

    def __init__(self) -> None:
        self.id = uuid.uuid4().hex[:12]
        self.owner = f"{host_id()}:{os.getpid()}:{process_start(os.getpid())}"

    def labels(self, purpose: str, lifetime: int) -> dict[str, str]:
        """Labels for something that may be removed `lifetime` seconds from now, whoever owns it."""
        expires = str(int(time.time()) + lifetime)
        return {RUN: self.id, OWNER: self.owner, PURPOSE: purpose, EXPIRES: expires}

    def image_name(self, lifetime: int) -> str:
        """A name for an image that can have no labels of ours: the name itself tells them."""
        host, pid, start = self.owner.split(":")
        told = f"{self.id}.{host}.{pid}.{start.replace('?', '_')}.{int(time.time()) + lifetime}"
        return f"{SCRATCH_IMAGES}:{told}.{uuid.uuid4().hex[:8]}"

    def name(self, purpose: str) -> str:
        """A name nobody else uses."""
        return f"parity-{purpose}-{self.id}-{uuid.uuid4().hex[:8]}"


def labels_in(image_name: str) -> dict[str, str]:
    """What `Run.image_name` put into a name; none where it is another's."""
    found = _TOLD.fullmatch(image_name)
    if found is None:
        return {}
    host, pid, start, expires = found.groups()
    return {OWNER: f"{host}:{pid}:{start.replace('_', '?')}", EXPIRES: expires}


def is_abandoned(labels: Mapping[str, str], now: float) -> bool:
    """Whether nobody needs what carries these labels: its process has ended, or its time has.

    A process on another host cannot be asked; what it owns waits for its lifetime to end.
    """
    host, _, process = labels.get(OWNER, "").partition(":")
    pid, _, start = process.partition(":")
    if host == host_id() and pid.isdigit():
        # Process numbers are used again; the same number with the same start is the same process.
        return process_start(int(pid)) != start
    expires = labels.get(EXPIRES, "")
    return expires.isdigit() and now > int(expires)


@cache
def host_id() -> str:
    """This boot of this machine's kernel and this process namespace, in 16 hexadecimal digits.

    A CI job in a container of its own is a host of its own: its process numbers mean nothing here.
    """
    boot = Path("/proc/sys/kernel/random/boot_id")
    if not boot.exists():
        return hashlib.sha256(socket.gethostname().encode()).hexdigest()[:16]
    # boot_id is one for all containers of a host, so the process namespace tells them apart.
    namespace = Path("/proc/self/ns/pid").readlink()
    return hashlib.sha256(f"{boot.read_text()}{namespace}".encode()).hexdigest()[:16]


def process_start(pid: int) -> str:
    """When the process started, in the kernel's ticks since boot (proc(5), field 22).

    Empty where there is no such process or it is a zombie; `?` where it lives on a system
    without /proc.
    """
    if not Path("/proc/self/stat").exists():
        return "?" if _answers(pid) else ""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return ""
    # From the last parenthesis on: the program's name before it may hold spaces and parentheses.
    fields = stat.rpartition(")")[2].split()
    # Fields 3 and 22 of proc(5), counted from after the name.
    return "" if fields[0] in "ZX" else fields[19]


def _answers(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
