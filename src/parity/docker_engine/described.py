"""What an engine's own description of itself means: whose it is, what it limits, how it keeps images."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_LIMITS = {"memory": "MemoryLimit", "swap": "SwapLimit", "pids": "PidsLimit"}


def is_rootless(info: Mapping[str, Any]) -> bool:
    """Whether an ordinary user runs it."""
    # Podman 4.3 has a field of its own for it and nothing among the options.
    options = info.get("SecurityOptions") or ()
    return bool(info.get("Rootless")) or any("rootless" in str(option) for option in options)


def unlimited(info: Mapping[str, Any]) -> tuple[str, ...]:
    """What it does not limit, of `memory`, `swap` and `pids`."""
    # An ordinary user may not write into control groups of version 1; Podman names what the kernel could.
    if is_rootless(info) and str(info.get("CgroupVersion", "")) == "1":
        return tuple(_LIMITS)
    return tuple(name for name, key in _LIMITS.items() if not info.get(key))


def is_containerd_store(info: Mapping[str, Any]) -> bool:
    """Whether containerd keeps its images."""
    # `docker info` shows the store's driver type so; the API has no field for it.
    status = info.get("DriverStatus") or ()
    return any("io.containerd.snapshotter" in str(word) for row in status for word in row)
