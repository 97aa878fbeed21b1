"""What a new lock changes against the one there was. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from parity.model import Lock, LockedWheel
from parity.update import Kind, kind_of_change


@dataclass(frozen=True)
class VersionChange:
    """A package that both locks have, with other bytes; for `kind` see `parity.update.kinds`."""

    old: LockedWheel
    new: LockedWheel
    kind: Kind


@dataclass(frozen=True)
class LockChanges:
    """What differs between two locks, by name.

    Attributes:
        added, removed, changed: packages.
        requested: packages of both that are asked for by name in one alone.
        unchanged: how many are the same to the byte.
        is_new: whether there was no lock before.
        is_rewritten: whether the lock's file would be another one, be it for what it was made from alone.
    """

    added: tuple[LockedWheel, ...]
    removed: tuple[LockedWheel, ...]
    changed: tuple[VersionChange, ...]
    requested: tuple[str, ...]
    unchanged: int
    is_new: bool
    is_rewritten: bool


def lock_changes(before: Lock | None, after: Lock) -> LockChanges:
    """Everything in which two locks differ; None for no lock."""
    old = {wheel.name: wheel for wheel in before.wheels} if before else {}
    new = {wheel.name: wheel for wheel in after.wheels}
    both = sorted(old.keys() & new.keys())
    other = [name for name in both if old[name].sha256 != new[name].sha256]
    return LockChanges(
        added=tuple(new[name] for name in sorted(new.keys() - old.keys())),
        removed=tuple(old[name] for name in sorted(old.keys() - new.keys())),
        changed=tuple(_change(old[name], new[name]) for name in other),
        requested=tuple(name for name in both if old[name].requested != new[name].requested),
        unchanged=len(both) - len(other),
        is_new=before is None,
        is_rewritten=before != after,
    )


def _change(old: LockedWheel, new: LockedWheel) -> VersionChange:
    kind = kind_of_change((old.version, old.filename), (new.version, new.filename))
    return VersionChange(old, new, kind)
