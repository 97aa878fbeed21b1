"""A file that appears under its name whole or not at all, whatever happens meanwhile.

The bytes go to `.NAME.RANDOM.tmp` in the same folder, which is locked while it is being written: so
the next start can tell what a killed run left behind from what a living one is still writing.
"""

from __future__ import annotations

import errno
import fcntl
import os
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from parity.errors import LockInvalid, WriteFailed
from parity.portable import atomic

MOST = 64 << 20
"""The largest file that is read whole: locks of thousands of packages are far below it."""
# Without O_NONBLOCK, opening a FIFO would wait for somebody who writes.
_READ = os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_NEW_FILE = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


def open_below(folder: Path, path: Path) -> IO[bytes]:
    """Open a regular file that lies below a folder, whoever changes that folder meanwhile.

    The folder's own path may have links in it; what is below may not, at the moment of opening.

    Raises:
        OSError: it cannot be opened, a link is on the way, or it is no regular file.
    """
    *between, name = path.relative_to(folder).parts
    current = os.open(folder, _FOLDER & ~os.O_NOFOLLOW)
    try:
        for each in between:
            below = os.open(each, _FOLDER, dir_fd=current)
            os.close(current)
            current = below
        return _regular(os.open(name, _READ | os.O_NOFOLLOW, dir_fd=current), path)
    finally:
        os.close(current)


def open_regular(path: Path) -> IO[bytes]:
    """Open a regular file by its path, which may be a link.

    Raises:
        OSError: it cannot be opened, or is no regular file (whose end may never come).
    """
    return _regular(os.open(path, _READ), path)


def _regular(descriptor: int, path: Path) -> IO[bytes]:
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError(errno.EINVAL, "it is not a regular file", str(path))
    return open(descriptor, "rb")


def read_small(path: Path, most: int = MOST) -> bytes:
    """The bytes of a regular file that is small by its nature, such as a lock.

    Raises:
        OSError: it cannot be read, is larger than `most`, or is no regular file (whose end may never come).
    """
    with open_regular(path) as file:
        data = file.read(most + 1)
    if len(data) > most:
        raise OSError(errno.EFBIG, f"it is larger than {most >> 20} MiB", str(path))
    return data


def write_atomic(path: Path, data: bytes, mode: int | None = None) -> None:
    """Write a small file whole or not at all.

    Args:
        path: its name; an older file there is replaced.
        data: its bytes.
        mode: its permissions; what the umask leaves of 0666 if not given.

    Raises:
        WriteFailed: the disk or the folder does not let us; an older file is untouched.
    """
    with atomic_file(path, mode) as file:
        file.write(data)
        file.commit()


@contextmanager
def atomic_file(path: Path, mode: int | None = None, *, synced: bool = True) -> Iterator[AtomicFile]:
    """Write a file: it gets its name by `commit`; leaving the context without that leaves nothing.

    The folder is made if it is not there. See `write_atomic` for the arguments; `synced` says whether it
    must be whole even after a power cut.

    Raises:
        WriteFailed: the disk or the folder does not let us.
    """
    file = AtomicFile(path, mode, synced=synced)
    try:
        file.open()
        yield file
    finally:
        file.close(remove=True)


class AtomicFile:
    """A file being written. All methods raise WriteFailed where the disk or the folder does not let them."""

    def __init__(self, path: Path, mode: int | None = None, *, synced: bool = True) -> None:
        self.path = path
        self._mode = mode
        self._synced = synced
        self._temporary = path
        self._descriptor = -1

    @property
    def temporary(self) -> Path:
        """Where its bytes are until they get their name, for whoever reads them before that."""
        return self._temporary

    def open(self) -> None:
        """Make and lock the temporary file."""
        with self._as_ours():
            self._refuse_other_kinds()
            self.path.parent.mkdir(parents=True, exist_ok=True)
            while not self._locked_and_there():
                self.close(remove=True)

    def write(self, data: bytes) -> None:
        """Add bytes at the end."""
        with self._as_ours():
            rest = memoryview(data)
            while rest:
                rest = rest[os.write(self._descriptor, rest) :]

    def overwrite(self, position: int, data: bytes) -> None:
        """Replace bytes that were written before."""
        with self._as_ours():
            rest = memoryview(data)
            while rest:
                done = os.pwrite(self._descriptor, rest, position)
                rest, position = rest[done:], position + done

    def sync(self) -> None:
        """Bring to the disk what was written so far."""
        with self._as_ours():
            os.fsync(self._descriptor)

    def commit(self) -> None:
        """Bring the file to the disk and give it its name, in place of an older one."""
        with self._as_ours():
            if self._mode is not None:
                os.fchmod(self._descriptor, self._mode)
            # Before the rename: else a power cut can leave the name with nothing in it.
            if self._synced:
                os.fsync(self._descriptor)
            os.replace(self._temporary, self.path)
            self.close(remove=False)
            if self._synced:
                atomic.sync_folder(str(self.path.parent))

    def _refuse_other_kinds(self) -> None:
        """A rename would put a file in the place of a device, a FIFO or a socket: `-o /dev/null` as root."""
        try:
            mode = os.stat(self.path).st_mode
        except FileNotFoundError:
            return
        if not stat.S_ISREG(mode):
            what = "it is a folder" if stat.S_ISDIR(mode) else "it is a device, a pipe or a socket"
            raise WriteFailed(
                f"the file cannot be written: {what}", where=str(self.path), remedy="name a plain file"
            )

    def _locked_and_there(self) -> bool:
        """Make and lock the temporary file; False where a sweep took it in the moment between."""
        self._temporary = self.path.parent / f".{self.path.name}.{secrets.token_hex(8)}.tmp"
        self._descriptor = os.open(self._temporary, _NEW_FILE, 0o666)
        fcntl.flock(self._descriptor, fcntl.LOCK_EX)
        # Without a name: removed by another run between our `open` and our lock.
        return os.fstat(self._descriptor).st_nlink > 0

    def close(self, *, remove: bool) -> None:
        """Let go of the temporary file; nothing happens the second time."""
        if self._descriptor < 0:
            return
        if remove:
            with suppress(OSError):
                self._temporary.unlink()
        descriptor, self._descriptor = self._descriptor, -1
        with suppress(OSError):
            os.close(descriptor)

    @contextmanager
    def _as_ours(self) -> Iterator[None]:
        where = str(self.path)
        try:
            yield
        except OSError as error:
            # A quota counts as a full disk for whoever has it.
            if error.errno in (errno.ENOSPC, errno.EDQUOT):
                raise WriteFailed("the disk is full", where=where) from error
            raise WriteFailed(f"the file cannot be written: {error.strerror}", where=where) from error
        except ValueError as error:  # a name with a NUL in it
            raise WriteFailed("the file cannot be written: that is no name of a file", where=where) from error


def read_lock_file(path: Path) -> bytes | None:
    """The bytes of a lock, None where there is no file; LockInvalid where it cannot be read."""
    try:
        return read_small(path)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise LockInvalid(
            f"the lock cannot be read: {error.strerror}",
            where=str(path),
            remedy="make it a plain file that this user may read, or move it away",
        ) from error


def sweep_leftovers(folder: Path) -> tuple[str, ...]:
    """Remove the temporary files of killed runs from a folder; never those of a living one.

    Returns:
        The names of what was removed.

    Raises:
        WriteFailed: it cannot be looked into, or a leftover cannot be removed.
    """
    try:
        return tuple(atomic.sweep(str(folder)))
    except OSError as error:
        message = f"the folder cannot be used: {error.strerror}"
        raise WriteFailed(message, where=str(error.filename)) from error
