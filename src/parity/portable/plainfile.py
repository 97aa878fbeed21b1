"""Files and JSON that nobody vouches for, read within bounds. Standard library only, Python 3.6 and later.

A named pipe would hold a plain `open` for ever, a device would give bytes for ever. Python before 3.10.7
takes hours for a number of some million digits, and hears no signal meanwhile.
"""

import errno
import json
import os
import stat
from typing import BinaryIO, Callable, Dict, Iterator, List, Optional, Tuple

_PIECE = 1 << 20
_MAX_DIGITS = 64
_MAX_FLOAT = 64
# Each value takes some 50 bytes or more in memory, and one in the file may be two.
_MAX_VALUES = 1 << 20
_READ = os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK
Pairs = Callable[[List[Tuple[str, object]]], Dict[str, object]]


def open_plain(path: str, follow: bool = True) -> BinaryIO:
    """Open a regular file for reading; anything else is refused, and nothing waits.

    Args:
        path: the file.
        follow: whether it may be a symbolic link.

    Raises:
        OSError: it cannot be opened; EINVAL where it is a pipe, a device, a socket.
    """
    descriptor = os.open(path, _READ | (0 if follow else os.O_NOFOLLOW))
    mode = os.fstat(descriptor).st_mode
    if not stat.S_ISREG(mode):
        os.close(descriptor)
        kind = errno.EISDIR if stat.S_ISDIR(mode) else errno.EINVAL
        raise OSError(kind, "it is not a regular file", path)
    return os.fdopen(descriptor, "rb")


def first_chunks(file: BinaryIO, size: int) -> Iterator[bytes]:
    """The next bytes of a file, at most `size` of them, in pieces; fewer where it ends before.

    Raises:
        OSError: it cannot be read.
    """
    while size:
        chunk = file.read(min(_PIECE, size))
        if not chunk:
            return
        size -= len(chunk)
        yield chunk


def read_start(path: str, count: int) -> bytes:
    """The first `count` bytes of a regular file, or all of it where it has fewer.

    Raises:
        OSError: see `open_plain`.
    """
    with open_plain(path) as handle:
        return handle.read(count)


def read_whole(path: str, limit: int, follow: bool = True) -> bytes:
    """A regular file of at most `limit` bytes.

    Raises:
        OSError: see `open_plain`; EFBIG where it is larger.
    """
    data = bytearray()
    with open_plain(path, follow) as handle:
        while len(data) <= limit:  # by pieces: a read of `limit` bytes takes their memory at once
            piece = handle.read(min(_PIECE, limit + 1 - len(data)))
            if not piece:
                return bytes(data)
            data += piece
    raise OSError(errno.EFBIG, f"it is larger than {limit} bytes", path)


def parse_json(data: bytes, pairs: Optional[Pairs] = None) -> object:
    """A JSON document in UTF-8, whatever it holds, in time and memory that its size bounds.

    Args:
        data: the bytes; the caller bounds them.
        pairs: makes an object of its pairs; a dict by default.

    Raises:
        ValueError: it is none, nests too deep, has too many values, a number that no document of ours
            has, NaN or an infinity.
    """
    # Counted in the text, before anything is built; commas in texts count too, which errs on the safe side.
    if sum(map(data.count, (b",", b"[", b"{"))) > _MAX_VALUES:
        raise ValueError("too many values")
    try:
        return json.loads(
            data.decode("utf-8"),
            object_pairs_hook=pairs,
            parse_int=_int,
            parse_float=_float,
            parse_constant=_no_number,
        )
    except RecursionError:
        raise ValueError("it nests too deep") from None


def _int(digits: str) -> int:
    if len(digits) > _MAX_DIGITS:
        raise ValueError("a number has too many digits")
    return int(digits)


def _float(digits: str) -> float:
    if len(digits) > _MAX_FLOAT:
        raise ValueError("a number has too many digits")
    return float(digits)


def _no_number(_name: str) -> object:
    raise ValueError("NaN and infinities are no JSON")
