"""A real package index (PEP 503 HTML) on this machine, which goes wrong on demand.

    with PackageIndex(folder_of_wheels) as index:
        index.fail("/simple/demo/", status=429, retry_after="0", times=1)
        ... index.url ...

Reachable from containers under the bridge's gateway when started with `host=gateway()`.
"""

from __future__ import annotations

import base64
import hashlib
import json
import subprocess
import threading
import time
import zipfile
from collections.abc import Iterable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType

_WHEEL = "Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: {tag}\n"


@dataclass
class Fault:
    """What goes wrong for paths that end so; `times` -1 means always."""

    ending: str
    times: int = -1
    status: int | None = None
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes | None = None
    cut_after: int | None = None
    delay: float = 0.0
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
        self, wheels: Path, *, host: str = "127.0.0.1", login: tuple[str, str] | None = None
    ) -> None:
        self.wheels = wheels
        self.login = login
        self.seen: list[Seen] = []
        self.files_url = ""
        """Where the pages say the files lie; empty for this server itself."""
        self._faults: list[Fault] = []
        self._lock = threading.Lock()
        self._server = _Server((host, 0), type("Handler", (_Handler,), {"index": self}))
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self.root = f"http://{host}:{self._server.server_address[1]}"
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
        names = sorted(path.name for path in self.wheels.glob("*.whl"))
        mine = [name for name in names if name.split("-")[0].replace("_", "-").lower() == project]
        if not mine:
            return None
        root = self.files_url or self.root
        lines = [self._link(root, name) for name in mine]
        return ("<!DOCTYPE html><html><body>\n" + "\n".join(lines) + "</body></html>").encode()

    def _link(self, root: str, name: str) -> str:
        digest = hashlib.sha256((self.wheels / name).read_bytes()).hexdigest()
        return f'<a href="{root}/files/{name}#sha256={digest}">{name}</a><br>'


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
                self._send(fault.status or 200, fault.body or b"", fault.headers)
                return
        body = self._body(path)
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
        kind = "text/html" if path.startswith("/simple/") else "application/octet-stream"
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
    requires: Iterable[str] = (),
    requires_python: str = "",
    padding: int = 0,
) -> Path:
    """A valid wheel with one module of that name; `padding` bytes of incompressible ballast."""
    folder.mkdir(parents=True, exist_ok=True)
    stem = name.replace("-", "_")
    info = f"{stem}-{version}.dist-info"
    metadata = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
    metadata += "".join(f"Requires-Dist: {line}\n" for line in requires)
    metadata += f"Requires-Python: {requires_python}\n" if requires_python else ""
    files = {
        f"{stem}.py": f"version = {version!r}\n".encode(),
        f"{info}/METADATA": metadata.encode(),
        f"{info}/WHEEL": _WHEEL.format(tag=tag).encode(),
    }
    if padding:
        blocks = (hashlib.sha256(f"{name}{i}".encode()).digest() for i in range(padding // 32 + 1))
        files[f"{stem}_data.bin"] = b"".join(blocks)[:padding]
    record = "".join(f"{path},{_record_hash(data)},{len(data)}\n" for path, data in files.items())
    files[f"{info}/RECORD"] = (record + f"{info}/RECORD,,\n").encode()
    wheel = folder / f"{stem}-{version}-{tag}.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        for path, data in files.items():
            archive.writestr(zipfile.ZipInfo(path), data)
    return wheel


def _record_hash(data: bytes) -> str:
    digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
    return f"sha256={digest}"


def gateway() -> str:
    """The address under which containers on the engine's default bridge reach this machine."""
    command = ["docker", "network", "inspect", "bridge"]
    networks = json.loads(subprocess.run(command, capture_output=True, check=True).stdout)
    config = networks[0]["IPAM"]["Config"][0]
    subnet: str = config.get("Gateway") or config["Subnet"].replace(".0/16", ".1")
    return subnet
