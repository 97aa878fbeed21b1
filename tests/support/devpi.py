"""The real devpi, and what any real index server as a child process needs."""

from __future__ import annotations

import http.client
import os
import socket
import ssl
import subprocess
import time
import urllib.parse
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from tests.support.threads import answering
from tests.support.tools import tools_environment

DEVPI = ("devpi-server>=6.20,<7", "devpi-client>=7.3,<8")
LOCKED = (*DEVPI, "devpi-lockdown>=2,<3", "setuptools<81")
# Of this process alone: another's devpi-init has its password on the command line, where canaries are sought.
USER, PASSWORD = "root", f"canary-5ecret{os.getpid()}"


@dataclass(frozen=True)
class Index:
    """A running index: where to upload, where to install from."""

    upload: str
    simple: str


@contextmanager
def running_devpi(folder: Path, host: str = "127.0.0.1") -> Iterator[Index]:
    """devpi with one index that replaces nothing and one that does; neither inherits from elsewhere."""
    tools = tools_environment(*DEVPI)
    data, client = str(folder / "data"), ["--clientdir", str(folder / "client")]
    run([tools / "devpi-init", "--serverdir", data, "--root-passwd", PASSWORD, "--no-root-pypi"], folder)
    port = free_port(host)
    url = f"http://{host}:{port}/"
    server = [str(tools / "devpi-server"), "--serverdir", data, "--host", host, "--port", str(port)]
    with started(server, f"{url}+api", folder / "log"):
        run([tools / "devpi", "use", *client, url], folder)
        run([tools / "devpi", "login", *client, USER, "--password", PASSWORD], folder)
        run([tools / "devpi", "index", *client, "-c", "prod", "volatile=False", "bases="], folder)
        run([tools / "devpi", "index", *client, "-c", "loose", "volatile=True", "bases="], folder)
        yield Index(f"{url}root/prod/", f"{url}root/prod/+simple/")


@contextmanager
def locked_devpi(folder: Path, wheels: Sequence[Path], tls: ssl.SSLContext, host: str) -> Iterator[str]:
    """devpi with these wheels, behind TLS, that lets nobody read without USER and PASSWORD; its index.

    The door in front is what devpi-lockdown asks for (its notes have it as nginx lines): it lets through
    what devpi's own `+authcheck` allows.
    """
    tools = tools_environment(*LOCKED)
    data, client = str(folder / "data"), ["--clientdir", str(folder / "client")]
    run([tools / "devpi-init", "--serverdir", data, "--root-passwd", PASSWORD, "--no-root-pypi"], folder)
    port = free_port()
    url = f"http://127.0.0.1:{port}/"
    server = [str(tools / "devpi-server"), "--serverdir", data, "--port", str(port)]
    with started(server, f"{url}+api", folder / "log"), door(host, url, tls) as outside:
        run([tools / "devpi", "use", *client, url], folder)
        run([tools / "devpi", "login", *client, USER, "--password", PASSWORD], folder)
        run([tools / "devpi", "index", *client, "-c", "prod", "volatile=False", "bases="], folder)
        run([tools / "devpi", "use", *client, "root/prod"], folder)
        run([tools / "devpi", "upload", *client, *wheels], folder)
        yield f"{outside}root/prod/+simple/"


@contextmanager
def door(host: str, inside: str, tls: ssl.SSLContext) -> Iterator[str]:
    """A reverse proxy with TLS in front of a devpi with devpi-lockdown; its address."""
    server = ThreadingHTTPServer((host, 0), type("Door", (_Door,), {"inside": inside}))
    server.daemon_threads = True
    server.socket = tls.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    outside = f"https://{host}:{server.server_address[1]}/"
    server.RequestHandlerClass.outside = outside  # type: ignore[attr-defined]
    with answering(server):
        yield outside


class _Door(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    inside = outside = ""

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Say nothing."""

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_GET(self) -> None:
        login = {name: value for name, value in self.headers.items() if name.lower() == "authorization"}
        check = {**login, "X-Original-URI": self.outside + self.path[1:]}
        status, headers, body = self._ask("GET", "+authcheck", check)
        if status == HTTPStatus.OK:
            asked = {
                name: value for name, value in self.headers.items() if name.lower() in ("accept", "range")
            }
            status, headers, body = self._ask(self.command, self.path[1:], asked)
        else:
            headers, body = {"WWW-Authenticate": 'Basic realm="devpi"'}, b""
        self.send_response(status)
        for name in ("Content-Type", "Content-Range", "Location", "ETag", "WWW-Authenticate"):
            if name in headers:
                self.send_header(name, headers[name])
        self.send_header("Content-Length", headers.get("Content-Length", str(len(body))))
        self.end_headers()
        self.wfile.write(body)

    def _ask(self, method: str, path: str, headers: dict[str, str]) -> tuple[int, dict[str, str], bytes]:
        parts = urllib.parse.urlsplit(self.inside)
        connection = http.client.HTTPConnection(str(parts.hostname), parts.port, timeout=30)
        connection.request(method, "/" + path, headers={**headers, "X-Outside-Url": self.outside.rstrip("/")})
        answer = connection.getresponse()
        body = answer.read()
        connection.close()
        return answer.status, dict(answer.getheaders()), body


@contextmanager
def started(command: Sequence[str], ready: str, log: Path) -> Iterator[None]:
    """A server as a child process, from its first answer at `ready` on."""
    with (
        log.open("wb") as file,
        subprocess.Popen(command, stdout=file, stderr=file, cwd=log.parent) as process,
    ):
        try:
            for _ in range(300):
                assert process.poll() is None, log.read_text()
                if answers(ready):
                    break
                time.sleep(0.1)
            yield
        finally:
            process.terminate()


def answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=5):  # noqa: S310 - our own
            return True
    except OSError:
        return False


def free_port(host: str = "127.0.0.1") -> int:
    with socket.socket() as one:
        one.bind((host, 0))
        return int(one.getsockname()[1])


def run(command: Sequence[str | Path], folder: Path) -> None:
    environment = {"PATH": os.defpath, "HOME": str(folder), "LC_ALL": "C.UTF-8"}
    done = subprocess.run(
        [str(word) for word in command],
        check=False,
        capture_output=True,
        text=True,
        cwd=folder,
        env=environment,
    )
    assert done.returncode == 0, done.stdout + done.stderr
