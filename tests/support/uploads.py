"""A package index that takes uploads (the legacy upload API) and goes wrong on demand."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.parser import BytesParser
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.support.threads import answering

from parity.portable.names import normalize_name


@dataclass
class UploadIndex:
    """What the index holds, and how it behaves.

    Attributes:
        files: (project, file name) → bytes.
        forms: the fields of every upload that was read.
        refusals: statuses to answer the next uploads with; 0 cuts the connection.
        stores_refused: keep the bytes even of a refused upload, as when an answer gets lost.
        login: `user:password` that uploads need; empty for none.
        digests: say SHA-256 on the pages.
        as_json: answer pages in JSON.
        place: path of the simple index.
        reads: paths that were read.
    """

    files: dict[tuple[str, str], bytes] = field(default_factory=dict)
    forms: list[dict[str, list[str]]] = field(default_factory=list)
    refusals: list[int] = field(default_factory=list)
    stores_refused: bool = False
    login: str = ""
    digests: bool = True
    as_json: bool = False
    place: str = "/simple/"
    reason: str = ""
    moved_to: str = ""
    reads: list[str] = field(default_factory=list)
    url: str = ""

    def page(self, project: str) -> bytes | None:
        mine = {name: data for (known, name), data in self.files.items() if known == project}
        if not mine:
            return None
        addresses = {name: "/files/" + name.replace("+", "%2B") for name in mine}
        if self.as_json:
            files = [
                {"filename": name, "url": addresses[name], "hashes": self._hashes(data)}
                for name, data in mine.items()
            ]
            return json.dumps({"meta": {"api-version": "1.0"}, "name": project, "files": files}).encode()
        links = [
            f'<a href="{addresses[name]}{self._fragment(data)}">{name}</a>' for name, data in mine.items()
        ]
        return "\n".join(["<!DOCTYPE html><html><body>", *links, "</body></html>"]).encode()

    def _hashes(self, data: bytes) -> dict[str, str]:
        return {"sha256": hashlib.sha256(data).hexdigest()} if self.digests else {}

    def _fragment(self, data: bytes) -> str:
        return f"#sha256={hashlib.sha256(data).hexdigest()}" if self.digests else "#md5=00"

    @contextmanager
    def running(self) -> Iterator[UploadIndex]:
        """Serve on a free port."""
        server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"index": self}))
        self.url = f"http://127.0.0.1:{server.server_address[1]}/"
        with answering(server):
            yield self


class _Handler(BaseHTTPRequestHandler):
    index: UploadIndex

    def log_message(self, *_: Any) -> None:
        pass

    def do_GET(self) -> None:
        index = self.index
        index.reads.append(self.path)
        if index.moved_to:
            self._answer(302, b"", Location=index.moved_to)
        elif self.path.startswith("/files/"):
            name = self.path.removeprefix("/files/").replace("%2B", "+")
            self._answer(200, next(data for (_, known), data in index.files.items() if known == name))
        else:
            page = index.page(self.path.removeprefix(index.place).strip("/"))
            kind = "application/vnd.pypi.simple.v1+json" if index.as_json else "text/html"
            self._answer(404 if page is None else 200, page or b"", **{"Content-Type": kind})

    def do_POST(self) -> None:
        index = self.index
        body = self.rfile.read(int(self.headers["Content-Length"]))
        status = index.refusals.pop(0) if index.refusals else 200
        wanted = "Basic " + base64.b64encode(index.login.encode()).decode()
        if index.login and self.headers.get("Authorization") != wanted:
            status = 401
        if status == 200 or index.stores_refused:
            self._store(body)
        if status:
            self._answer(status, index.reason.encode())
        else:
            self.connection.close()

    def _store(self, body: bytes) -> None:
        head = f"Content-Type: {self.headers['Content-Type']}\r\n\r\n".encode()
        form: dict[str, list[str]] = {}
        for part in BytesParser().parsebytes(head + body).get_payload():
            name = part.get_param("name", header="content-disposition")  # type: ignore[union-attr]
            data = part.get_payload(decode=True)  # type: ignore[union-attr]
            if name == "content":
                file = part.get_filename()  # type: ignore[union-attr]
                self.index.files[normalize_name(form["name"][0]), str(file)] = bytes(data)
            else:
                form.setdefault(str(name), []).append(bytes(data).decode())
        self.index.forms.append(form)

    def _answer(self, status: int, body: bytes, **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
