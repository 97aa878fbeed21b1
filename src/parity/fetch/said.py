"""What files of the store say of themselves."""

from __future__ import annotations

from collections.abc import Sequence

from parity.engine.guests import Guest, GuestFailed
from parity.engine.workshop import STORE
from parity.errors import FetchFailed, HashMismatch
from parity.model import LockedWheel
from parity.wire.store import FileKept, FileTold, KeepJob
from parity.wire.tasks import KEEP


def said_of_wheels(guest: Guest, wheels: Sequence[LockedWheel]) -> list[FileTold]:
    """One answer for each wheel of a lock, in their order; errors as `said_of_files`."""
    return said_of_files(
        guest, [{"filename": one.filename, "sha256": one.sha256, "incoming": None} for one in wheels]
    )


def said_of_files(guest: Guest, files: Sequence[FileKept]) -> list[FileTold]:
    """One answer for each file, in their order; one that is not held says nothing.

    Files that arrive are taken in first; see `parity.guest.tasks.keep`.

    Raises:
        FetchFailed: the store cannot be read.
        HashMismatch: it tells of other files.
    """
    job: KeepJob = {"store": STORE, "files": list(files)}
    where = files[0]["filename"] if files else ""
    try:
        found = guest.ask(KEEP, job)["files"]
    except GuestFailed as error:
        raise FetchFailed("the store cannot be looked into: " + error.last_line, where=where) from error
    # They are told apart by their place: one too few, and each would speak for another.
    if [each["sha256"] for each in found] != [file["sha256"] for file in files]:
        raise HashMismatch("the store tells of another file than was asked for", where=where)
    return found
