"""Looking into the engine-side store and making it smaller."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar

from parity.engine.guests import Guest, GuestFailed
from parity.engine.workshop import STORE
from parity.errors import FetchFailed
from parity.wire.store import CacheJob
from parity.wire.tasks import PRUNE, SIZES, Task

R = TypeVar("R")


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


def store_info(guest: Guest) -> StoreInfo:
    """Measure the store that is mounted at /store; FetchFailed where it cannot be read."""
    job: CacheJob = {"store": STORE, "do": "info"}
    return StoreInfo(**_asked(guest, SIZES, job))


def prune_store(guest: Guest, days: float, in_use_since: float | None = None) -> Pruned:
    """Remove what no run has used for so many days, and the sets that lose a wheel; errors as `store_info`.

    Args:
        guest: a container that has the store read-write at /store.
        days: 0 for everything.
        in_use_since: when the oldest run began that uses the store now, by the engine's clock; None where
            none does. Such runs keep what they have used, and uv's cache.
    """
    job: CacheJob = {"store": STORE, "do": "prune", "older_than": days * 86400, "in_use_since": in_use_since}
    return Pruned(**_asked(guest, PRUNE, job))


def _asked(guest: Guest, task: Task[CacheJob, R], job: CacheJob) -> R:
    try:
        return guest.ask(task, job)
    except GuestFailed as error:
        raise FetchFailed("the store cannot be looked into: " + error.last_line) from error
