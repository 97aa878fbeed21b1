"""Bytes that wait on the disk, in a file without a name: nothing is left of it, whatever happens."""

from __future__ import annotations

import errno
import hashlib
import os
import tempfile
import zlib
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import IO, Protocol

from parity.errors import WriteFailed

CHUNK = 1 << 20
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_ROOM = "an export needs room for what it holds twice; free some space there"
_GZIP = b"\x1f\x8b\x08"
_WBITS = 16 + zlib.MAX_WBITS
_SLICE = 1 << 16
_MOST_MEMBERS = 200_000
"""Layers that are read in parts have a member for each file (eStargz)."""


@dataclass(frozen=True)
class SpooledBytes:
    """Bytes of a spool: where they begin, how many there are, and their SHA-256 in hexadecimal."""

    spool: Spool
    offset: int
    size: int
    sha256: str

    def chunks(self) -> Iterator[bytes]:
        """The bytes, each time it is called."""
        return self.spool.read(self.offset, self.size)


class Spool:
    """A file without a name in a folder. All methods raise WriteFailed where the disk does not let them.

    Args:
        folder: where it is made.
        file: one that is read in its place, and closed with it.
    """

    def __init__(self, folder: Path, file: IO[bytes] | None = None) -> None:
        self._where = str(folder)
        self.file = file or self._made(folder)
        self._end = os.fstat(self.file.fileno()).st_size

    def _made(self, folder: Path) -> IO[bytes]:
        with self._as_ours():
            folder.mkdir(parents=True, exist_ok=True)
            return tempfile.TemporaryFile(dir=folder)

    @property
    def size(self) -> int:
        """How many bytes are in it."""
        return self._end

    def add(self, chunks: Iterable[bytes]) -> SpooledBytes:
        """Keep bytes at the end."""
        begin, seen = self._end, hashlib.sha256()
        with self._as_ours():
            self.file.seek(begin)
        for chunk in chunks:
            seen.update(chunk)
            self._write(chunk)
        self._flush()
        return SpooledBytes(self, begin, self._end - begin, seen.hexdigest())

    def append(self, chunk: bytes | bytearray) -> None:
        """Keep bytes behind what is there; other threads may read them once it has returned."""
        with self._as_ours():
            self.file.seek(self._end)
        self._write(chunk)
        self._flush()

    def _write(self, chunk: bytes | bytearray) -> None:
        with self._as_ours():
            self.file.write(chunk)
        self._end += len(chunk)

    def _flush(self) -> None:
        with self._as_ours():
            self.file.flush()

    def blob(self, offset: int, size: int) -> SpooledBytes:
        """Bytes that lie in it already."""
        seen = hashlib.sha256()
        for chunk in self.read(offset, size):
            seen.update(chunk)
        return SpooledBytes(self, offset, size, seen.hexdigest())

    def read(self, offset: int, size: int) -> Iterator[bytes]:
        """Bytes from a position on, in chunks; threads may read side by side."""
        while size:
            with self._as_ours():
                data = os.pread(self.file.fileno(), min(CHUNK, size), offset)
            if not data:
                raise WriteFailed("a temporary file lost its end", where=self._where)
            offset, size = offset + len(data), size - len(data)
            yield data

    def close(self) -> None:
        """Give the room back."""
        # What a full disk did not take is tried once more, and whoever wrote it has heard of that.
        with suppress(OSError):
            self.file.close()

    @contextmanager
    def _as_ours(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise WriteFailed(
                f"no temporary file can be written: {error.strerror}",
                where=self._where,
                remedy=_ROOM if error.errno in _FULL else "name a folder with -o in which you may write",
            ) from error


class NewSpool(Protocol):
    """Makes one more spool in the same folder."""

    def __call__(self, file: IO[bytes] | None = None) -> Spool:
        """Make it; of that file, which is closed with it, where one is given."""


@contextmanager
def spooling(folder: Path) -> Iterator[NewSpool]:
    """Spools in a folder; leaving the context gives the room of all of them back."""
    with ExitStack() as stack:

        def new(file: IO[bytes] | None = None) -> Spool:
            spool = Spool(folder, file)
            stack.callback(spool.close)
            return spool

        yield new


def inflated(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """The same bytes, unpacked where they begin as gzip's do: all members (RFC 1952), one after another.

    Raises:
        zlib.error: they are no gzip after all, or end too early.
    """
    first = next(chunks, b"")
    if not first.startswith(_GZIP):
        yield first
        yield from chunks
        return
    reader, members = zlib.decompressobj(wbits=_WBITS), 1
    for piece in _slices(chain((first,), chunks)):
        data = piece
        while data := data.lstrip(b"\0") if reader.eof else data:  # gzip(1) takes zeros for padding, too
            if reader.eof:
                reader, members = zlib.decompressobj(wbits=_WBITS), members + 1
            if members > _MOST_MEMBERS:
                raise zlib.error("it has too many members")
            # With a bound for each piece: a few bytes may unpack to a thousand times as many.
            yield reader.decompress(data, CHUNK)
            data = reader.unused_data if reader.eof else reader.unconsumed_tail
    if not reader.eof:
        raise zlib.error("it ends too early")


def _slices(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Small ones: what is left of one is copied with each member that ends in it."""
    for chunk in chunks:
        for begin in range(0, len(chunk), _SLICE):
            yield chunk[begin : begin + _SLICE]
