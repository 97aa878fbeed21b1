"""HTTP answers that must go forward and may not grow for ever: all that comes from a socket is counted.

A server may send one byte in every while, headers, interim answers or trailers without an end, or more
than it announced: whatever it does passes here.
"""

import contextlib
import http.client
import io
import socket
import time
from typing import Optional

LEAST = 2048
"""Bytes that must come in each stretch of waiting that is twice as long as the connection's time limit."""
_HEAD = 1024 * 1024
_SPARE = 1024 * 1024
"""Bytes beside a body: lengths of chunks, trailers."""


class Paced(io.RawIOBase):
    """What a socket receives, as long as it comes fast enough and is not too much.

    Only time that is spent waiting counts: whoever writes what came to a slow disk is no slow server.
    """

    def __init__(self, sock: socket.socket) -> None:
        super().__init__()
        self._sock = sock
        self._inner = sock.makefile("rb", buffering=0)
        limit = sock.gettimeout()
        # Some slack: a slow line that drops for a moment is not an attack.
        self._window = None if limit is None else 2 * limit
        self._waited = 0.0
        self._came = 0
        self._left = _HEAD

    def readable(self) -> bool:
        """It is."""
        return True

    def allow(self, count: int) -> None:
        """From now on so many bytes may come, and no more."""
        self._left = count

    def readinto(self, buffer: memoryview) -> Optional[int]:  # type: ignore[override]
        """As `io.RawIOBase.readinto`; socket.timeout where too little comes, ConnectionError for too much."""
        begin = time.monotonic()
        count = self._inner.readinto(buffer)
        self._waited += time.monotonic() - begin
        self._came += count or 0
        self._left -= count or 0
        if self._left < 0:
            raise ConnectionError("the server sends more than an answer may be")
        if self._window is not None and self._waited > self._window:
            # `count` is 0 at the end of the stream, which may come with any last few bytes.
            if self._came < LEAST and count:
                raise socket.timeout("the server sends too slowly")
            self._waited, self._came = 0.0, 0
        return count

    def abort(self) -> None:
        """Let whoever waits for more wait no longer; for any thread to call."""
        with contextlib.suppress(OSError):
            self._sock.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Let the socket go."""
        self._inner.close()
        super().close()


class _SocketFile:
    """A socket for `http.client`, which wants nothing of it but a file."""

    def __init__(self, raw: Paced) -> None:
        self._raw = raw

    def makefile(self, mode: str) -> io.BufferedReader:
        """The paced file, buffered."""
        del mode
        return io.BufferedReader(self._raw)


class BoundedAnswer(http.client.HTTPResponse):
    """An answer whose head is bounded, and whose body is from `allow` on."""

    def __init__(
        self,
        sock: socket.socket,
        debuglevel: int = 0,
        method: Optional[str] = None,
        url: Optional[str] = None,
    ) -> None:
        # `http.client` reads status and headers in its constructor: the bound must be there before.
        self._raw = Paced(sock)
        super().__init__(_SocketFile(self._raw), debuglevel, method, url)  # type: ignore[arg-type]

    def allow(self, count: int) -> None:
        """Let a body of so many bytes come, with what a server may need to send it in small chunks."""
        self._raw.allow(2 * count + _SPARE)

    def abort(self) -> None:
        """End it for whoever reads it."""
        self._raw.abort()
