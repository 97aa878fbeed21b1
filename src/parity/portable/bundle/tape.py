"""A bundle's file read forwards, the medium's errors as ours. Standard library, Python 3.6 and later."""

import hashlib
import io
from concurrent.futures import Future, ThreadPoolExecutor
from typing import BinaryIO, Callable, Iterator, List, Optional

from ..errors import BundleDamaged, BundleUnreadable
from .manifest import HEAD_SIZE

CHUNK = 1024 * 1024

Progress = Callable[[int], None]
"""Hears how many bytes of the payload are done."""


class Tape:
    """The payload read forwards once, all of it hashed by a second thread while we hash the files.

    Two buffers take turns: one is being read into while the other may still be hashed.
    """

    def __init__(self, file: BinaryIO, pool: ThreadPoolExecutor, progress: Optional[Progress]) -> None:
        self._file = file
        self._pool = pool
        self._progress = progress
        self._done = 0
        self._whole = hashlib.sha256()
        self._buffers = (bytearray(CHUNK), bytearray(CHUNK))
        self._pending: "List[Optional[Future[None]]]" = [None, None]
        seek(file, HEAD_SIZE)

    def take(self, count: int) -> memoryview:
        """The next `count` bytes, at most CHUNK; valid until the call after the next."""
        turn = self._pending[0]
        # The second thread may still be hashing the buffer that is about to be filled.
        if turn is not None:
            turn.result()
        self._buffers = self._buffers[1], self._buffers[0]
        view = memoryview(self._buffers[0])[:count]
        fill(self._file, view)
        self._pending = [self._pending[1], self._pool.submit(self._whole.update, view)]
        self._done += count
        if self._progress is not None:
            self._progress(self._done)
        return view

    def skip(self, count: int) -> None:
        """Hash the next bytes without looking at them."""
        while count:
            count -= len(self.take(min(count, CHUNK)))

    def expect(self, expected: bytes, what: str) -> None:
        """Refuse the bundle unless the next bytes are exactly these."""
        # Padding may be empty, and taking nothing would wait for a buffer in vain.
        if expected and self.take(len(expected)) != expected:
            raise BundleDamaged(f"the archive's structure is damaged at {what}")

    def digest(self) -> str:
        """The SHA-256 of everything that was read."""
        for turn in self._pending:
            if turn is not None:
                turn.result()
        return self._whole.hexdigest()


# --- reading, with the medium's errors as ours -----------------------------------------------------------


def fill(file: BinaryIO, view: memoryview) -> None:
    """Read until the view is full."""
    filled = 0
    while filled < len(view):
        try:
            # A raw file, a pipe or a network's file system may give less than was asked.
            count = file.readinto(view[filled:])  # type: ignore[attr-defined]
        except OSError as error:
            raise BundleUnreadable(f"the bundle cannot be read: {error.strerror}") from error
        if not count:
            raise BundleDamaged("the bundle ends too early")
        filled += count


def read(file: BinaryIO, count: int) -> bytes:
    """Exactly `count` bytes."""
    data = bytearray(count)
    fill(file, memoryview(data))
    return bytes(data)


def seek(file: BinaryIO, position: int) -> None:
    """Go to a position; errors as those of reading."""
    try:
        file.seek(position)
    except OSError as error:
        raise BundleUnreadable(f"the bundle cannot be read: {error.strerror}") from error


def size(file: BinaryIO) -> int:
    """How many bytes it has; errors as those of reading."""
    try:
        return file.seek(0, io.SEEK_END)
    except OSError as error:
        raise BundleUnreadable(f"the bundle cannot be read: {error.strerror}") from error


def span(file: BinaryIO, offset: int, length: int) -> Iterator[bytes]:
    """Bytes of a bundle's file, in chunks.

    Raises:
        BundleDamaged: the file ends before.
        BundleUnreadable: it cannot be read.
    """
    try:
        file.seek(offset)
        while length:
            chunk = file.read(min(CHUNK, length))
            if not chunk:
                raise BundleDamaged("the bundle ends too early")
            length -= len(chunk)
            yield chunk
    except OSError as error:
        raise BundleUnreadable(f"the bundle cannot be read: {error.strerror}") from error
