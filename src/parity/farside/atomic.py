"""A file that gets its name when it is whole. Standard library only, Python 3.6 and later.

The near side's `parity.files` does the same and sweeps what a killed run leaves of either: the
temporary file is called `.NAME.RANDOM.tmp` and is locked while it is being written.
"""

import fcntl
import os
import secrets
from contextlib import contextmanager, suppress
from typing import BinaryIO, Iterator

from .errors import FileNotWritten

_NEW_FILE = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


@contextmanager
def new_file(path: str) -> Iterator[BinaryIO]:
    """A file to write and read; leaving the context gives it its name, an exception removes it.

    Raises:
        FileNotWritten: the disk or the folder does not let us; also for an OSError from within the
            context, so read other files through functions that raise errors of their own.
    """
    folder, name = os.path.split(os.path.abspath(path))
    temporary = os.path.join(folder, f".{name}.{secrets.token_hex(8)}.tmp")
    try:
        descriptor = os.open(temporary, _NEW_FILE, 0o666)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            with os.fdopen(descriptor, "w+b") as file:
                yield file
                file.flush()
                os.fsync(descriptor)
                os.replace(temporary, path)
        except BaseException:
            with suppress(OSError):
                os.unlink(temporary)
            raise
        _sync_folder(folder)
    except OSError as error:
        raise FileNotWritten(f"cannot write {path!a}: {error.strerror}") from error


def _sync_folder(folder: str) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
