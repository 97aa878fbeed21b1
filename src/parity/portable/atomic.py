"""A file that gets its name when it is whole. Standard library only, Python 3.6 and later.

The temporary file is called `.NAME.RANDOM.tmp`, on the near side too (`parity.files`), and is locked
while it is being written: so the next start can tell what a killed run left from what a living one writes.
"""

import errno
import fcntl
import os
import re
import secrets
import shutil
import stat
from contextlib import contextmanager, suppress
from typing import BinaryIO, Iterator, List, Sequence, Tuple

from .errors import FileNotWritten

_LEFTOVER = re.compile(r"\.(.+)\.[0-9a-f]{16}\.tmp", re.DOTALL)
_NEW_FILE = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


@contextmanager
def new_file(path: str) -> Iterator[BinaryIO]:
    """A file to write and read; leaving the context gives it its name, an exception removes it.

    What killed runs left of a file of that name is removed first.

    Raises:
        FileNotWritten: the disk or the folder does not let us; also for an OSError from within the
            context, so read other files through functions that raise errors of their own.
    """
    folder, name = os.path.split(os.path.abspath(path))
    with suppress(OSError):  # somebody else's, maybe: then it is in nobody's way either
        sweep(folder, name)
    try:
        _refuse_other_kinds(path)
        descriptor, temporary = _temporary(folder, name)
        try:
            with os.fdopen(descriptor, "w+b") as file:
                yield file
                file.flush()
                os.fsync(descriptor)
                os.replace(temporary, path)
        except BaseException:
            with suppress(OSError):
                os.unlink(temporary)
            raise
        sync_folder(folder)
    except OSError as error:
        raise FileNotWritten(f"cannot write {path!a}: {error.strerror}") from error


def demand_other(path: str, read: Sequence[str]) -> None:
    """Refuse a place where something lies that is read for it: it would be lost.

    Raises:
        FileNotWritten: it is one of these, by whatever name.
    """
    for each in read:
        with suppress(OSError):  # not there: then it is no other's
            if os.path.samefile(path, each):
                raise FileNotWritten(
                    f"{path!a} would take the place of what is read", "name another file with -o"
                )


def _refuse_other_kinds(path: str) -> None:
    """A rename would put a file in the place of a device, a FIFO or a socket: `-o /dev/null` as root."""
    try:
        mode = os.stat(path).st_mode
    except FileNotFoundError:
        return
    if not stat.S_ISREG(mode):
        raise OSError(errno.EINVAL, "it is no plain file", path)


def _temporary(folder: str, name: str) -> Tuple[int, str]:
    """Make and lock the temporary file; once more where a sweep took it in the moment between."""
    while True:
        path = os.path.join(folder, f".{name}.{secrets.token_hex(8)}.tmp")
        descriptor = os.open(path, _NEW_FILE, 0o666)
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        # Without a name: removed by another run between our `open` and our lock.
        if os.fstat(descriptor).st_nlink:
            return descriptor, path
        os.close(descriptor)


def sweep(folder: str, name: str = "") -> List[str]:
    """Remove the temporary files that killed runs left in a folder; never those of a living one.

    Args:
        folder: need not be there.
        name: look only for those that were to become this file.

    Returns:
        the names of what was removed.

    Raises:
        OSError: one cannot be removed.
    """
    try:
        found = [(each, _LEFTOVER.fullmatch(each)) for each in sorted(os.listdir(folder))]
    except (FileNotFoundError, NotADirectoryError):
        return []
    ours = [each for each, match in found if match and name in ("", match.group(1))]
    return [each for each in ours if _sweep_one(os.path.join(folder, each))]


def _sweep_one(path: str) -> bool:
    """Remove a temporary file unless somebody holds its lock or it has gone meanwhile."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
        try:
            # Locks end with their process, however it ended: a lock that can be had means a run that is gone.
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            os.unlink(path)
        finally:
            os.close(descriptor)
    except (BlockingIOError, FileNotFoundError):
        return False
    return True


@contextmanager
def folder_beside(place: str) -> Iterator[str]:
    """A new folder beside a place, locked while we live; gone at the end unless it got its name by then."""
    parent, name = os.path.split(place)
    work = os.path.join(parent, f".{name}.{secrets.token_hex(8)}.tmp")
    os.mkdir(work)
    lock = os.open(work, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield work
    finally:
        shutil.rmtree(work, ignore_errors=True)
        os.close(lock)


def sweep_beside(place: str) -> None:
    """Remove what killed runs left beside a place; never what a living one is still writing.

    Raises:
        OSError: there is no folder to look in.
    """
    parent, name = os.path.split(place)
    # Exactly our names: a folder of the user's that only looks similar stays.
    leftover = re.compile(re.escape(f".{name}.") + r"[0-9a-f]{16}\.tmp")
    for entry in filter(leftover.fullmatch, os.listdir(parent)):
        path = os.path.join(parent, entry)
        # A link or another user's folder under such a name was planted; it is in nobody's way either.
        with suppress(OSError):
            lock = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(path)
            finally:
                os.close(lock)


def sync_folder(folder: str) -> None:
    """Make the names in a folder last through a power cut (fsync(2))."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
