"""Lock files as they lie on this machine: read, written, and replaced without losing what was there.

`--upgrade` must help where a lock is damaged, so it writes a new one over it; the damaged file stays
beside it. A file that no lock ever was, or another tool's sound lock, is nobody's to overwrite.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from parity.errors import LockInvalid, WriteFailed
from parity.files import read_small, write_atomic
from parity.pipeline.context.values import BuildRequest
from parity.progress import Reporter
from parity.resolve import is_foreign_lock

Found = TypeVar("Found")
Read = Callable[[Path], Found | None]

_NAME = re.compile(r"pylock(\.[^.]+)?(\.(system|gems|python))?\.toml")  # PEP 751, and ours beside it
_MARKS = (
    b"lock-version",
    b"[[packages]]",
    b"[tool.parity]",
    b"parity-system/",
    b"parity-gems/",
    b"parity-python/",
)
_NOT_OURS = "name another file with --lock, or move this one away: it is not overwritten"


def read_existing(read: Read[Found], path: Path, request: BuildRequest) -> Found | None:
    """The lock that lies there; None where there is none, or one that `--upgrade` will replace.

    Args:
        read: makes a value of the file; LockInvalid where it cannot.
        path: the file.
        request: says whether the lock must stay as it is, or is to be replaced.

    Raises:
        LockInvalid: it cannot be read, with a remedy that suits what it is.
    """
    try:
        return read(path)
    except LockInvalid as error:
        if request.upgrade and _replaceable(path):
            return None
        remedy = remedy_for(path, locked=request.locked)
        raise LockInvalid(error.message, where=error.where, remedy=remedy) from error


def remedy_for(path: Path, *, locked: bool = False) -> str:
    """What to do about a lock that cannot be read; `locked`: where it was to stay as it is."""
    if not _replaceable(path):
        return _NOT_OURS
    instead = " instead of --locked" if locked else ""
    return (
        f"bring it back from version control, or build with --upgrade{instead}: that writes a new one and "
        f"keeps this one as {path.name}.damaged"
    )


def put_lock(read: Read[Found], path: Path, text: str, reporter: Reporter) -> None:
    """Write a lock; a damaged one that lay there is kept beside it, and that is said.

    Raises:
        LockInvalid: what lies there is not ours to overwrite.
        WriteFailed: the disk or the folder does not let us.
    """
    try:
        read(path)
    except LockInvalid as error:
        if not _replaceable(path):
            raise LockInvalid(error.message, where=error.where, remedy=_NOT_OURS) from error
        kept = _kept_aside(path)
        reporter.warn(
            f"{path.name} could not be read ({error.message}): here is a new one, the old one is {kept.name}"
        )
    try:
        write_atomic(path, text.encode())
    except WriteFailed as error:
        remedy = "free some space, or name another place for the lock with --lock FILE"
        raise WriteFailed(error.message, where=error.where, remedy=remedy) from error


def _replaceable(path: Path) -> bool:
    """Whether a file that cannot be read as a lock is the remains of one of ours."""
    try:
        data = read_small(path)
    except OSError:
        return False
    if not data.strip(b"\0 \t\r\n"):
        return True  # nothing in it: a full disk or a power cut left that
    if is_foreign_lock(data):
        return False
    return bool(_NAME.fullmatch(path.name)) or any(mark in data for mark in _MARKS)


def _kept_aside(path: Path) -> Path:
    """A copy of the file under a name that was free: `NAME.damaged`, else `NAME.damaged-2` and so on."""
    data, number = read_small(path), 1
    while True:
        place = path.with_name(f"{path.name}.damaged" + (f"-{number}" if number > 1 else ""))
        try:
            with place.open("xb") as file:
                file.write(data)
        except FileExistsError:
            number += 1
        except OSError as error:
            raise WriteFailed(f"the file cannot be written: {error.strerror}", where=str(place)) from error
        else:
            return place
