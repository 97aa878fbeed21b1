"""An unpacked bundle read as the file that it was unpacked from. Standard library only, Python 3.6 and later.

So one reader verifies both: the same signature, the same digest of the whole payload.
"""

import io
import os
from bisect import bisect_right
from contextlib import contextmanager
from typing import BinaryIO, Iterator, List, Optional, Tuple, Union, cast

from ..canonical import encode
from ..errors import BundleDamaged, BundleUnreadable, SignatureInvalid
from ..plainfile import open_plain, read_start
from . import manifest, ustar
from .envelope import encode_head, parse_body
from .folder import UNPACK_AGAIN, BundleFolder, demand_nothing_else, open_folder
from .manifest import Member
from .reader import open_bundle

Part = Union[bytes, Member]


@contextmanager
def open_either(path: str) -> Iterator[BinaryIO]:
    """Open a bundle for reading: its file, or the folder that `tar xf` left.

    Raises:
        BundleUnreadable: there is none, or it may not be read.
        BundleDamaged: the folder's manifest or envelope is malformed, or it holds what is not listed.
        SignatureInvalid: the folder holds no envelope.
    """
    if not os.path.isdir(path):
        with open_bundle(path) as file:
            yield file
        return
    found = open_folder(path)
    if found.statement is None:
        raise SignatureInvalid(f"the bundle in {path} carries no signature")
    demand_nothing_else(found)
    unpacked = _FolderFile(found, head_of(path))
    with unpacked:
        yield cast("BinaryIO", unpacked)


def head_of(path: str) -> bytes:
    """The first bytes of the file that a folder was unpacked from; errors as `open_either`."""
    try:
        body = read_start(os.path.join(path, manifest.ENVELOPE_NAME), manifest.HEAD_SIZE)
    except OSError as error:
        raise BundleUnreadable(f"cannot read the envelope in {path}: {error.strerror}") from error
    return encode_head(parse_body(body))


class _FolderFile(io.RawIOBase):
    """Gives head, headers and padding as they are written, and the files' bytes as they lie there."""

    def __init__(self, bundle: BundleFolder, head: bytes) -> None:
        super().__init__()
        self._bundle = bundle
        self._starts: List[int] = []
        self._parts: List[Part] = []
        self._size = 0
        self._position = 0
        self._open: Optional[Tuple[str, BinaryIO]] = None
        for part in parts(bundle, head):
            self._starts.append(self._size)
            self._parts.append(part)
            self._size += _length(part)

    def readable(self) -> bool:
        """It is."""
        return True

    def seekable(self) -> bool:
        """It is."""
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Go to a place; see `io.IOBase.seek`."""
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._size}[whence]
        self._position = base + offset
        return self._position

    def readinto(self, buffer) -> int:  # type: ignore[no-untyped-def]
        """Some of the next bytes, 0 at the end; BundleDamaged where a file is not what is listed."""
        if self._position >= self._size:
            return 0
        number = bisect_right(self._starts, self._position) - 1
        part, start = self._parts[number], self._position - self._starts[number]
        view = memoryview(buffer)[: _length(part) - start]
        if isinstance(part, bytes):
            view[:] = part[start : start + len(view)]
            count = len(view)
        else:
            count = self._read(part, start, view)
        self._position += count
        return count

    def close(self) -> None:
        """Let go of the file that was read last."""
        if self._open is not None:
            self._open[1].close()
            self._open = None
        super().close()

    def _read(self, member: Member, start: int, view: memoryview) -> int:
        try:
            file = self._file(member)
            file.seek(start)
            count = file.readinto(view)  # type: ignore[attr-defined]
        except OSError as error:
            raise BundleDamaged(f"{member.path} cannot be read: {error.strerror}", UNPACK_AGAIN) from error
        if not count:
            raise BundleDamaged(f"{member.path} ends too early", UNPACK_AGAIN)
        return int(count)

    def _file(self, member: Member) -> BinaryIO:
        if self._open is None or self._open[0] != member.path:
            if self._open is not None:
                self._open[1].close()
                self._open = None
            self._open = member.path, open_plain(self._bundle.file(member.path), follow=False)
        file = self._open[1]
        # A file that is longer has the right bytes at first.
        if os.fstat(file.fileno()).st_size != member.size:
            raise BundleDamaged(f"{member.path} has other bytes than the manifest says", UNPACK_AGAIN)
        return file


def _length(part: Part) -> int:
    return len(part) if isinstance(part, bytes) else part.size


def parts(bundle: BundleFolder, head: bytes) -> Iterator[Part]:
    """What the file consists of, in its order: bytes, and files of the folder; nothing that is empty."""
    top, document = bundle.manifest.top, bundle.manifest.document
    listed = encode(document) + b"\n"  # canonical: the very bytes that were read
    yield head
    yield ustar.header(top + manifest.NAME, len(listed)) + listed + ustar.padding(len(listed))
    for member in bundle.manifest.members:
        yield ustar.header(top + member.path, member.size)
        if member.size:
            yield member
        if member.size % ustar.BLOCK:
            yield ustar.padding(member.size)
    yield ustar.END
