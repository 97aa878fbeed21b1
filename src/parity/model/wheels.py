"""The wheel set: files in the engine's store, and what the audit found in them."""

from __future__ import annotations

from dataclasses import dataclass

from parity.model.lock import LockedWheel


@dataclass(frozen=True)
class StoredWheel:
    """A locked wheel whose bytes lie in the store and were hashed there; `size` in bytes."""

    locked: LockedWheel
    size: int


@dataclass(frozen=True)
class WheelSet:
    """Exactly the files that a lock names.

    Attributes:
        wheels: in the lock's order.
        folder: the folder inside the store volume that holds them under their real names.
        fetched: how many came over the network in this run, and their bytes.
    """

    wheels: tuple[StoredWheel, ...]
    folder: str
    fetched: int
    fetched_bytes: int

    @property
    def total_bytes(self) -> int:
        """The size of all wheels together."""
        return sum(wheel.size for wheel in self.wheels)


@dataclass(frozen=True)
class Finding:
    """One thing wrong in one wheel. `kind` is a stable word such as `record-mismatch`."""

    wheel: str
    kind: str
    message: str
    package: str = ""
