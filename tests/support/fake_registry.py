"""A registry in memory (OCI distribution specification 1.1) that can be told to lie or to break off."""

from __future__ import annotations

import hashlib
import re
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.support.threads import answering

_UPLOAD = re.compile(r"/uploads/(\d*)$")


@dataclass
class Said:
    """An answer before it is sent.

    Attributes:
        cut: how many bytes of its body go out before the connection ends; None for all.
        drip: seconds between two of them.
        late: seconds between two bytes of a header that has no end.
    """

    status: int
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    cut: int | None = None
    drip: float = 0
    late: float = 0


Lie = Callable[[str, str, Said], Said | None]
"""Takes method, path and the true answer; gives what is said in its place, or None for the truth."""


@dataclass
class FakeRegistry:
    """What it holds, what it was asked, and how it lies.

    Attributes:
        host: what references begin with.
        minds_subjects: whether it has the referrers API.
        takes: gives, for the n-th PATCH, how many bytes are taken before the connection ends; None for all.
    """

    host: str = ""
    blobs: dict[str, bytes] = field(default_factory=dict)
    manifests: dict[str, tuple[str, bytes]] = field(default_factory=dict)
    uploads: dict[str, bytes] = field(default_factory=dict)
    asked: list[tuple[str, str, dict[str, str]]] = field(default_factory=list)
    lie: Lie = lambda _method, _path, _said: None
    takes: Callable[[int], int | None] = lambda _number: None
    minds_subjects: bool = False
    patched: int = 0

    def answer(self, method: str, path: str, body: bytes, headers: dict[str, str]) -> Said:
        parts = urlsplit(path)
        _, _, what = parts.path.partition("/v2/team/web/")
        kind, _, name = what.partition("/")
        if kind == "manifests":
            return self._manifest(method, name, body, headers)
        if found := _UPLOAD.search(parts.path):
            return self._upload(method, found[1], body, parse_qs(parts.query))
        if kind == "blobs" and name in self.blobs:
            return self._blob(self.blobs[name], headers)
        return Said(200 if parts.path == "/v2/" else 404)

    def _blob(self, data: bytes, headers: dict[str, str]) -> Said:
        if asked := re.fullmatch(r"bytes=(\d+)-(\d+)", headers.get("Range", "")):
            start, end = int(asked[1]), int(asked[2])
            told = {"Content-Range": f"bytes {start}-{end}/{len(data)}"}
            return Said(206, told, data[start : end + 1])
        return Said(200, {}, data)

    def _manifest(self, method: str, name: str, body: bytes, headers: dict[str, str]) -> Said:
        if method == "PUT":
            self.manifests[name] = headers["Content-Type"], body
            digest = "sha256:" + hashlib.sha256(body).hexdigest()
            minds = {"OCI-Subject": "yes"} if self.minds_subjects and b'"subject"' in body else {}
            return Said(201, {"Docker-Content-Digest": digest, **minds})
        if name not in self.manifests:
            return Said(404, {}, b'{"errors":[{"code":"MANIFEST_UNKNOWN","message":"not here"}]}')
        kind, data = self.manifests[name]
        return Said(200, {"Content-Type": kind}, data)

    def _upload(self, method: str, number: str, body: bytes, words: dict[str, list[str]]) -> Said:
        if method == "POST":
            number = str(len(self.uploads) + 1)
            self.uploads[number] = b""
            return Said(202, {"Location": f"/v2/team/web/blobs/uploads/{number}"})
        if number not in self.uploads:
            return Said(404)
        if method == "PATCH":
            self.uploads[number] += body
        told = {"Location": f"/v2/team/web/blobs/uploads/{number}"}
        told["Range"] = f"0-{max(0, len(self.uploads[number]) - 1)}"
        if method == "PUT":
            data = self.uploads.pop(number)
            self.blobs["sha256:" + hashlib.sha256(data).hexdigest()] = data
            return Said(201 if words["digest"][0] in self.blobs else 400)
        return Said(204 if method == "GET" else 202, told)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    timeout = 20

    def handle(self) -> None:
        # As Go's servers do: who begins with TLS is told at once, and not when no line end has come.
        with suppress(ConnectionError):  # the other side has had enough
            if self.connection.recv(1, socket.MSG_PEEK) != b"\x16":
                super().handle()

    def _any(self) -> None:
        server: Any = self.server
        registry: FakeRegistry = server.registry
        registry.asked.append((self.command, self.path, dict(self.headers)))
        length, taken = int(self.headers.get("Content-Length", 0)), None
        if self.command == "PATCH":
            registry.patched += 1
            taken = registry.takes(registry.patched)
            taken = None if taken is None else min(taken, length)
        body = self.rfile.read(length if taken is None else taken)
        said = registry.answer(self.command, self.path, body, dict(self.headers))
        if taken is not None:  # kept, but the other side never hears of it
            self.close_connection = True
            return
        self._say(registry.lie(self.command, self.path, said) or said)

    def _say(self, said: Said) -> None:
        self.send_response(said.status)
        for name, value in {"Content-Length": str(len(said.body)), **said.headers}.items():
            self.send_header(name, value)
        with suppress(ConnectionError):
            while said.late:
                self.flush_headers()
                self.wfile.write(b"x")
                time.sleep(said.late)
        self.end_headers()
        sent = b"" if self.command == "HEAD" else said.body[: said.cut]
        with suppress(ConnectionError):  # the other side has had enough
            for piece in (sent[i : i + 1] for i in range(len(sent))) if said.drip else [sent]:
                self.wfile.write(piece)
                time.sleep(said.drip)
        if said.cut is not None:
            self.close_connection = True

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = _any  # noqa: N815

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def fake_registry() -> Iterator[FakeRegistry]:
    """Start one on a loopback port; it ends with the context."""
    server: Any = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    server.daemon_threads = True
    server.registry = FakeRegistry(host=f"127.0.0.1:{server.server_address[1]}")
    with answering(server):
        yield server.registry
