"""Reading request heads: whole, in time, and only such as every reader takes alike (RFC 9112).

What two readers of one connection (a proxy and we) could take differently is refused: a request could be
smuggled past the first one. Standard library only, Python 3.6 and later.
"""

import io
import re
import socket
import time
from http.client import LineTooLong
from typing import Dict, List, Optional

# Seconds; a head of one byte in a while would hold a thread for days otherwise ("slowloris").
IDLE_SECONDS = 75
HEAD_SECONDS = 15
_MAX_HEAD = 65536
# No two parts of it take the same blanks: a line of thousands would take hours.
_LINE = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+):([^\r\n\0]*)\r?\n")
# Method, target, version, with one space between each (RFC 9112, 3).
_REQUEST = re.compile(rb"[^\s\0]+ [^ \t\r\n\0\x0b\x0c]+ HTTP/[0-9]\.[0-9]\r?\n")
_COUNT = re.compile(rb"[0-9]{1,18}")
# Of the others several are allowed (RFC 9110, 5.3); two of these are two opinions of where it ends.
_ONCE = (b"content-length", b"transfer-encoding", b"host")


class Line(io.RawIOBase):
    """A connection's bytes, which come before a moment or not at all."""

    def __init__(self, connection: socket.socket) -> None:
        super().__init__()
        self._connection = connection
        self._end = time.monotonic() + HEAD_SECONDS
        self._waiting = False

    def wait(self) -> None:
        """The next request may take its time to begin, and no longer than a head then."""
        self._end = time.monotonic() + IDLE_SECONDS
        self._waiting = True

    def readable(self) -> bool:
        """It is."""
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        """What has come; `socket.timeout` where nothing came in time."""
        left = self._end - time.monotonic()
        if left <= 0:
            raise socket.timeout("the request's head takes too long")
        # What is left, not a new time limit: every byte would begin that again.
        self._connection.settimeout(left)
        count = self._connection.recv_into(buffer)
        if self._waiting:
            self._waiting = False
            self._end = time.monotonic() + HEAD_SECONDS
        return count


class Head(io.BufferedReader):
    """A connection's input, which refuses request heads of more than 64 KiB, and remembers the last one."""

    def __init__(self, connection: socket.socket) -> None:
        self._line = Line(connection)
        super().__init__(self._line)
        self._left = _MAX_HEAD
        self._lines: List[bytes] = []
        self._first = True

    def begin(self) -> None:
        """A request begins; the first one of a connection at once."""
        self._left = _MAX_HEAD
        self._lines = []
        if not self._first:
            self._line.wait()
        self._first = False

    def readline(self, limit: Optional[int] = -1) -> bytes:
        """The next line, of at most `limit` bytes."""
        line = super().readline(limit)
        self._left -= len(line)
        # `http.client` and `http.server` ask for one byte more than they take, and complain themselves then.
        if self._left < 0 and limit is not None and len(line) < limit:
            raise LineTooLong("request head")
        self._lines.append(line)
        return line

    def problem(self) -> str:
        """Why the last head is none that every reader takes alike; empty where it is one."""
        return problem(self._lines)


def problem(lines: List[bytes]) -> str:
    """Why a request's head is refused (RFC 9112, 2 to 6), empty where it is not.

    Args:
        lines: the request line, the header's lines, the empty line.
    """
    if not lines or not _REQUEST.fullmatch(lines[0]):
        return "the request line is malformed"
    fields: Dict[bytes, bytes] = {}
    for line in lines[1:]:
        if line in (b"\r\n", b"\n", b""):
            break
        match = _LINE.fullmatch(line)
        if match is None:
            return "a line of the header is malformed"
        name = match.group(1).lower()
        if name in fields and name in _ONCE:
            return "a line of the header is there twice: " + name.decode("ascii")
        fields[name] = match.group(2).strip(b"\t ")
    return _body_problem(fields, lines[0])


def _body_problem(fields: Dict[bytes, bytes], request: bytes) -> str:
    """Whether it is certain where the request ends (RFC 9112, 6.3)."""
    length, coding = fields.get(b"content-length"), fields.get(b"transfer-encoding")
    if length is not None and coding is not None:
        return "content-length and transfer-encoding"
    if length is not None and not _COUNT.fullmatch(length):
        return "content-length is no number"
    if coding is not None and (coding.lower() != b"chunked" or b"HTTP/1.0" in request):
        return "transfer-encoding is not chunked"
    return ""
