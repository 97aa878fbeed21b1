"""Looking into the engine-side store and making it smaller."""

from __future__ import annotations

from dataclasses import dataclass

from parity.engine import Container
from parity.engine.guests import run_guest
from parity.engine.workshop import STORE


@dataclass(frozen=True)
class StoreInfo:
    """What the store holds: wheels and sets by count, the rest in bytes."""

    wheels: int
    bytes: int
    sets: int
    partial_bytes: int
    uv_cache_bytes: int


@dataclass(frozen=True)
class Pruned:
    """What was removed: wheels and sets by count, and the bytes that became free."""

    wheels: int
    bytes: int
    sets: int


def store_info(container: Container, python: str) -> StoreInfo:
    """Measure the store that is mounted at /store; raises GuestFailed."""
    return StoreInfo(**run_guest(container, python, "cache", {"store": STORE, "do": "info"}))


def prune_store(container: Container, python: str, days: float) -> Pruned:
    """Remove what no run has used for so many days, 0 for everything; raises GuestFailed.

    Sets that lose a wheel go too. A run that is under way keeps what it has touched, unless
    everything is removed.
    """
    job = {"store": STORE, "do": "prune", "older_than": days * 86400}
    return Pruned(**run_guest(container, python, "cache", job))
