"""Wheels out of the engine's store: from a tar stream of a folder to (name, chunks), memory flat."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Callable, Iterable, Iterator
from typing import IO, cast

from parity.errors import EngineLost, HashMismatch
from parity.model import BundleFile

CHUNK = 1024 * 1024
_BLOCK = 512
NamedChunks = tuple[str, Iterator[bytes]]


def wheels_in_archive(archive: Iterable[bytes]) -> Iterator[NamedChunks]:
    """The files of one folder, from the tar stream that the engine gives of it.

    Args:
        archive: the stream, in chunks of any size; `Container.get` gives it.

    Yields:
        The file's name without its folder, and its bytes, to be read before the next file is asked
        for. Names come in strictly rising byte order.

    Raises:
        HashMismatch: the folder holds something else than plain files, or the order is wrong.
        EngineLost: the stream broke off or is no tar.
    """
    last, pipe = "", _Pipe(archive)
    try:
        # `r|`: forwards only, since the engine sends a stream that cannot be sought in.
        with tarfile.open(fileobj=cast(IO[bytes], pipe), mode="r|", bufsize=CHUNK) as tar:
            for member in tar:
                # The engine puts the folder that was asked for first.
                if member.isdir() and "/" not in member.name.strip("/"):
                    continue
                name = _plain_name(member)
                if name <= last:
                    raise HashMismatch(f"the store gives its files in the wrong order: {name} after {last}")
                last = name
                yield name, _content(tar, member)
    except tarfile.TarError as error:
        raise EngineLost(f"the engine's stream of wheels broke off: {error}") from error
    # A connection that ends between two files looks like a shorter folder to `tarfile`.
    if not pipe.ended_with_zeros():
        raise EngineLost("the engine's stream of wheels broke off before its end")


def _plain_name(member: tarfile.TarInfo) -> str:
    """The name of a plain file right inside the one folder."""
    _, _, name = member.name.removeprefix("./").partition("/")
    # Links could give another file's bytes; tarfile reads a sparse file as longer than it lies there.
    if not member.isreg() or member.issparse() or not name or "/" in name:
        raise HashMismatch(f"the store holds something that is no wheel: {member.name!r}")
    return name


def _content(tar: tarfile.TarFile, member: tarfile.TarInfo) -> Iterator[bytes]:
    """A member's bytes."""
    source: IO[bytes] = tar.extractfile(member) or io.BytesIO()
    try:
        while data := source.read(CHUNK):
            yield data
    except tarfile.TarError as error:
        raise EngineLost(f"the engine's stream of wheels broke off: {error}") from error


def file_in_archive(path: str, archive: Callable[[], Iterable[bytes]], size: int, sha256: str) -> BundleFile:
    """A payload file whose bytes come out of the engine's store each time it is opened.

    Args:
        path: in the payload.
        archive: gives the engine's tar stream of that one file.
        size: bytes.
        sha256: of them; whoever writes the payload compares.
    """

    def chunks() -> Iterator[bytes]:
        with tarfile.open(fileobj=cast(IO[bytes], _Pipe(archive())), mode="r|", bufsize=CHUNK) as tar:
            member = tar.next()
            if member is None or not member.isreg():
                raise HashMismatch("the store does not hold the file", where=path)
            yield from _content(tar, member)

    return BundleFile(path, size, sha256, chunks)


class _Pipe:
    """A readable file over an iterator of chunks, for `tarfile`'s stream mode."""

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self._chunks = iter(chunks)
        self._rest = memoryview(b"")
        self._tail = b""

    def read(self, size: int = -1) -> bytes:
        """At most `size` bytes; empty at the end."""
        if not self._rest:
            chunk = next((chunk for chunk in self._chunks if chunk), b"")
            self._tail = (self._tail + chunk)[-_BLOCK:]
            self._rest = memoryview(chunk)
        part, self._rest = self._rest[:size], self._rest[size:]
        return bytes(part)

    def ended_with_zeros(self) -> bool:
        """Read to the end; whether a block of zeros stood there (`tarfile` ends without one, too)."""
        while self.read(CHUNK):
            pass
        return self._tail == bytes(_BLOCK)
