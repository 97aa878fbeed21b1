"""What a build would do, before it does it."""

from parity.planning.changes import LockChanges, VersionChange, lock_changes

__all__ = ["LockChanges", "VersionChange", "lock_changes"]
