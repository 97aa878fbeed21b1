"""Asserts from inside a container what holds it: its limits, and which of its files can be written.

Sources: proc(5) for mountinfo and cgroup, cgroups(7), the kernel's cgroup-v1/memory.rst and cgroup-v2.rst.
"""

import os
import re
from typing import Dict, Iterator, List, NamedTuple, Tuple

OURS = ("/carry", "/tmp", "/commands", "/work", "/project")  # noqa: S108 - inside the container
"""What parity itself gives a container to write to."""
# The kernel's own and the devices: each engine has them, and none of it lies on a disk.
_KERNELS = ("/proc", "/sys", "/dev")
_OCTAL = re.compile(r"\\([0-7]{3})")
_FAR_TOO_MUCH = 1 << 62


class _MountLine(NamedTuple):
    root: str
    at: str
    options: List[str]
    kind: str
    super_options: List[str]


def limits(memory: int, pids: int, base: str = "") -> Dict[str, bool]:
    """Whether this process can have no more than so many bytes of memory, swap included, and processes.

    Args:
        memory: bytes.
        pids: processes.
        base: the folder that stands for `/` in tests.
    """
    swap = _least("memory", ("memory.swap.max",), base)
    both = _least("memory", ("memory.memsw.limit_in_bytes",), base)
    no_swap = not _has_swap(base) or swap == 0 or both <= memory
    return {
        "memory": _least("memory", ("memory.max", "memory.limit_in_bytes"), base) <= memory and no_swap,
        "pids": _least("pids", ("pids.max",), base) <= pids,
    }


def writable(base: str = "") -> List[str]:
    """Where something can be written that parity did not mean to be: mount points; `/` for the root itself.

    The mounts are read, since a user without rights can write to hardly anything by itself.
    """
    try:
        # The last one at a place covers those before it (mount_namespaces(7)).
        mounts = {mount.at: mount for mount in _mounts(base)}
    except OSError:
        mounts = {}
    found = [each.at for each in mounts.values() if not {"ro"} & {*each.options, *each.super_options}]
    found += [] if "/" in mounts else ["/"]
    return sorted(at for at in found if at not in OURS and not _below(at, _KERNELS))


def _least(controller: str, names: Tuple[str, ...], base: str) -> int:
    """The smallest number in the files of these names, of this process's group and those above it."""
    found = [_FAR_TOO_MUCH]
    for folder in _groups(controller, base):
        for name in names:
            try:
                with open(os.path.join(folder, name)) as file:
                    text = file.read().strip()
            except OSError:
                continue
            if text.isdigit():  # else `max`, or nothing that we understand
                found.append(int(text))
    return min(found)


def _groups(controller: str, base: str) -> Iterator[str]:
    """The folders of this process's group and of all that are visible above it."""
    try:
        mounts, own = list(_mounts(base)), _own_groups(base)
    except OSError:
        return
    for mount in mounts:
        second = mount.kind == "cgroup2"
        if not second and (mount.kind != "cgroup" or controller not in mount.super_options):
            continue
        group = own.get("" if second else controller, "/")
        # A container may see its own group as the root of all, by a mount of that part or by a namespace.
        inner = os.path.relpath(group, mount.root) if _below(group, (mount.root,)) else "."
        while True:
            yield base + os.path.normpath(os.path.join(mount.at, inner))
            if inner in (".", ""):
                break
            inner = os.path.dirname(inner)


def _own_groups(base: str) -> Dict[str, str]:
    """Controller → group of this process; the second version's under the empty name."""
    found = {}
    with open(base + "/proc/self/cgroup") as lines:
        for line in lines:
            _, controllers, group = line.rstrip("\n").split(":", 2)
            for controller in controllers.split(","):
                found[controller] = group
    return found


def _mounts(base: str) -> Iterator[_MountLine]:
    with open(base + "/proc/self/mountinfo", errors="surrogateescape") as lines:
        for line in lines:
            words = line.split()
            # Optional fields end with a lone dash.
            after = words.index("-", 6)
            yield _MountLine(
                _plain(words[3]),
                _plain(words[4]),
                words[5].split(","),
                words[after + 1],
                words[-1].split(","),
            )


def _plain(text: str) -> str:
    """A path without mountinfo's octal escapes for blanks and the like."""
    return _OCTAL.sub(lambda found: chr(int(found.group(1), 8)), text)


def _below(path: str, folders: Tuple[str, ...]) -> bool:
    return any(path == each or path.startswith(each.rstrip("/") + "/") for each in folders)


def _has_swap(base: str) -> bool:
    with open(base + "/proc/meminfo") as lines:
        totals = [line.split()[1] for line in lines if line.startswith("SwapTotal:")]
    return totals != ["0"]
