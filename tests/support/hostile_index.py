"""An index that answers whatever bytes a test wants, as slowly and for as long as it wants.

    with HostileIndex() as index:
        index.at("/simple/demo/", page(...))
        index.at("/files/x.whl", drip(b"x", every=0.2))

It stops by itself: nothing is sent after `seconds`.
"""

from __future__ import annotations

import contextlib
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from types import TracebackType
from typing import Any

Pieces = Iterator[bytes]
Script = Callable[[bytes], Pieces]
"""From a request's head to the raw bytes of the answer, its head included; the connection ends with it."""


class HostileIndex:
    """Serves scripts by path; `with` starts and stops it."""

    def __init__(self, host: str = "127.0.0.1", seconds: float = 120.0) -> None:
        self.asked: list[bytes] = []
        self._scripts: dict[str, Script] = {}
        self._server = socket.create_server((host, 0), backlog=64)
        self._end = time.monotonic() + seconds
        self._over = threading.Event()
        self.root = f"http://{host}:{self._server.getsockname()[1]}"
        self.url = f"{self.root}/simple/"

    def __enter__(self) -> HostileIndex:  # noqa: PYI034 - typing.Self is younger than 3.10
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._server.close()

    def at(self, path: str, script: Script) -> None:
        """Answer requests for a path so."""
        self._scripts[path] = script

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while not self._over.is_set():
                connection, _ = self._server.accept()
                threading.Thread(target=self._answer, args=(connection,), daemon=True).start()

    def _answer(self, connection: socket.socket) -> None:
        with connection, contextlib.suppress(OSError, IndexError):
            connection.settimeout(10)
            head = connection.recv(65536)
            self.asked.append(head)
            path = head.split(b" ")[1].decode("latin-1").partition("?")[0]
            for piece in self._scripts.get(path, missing)(head):
                if self._over.is_set() or time.monotonic() > self._end:
                    return
                connection.sendall(piece)


def head(status: str = "200 OK", **headers: str) -> bytes:
    """A response's head; underscores in names become dashes."""
    lines = [f"HTTP/1.1 {status}", "Connection: close"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode("latin-1")


def missing(_request: bytes) -> Pieces:
    """There is nothing here."""
    yield head("404 Not Found", Content_Length="0")


def raw(*pieces: bytes) -> Script:
    """Exactly these bytes."""
    return lambda _request: iter(pieces)


def body(data: bytes, kind: str = "application/vnd.pypi.simple.v1+json", **headers: str) -> Script:
    """An honest answer with that body."""
    return raw(head(Content_Type=kind, Content_Length=str(len(data)), **headers), data)


def page(files: list[Mapping[str, Any]], **more: Any) -> Script:
    """A page in JSON."""
    said = {"meta": {"api-version": "1.0"}, "name": "demo", "files": files, **more}
    return body(json.dumps(said).encode())


def html(text: bytes) -> Script:
    """A page in HTML."""
    return body(text, "text/html")


def endless(first: bytes, piece: bytes) -> Script:
    """A beginning, then one piece again and again."""

    def pieces(_request: bytes) -> Pieces:
        yield first
        while True:
            yield piece

    return pieces


def drip(first: bytes, piece: bytes, every: float) -> Script:
    """The same, slowly."""

    def pieces(_request: bytes) -> Pieces:
        yield first
        while True:
            time.sleep(every)
            yield piece

    return pieces


def redirect(address: str) -> Script:
    """To somewhere else."""
    return raw(head("302 Found", Location=address, Content_Length="0"))
