"""A real package index (PEP 503 HTML) on this machine, which goes wrong on demand.

    with PackageIndex(folder_of_wheels) as index:
        index.fail("/simple/demo/", status=429, retry_after="0", times=1)
        ... index.url ...

Reachable from containers under the bridge's gateway when started with `host=gateway()`.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import json
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType

from tests.support.wheels import WheelParts


@dataclass
class Fault:
    """What goes wrong for paths that end so; `times` -1 means always.

    `delay` seconds pass before the answer, `stall` seconds between `cut_after` bytes and the cut.
    """

    ending: str
    times: int = -1
    status: int | None = None
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes | None = None
    cut_after: int | None = None
    delay: float = 0.0
    stall: float = 0.0
    flip: bool = False
    length: bool = True


@dataclass(frozen=True)
class Seen:
    """One request as the server saw it."""

    path: str
    range: str
    authorization: str
    proxied: bool


class PackageIndex:
    """Serves the wheels of a folder; `with` starts and stops it."""

    def __init__(
        self,
        wheels: Path,
        *,
        host: str = "127.0.0.1",
        login: tuple[str, str] | None = None,
        tls: ssl.SSLContext | None = None,
        prefix: str = "",
    ) -> None:
        self.wheels = wheels
        self.prefix = prefix
        self.login = login
        self.seen: list[Seen] = []
        self.files_url = ""
        """Where the pages say the files lie; empty for this server itself."""
        self.marks: dict[str, str] = {}
        """What the pages say of files besides, as an anchor's attributes: `data-yanked="broken"`."""
        self._faults: list[Fault] = []
        self._lock = threading.Lock()
        self._server = _Server((host, 0), type("Handler", (_Handler,), {"index": self}))
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self.root = f"{'https' if tls else 'http'}://{host}:{self._server.server_address[1]}{prefix}"
        if tls:
            self._server.socket = tls.wrap_socket(
                self._server.socket, server_side=True, do_handshake_on_connect=False
            )
        self.url = f"{self.root}/simple/"

    def __enter__(self) -> PackageIndex:  # noqa: PYI034 - typing.Self is younger than 3.10
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def fail(self, ending: str, **what: object) -> None:
        """Let requests whose path ends so fail; see Fault."""
        self._faults.append(Fault(ending, **what))  # type: ignore[arg-type]

    def heal(self) -> None:
        """Forget all faults."""
        self._faults.clear()

    def fault_for(self, path: str) -> Fault | None:
        """The next fault for a path, counted down."""
        with self._lock:
            for fault in self._faults:
                if path.endswith(fault.ending) and fault.times != 0:
                    fault.times -= 1
                    return fault
        return None

    def page(self, project: str) -> bytes | None:
        """A project's page, None where there is no such project."""
        names = sorted(path.name for path in self.wheels.iterdir() if path.suffix in (".whl", ".gz"))
        mine = [name for name in names if name.split("-")[0].replace("_", "-").lower() == project]
        if not mine:
            return None
        root = self.files_url or self.root
        lines = [self._link(root, name) for name in mine]
        return ("<!DOCTYPE html><html><body>\n" + "\n".join(lines) + "</body></html>").encode()

    def _link(self, root: str, name: str) -> str:
        digest = hashlib.sha256((self.wheels / name).read_bytes()).hexdigest()
        marks = f" {self.marks[name]}" if name in self.marks else ""
        return f'<a href="{root}/files/{name}#sha256={digest}"{marks}>{name}</a><br>'


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """Clients that go away are part of the game."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    index: PackageIndex

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Say nothing."""

    def do_HEAD(self) -> None:
        self._answer()

    def do_CONNECT(self) -> None:
        """Be a proxy for TLS: join the two ends."""
        authorization = self.headers.get("Proxy-Authorization", "")
        self.index.seen.append(Seen(self.path, "", authorization, proxied=True))
        host, _, port = self.path.rpartition(":")
        with socket.create_connection((host, int(port))) as far:
            self.send_response(200)
            self.end_headers()
            self.wfile.flush()
            back = threading.Thread(target=_pump, args=(far, self.connection), daemon=True)
            back.start()
            _pump(self.connection, far)
            back.join(5)
        self.close_connection = True

    def do_GET(self) -> None:
        self._answer()

    def _answer(self) -> None:
        path = self.path.removeprefix(self.index.root).partition("?")[0]
        authorization = self.headers.get("Authorization", "")
        seen = Seen(path, self.headers.get("Range", ""), authorization, self.path.startswith("http"))
        self.index.seen.append(seen)
        if self.index.login is not None and authorization != basic(*self.index.login):
            self._send(401, b"who are you?", {"WWW-Authenticate": 'Basic realm="index"'})
            return
        fault = self.index.fault_for(path)
        if fault is not None:
            time.sleep(fault.delay)
            if fault.status is not None or fault.body is not None:
                self._send(
                    fault.status or 200, fault.body or b"", {"Content-Type": "text/html", **fault.headers}
                )
                return
        body = (
            self._body(path.removeprefix(self.index.prefix)) if path.startswith(self.index.prefix) else None
        )
        if body is None:
            self._send(404, b"nothing here", {})
        else:
            self._serve(path, body, fault)

    def _body(self, path: str) -> bytes | None:
        if path.startswith("/simple/"):
            return self.index.page(path.removeprefix("/simple/").strip("/"))
        file = self.index.wheels / path.rpartition("/")[2]
        return file.read_bytes() if path.startswith("/files/") and file.is_file() else None

    def _serve(self, path: str, body: bytes, fault: Fault | None) -> None:
        if fault is not None and fault.flip:
            body = body[:-1] + bytes([body[-1] ^ 1])
        kind = "text/html" if "/simple/" in path else "application/octet-stream"
        headers = {
            "Content-Type": kind,
            "ETag": f'"{hashlib.sha256(body).hexdigest()}"',
            "Accept-Ranges": "bytes",
        }
        status, part = _part(self.headers.get("Range", ""), body, headers)
        if fault is not None and fault.cut_after is not None:
            self._cut(status, part, headers, fault)
        else:
            self._send(status, part, headers)

    def _cut(self, status: int, body: bytes, headers: dict[str, str], fault: Fault) -> None:
        self._head(status, len(body) if fault.length else None, headers)
        self.wfile.write(body[: fault.cut_after])
        self.wfile.flush()
        time.sleep(fault.stall)
        self.close_connection = True

    def _send(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        self._head(status, len(body), headers)
        if self.command != "HEAD":
            self.wfile.write(body)

    def _head(self, status: int, length: int | None, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header(*("Connection", "close") if length is None else ("Content-Length", str(length)))
        self.end_headers()


def _pump(source: socket.socket, target: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(65536):
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)


def _part(wanted: str, body: bytes, headers: dict[str, str]) -> tuple[int, bytes]:
    """Status and bytes for a Range header; unsatisfiable ones give 416."""
    if not wanted.startswith("bytes="):
        return 200, body
    first, _, last = wanted.removeprefix("bytes=").partition("-")
    start = int(first) if first else max(0, len(body) - int(last))
    end = int(last) if first and last else len(body) - 1
    if start >= len(body):
        return 416, b""
    part = body[start : end + 1]
    headers["Content-Range"] = f"bytes {start}-{start + len(part) - 1}/{len(body)}"
    return 206, part


def basic(user: str, password: str) -> str:
    """An Authorization header's value."""
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


def tiny_wheel(
    folder: Path,
    name: str,
    version: str = "1.0",
    *,
    tag: str = "py3-none-any",
    requires: Sequence[str] = (),
    requires_python: str = "",
    padding: int = 0,
) -> Path:
    """A good wheel with one module of that name; `padding` bytes of incompressible ballast."""
    folder.mkdir(parents=True, exist_ok=True)
    stem = name.replace("-", "_")
    files = {f"{stem}.py": f"version = {version!r}\n".encode()}
    if padding:
        blocks = (hashlib.sha256(f"{name}{i}".encode()).digest() for i in range(padding // 32 + 1))
        files[f"{stem}_data.bin"] = b"".join(blocks)[:padding]
    metadata = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
    metadata += f"Requires-Python: {requires_python}\n" if requires_python else ""
    parts = WheelParts(stem, version, tag, files, requires=requires, metadata=metadata)
    wheel = folder / parts.filename
    wheel.write_bytes(parts.data())
    return wheel


def certificate(folder: Path) -> tuple[ssl.SSLContext, str]:
    """A server's context for 127.0.0.1 and the PEM text of the CA that vouches for it."""
    folder.mkdir(parents=True, exist_ok=True)
    key, cert = folder / "key.pem", folder / "cert.pem"
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
    command += ["-keyout", str(key), "-out", str(cert), "-days", "2", "-subj", "/CN=127.0.0.1"]
    command += ["-addext", "subjectAltName=IP:127.0.0.1"]
    subprocess.run(command, check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, key)
    return context, cert.read_text()


def gateway() -> str:
    """The address under which containers on the engine's default bridge reach this machine."""
    command = ["docker", "network", "inspect", "bridge"]
    networks = json.loads(subprocess.run(command, capture_output=True, check=True).stdout)
    config = networks[0]["IPAM"]["Config"][0]
    subnet: str = config.get("Gateway") or config["Subnet"].replace(".0/16", ".1")
    return subnet
