"""An engine that serves builds, as a file names it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class ServingEngine:
    """An engine that a worker is bound to.

    Attributes:
        name: an address, or a context's or connection's name; `default` for the one that parity takes.
        archs: architectures (`uname -m`) that it serves.
        at_once: builds that it does side by side.
    """

    name: str
    archs: tuple[str, ...]
    at_once: int = 2
