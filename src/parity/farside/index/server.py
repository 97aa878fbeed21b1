"""The index server: sockets around `responses`. Standard library only, Python 3.6 and later.

A thread for each connection; a wheel goes by `sendfile` and offset, so threads share no position in a bundle.
"""

import errno
import os
import select
import signal
import socket
import socketserver
import sys
import threading
import time
from contextlib import suppress
from http.server import BaseHTTPRequestHandler
from typing import Callable, Dict, Optional, Sequence, Tuple, Union, cast

from ...portable.errors import FarsideError, ServeFailed
from .bind import BROKEN, Address, Tls
from .catalogue import Catalogue
from .head import IDLE_SECONDS, Head
from .responses import Answer, IndexSite, Region, answer

Log = Callable[[str], None]
"""Hears one line for each request; called from many threads."""
_Place = Union[Tuple[str, int], Tuple[str, int, int, int]]
Connection = Union[socket.socket, Tuple[bytes, socket.socket]]  # the library's word for UDP, too

_HANDSHAKE_SECONDS = 10
_MAX_CONNECTIONS, _MAX_OF_ONE = 512, 128
_POLL_SECONDS = 0.25
_CHUNK = 1 << 18
_NO_SENDFILE = (errno.EINVAL, errno.ENOSYS, errno.ENOTSUP)
_DRAIN_SECONDS, _MAX_DRAIN = 1.0, 1 << 20


class IndexServer(socketserver.ThreadingMixIn, socketserver.TCPServer):
    """Listens from the moment it is made; `serve_forever` answers, `stop` ends it.

    Args:
        catalogue: what is offered; must stay open as long as the server.
        bind: where to listen.
        tls: see `tls_context`; plain HTTP without it.
        log: hears one line for each request; None for silence.

    Raises:
        ServeFailed: nobody can listen there.
    """

    daemon_threads = True
    allow_reuse_address = True
    request_queue_size = 128

    def __init__(
        self, catalogue: Catalogue, bind: Address, tls: Tls = None, log: Optional[Log] = None
    ) -> None:
        self.tls = tls
        self.log = log
        self.site = IndexSite(catalogue, "https" if tls else "http")
        self._seats: Dict[str, int] = {}
        self._asked = False
        self._connections: Dict[socket.socket, bool] = {}
        self._changed = threading.Condition()
        self.stopping = False
        try:
            self.address_family, place = _resolve(bind)
            super().__init__(place, _Handler)
        except (OSError, UnicodeError) as error:
            reason = getattr(error, "strerror", None) or error
            raise ServeFailed(f"cannot listen on {bind.host} port {bind.port}: {reason}") from error

    @property
    def url(self) -> str:
        """The index's own page, as this machine reaches it."""
        host, port = self.server_address[:2]
        host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(str(host), str(host))  # noqa: S104 - what to call it
        return f"{self.site.scheme}://{f'[{host}]' if ':' in host else host}:{port}/"

    def serve_until_signal(self, announce: Callable[[], object]) -> None:
        """Say so, and answer until SIGINT or SIGTERM; for the main thread.

        No handler raises: what it raised would be lost where the library, amid a connection that comes in,
        takes it for a fault of that connection, or where a finaliser runs.
        """
        before = [(each, signal.signal(each, self._ask)) for each in (signal.SIGINT, signal.SIGTERM)]
        try:
            with suppress(_Asked):
                announce()
                self.serve_forever(_POLL_SECONDS)
        finally:
            for number, handler in before:
                signal.signal(number, handler)

    def _ask(self, *_: object) -> None:
        self._asked = True

    def service_actions(self) -> None:
        """End where a signal asked for it: the library calls this between two connections."""
        if self._asked:
            raise _Asked

    def stop(self, patience: float = 10.0) -> bool:
        """Take no more connections, let running answers end, and close every connection.

        Args:
            patience: seconds to wait for running answers.

        Returns:
            Whether all of them ended in time. Afterwards nobody reads from the catalogue any more.
        """
        self.stopping = True
        self.server_close()
        with self._changed:
            ended = self._changed.wait_for(lambda: not any(self._connections.values()), patience)
            for connection in list(self._connections):
                with suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)
            self._changed.wait_for(lambda: not self._connections, IDLE_SECONDS)
        return ended

    def process_request(self, request: Connection, client_address: Sequence[object]) -> None:
        """Give a connection its thread, or close it where too many are open, or too many of one client."""
        if self._sit(_client(client_address)):
            super().process_request(request, client_address)
        else:
            self.say(client_address, "closed: too many connections")
            self.shutdown_request(request)

    def _sit(self, client: str) -> bool:
        with self._changed:
            free = sum(self._seats.values()) < _MAX_CONNECTIONS and self._seats.get(client, 0) < _MAX_OF_ONE
            if free:
                self._seats[client] = self._seats.get(client, 0) + 1
        return free

    def _rise(self, client: str) -> None:
        with self._changed:
            self._seats[client] -= 1
            if not self._seats[client]:
                del self._seats[client]

    def process_request_thread(self, request: Connection, client_address: Sequence[object]) -> None:
        """Serve a connection to its end."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._rise(_client(client_address))

    def handle_error(self, request: Connection, client_address: Sequence[object]) -> None:
        """A connection that broke is at most a line in the log, never a traceback."""
        del request
        error = sys.exc_info()[1]
        if not isinstance(error, BROKEN):
            self.say(client_address, f"failed: {type(error).__name__}: {error}")

    def say(self, client_address: Sequence[object], text: str) -> None:
        """One line for the log: when, who, what; nothing in it can start another line."""
        if self.log is not None:
            moment = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
            safe = "".join(sign if " " <= sign <= "~" else ascii(sign)[1:-1] for sign in text)
            self.log(f"{moment} {client_address[0]} {safe}")

    def track(self, connection: socket.socket, busy: Optional[bool]) -> None:
        """A connection is answering, is waiting, or (None) has ended."""
        with self._changed:
            if busy is None:
                self._connections.pop(connection, None)
            else:
                self._connections[connection] = busy
            self._changed.notify_all()


class _Asked(Exception):
    """A signal asked the server to end."""


def _client(address: Sequence[object]) -> str:
    """Whose seat it is: an address, of IPv6 the network that one host has to itself (RFC 6177)."""
    host = str(address[0]).split("%")[0]
    if ":" not in host or host.startswith("::ffff:"):
        return host
    return socket.inet_pton(socket.AF_INET6, host)[:8].hex()


def _resolve(bind: Address) -> "Tuple[int, _Place]":
    found = socket.getaddrinfo(bind.host, bind.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    return found[0][0], cast("_Place", found[0][4])


class _Handler(BaseHTTPRequestHandler):
    """One connection: the standard library reads the requests, `responses` answers them."""

    protocol_version = "HTTP/1.1"
    timeout = IDLE_SECONDS
    disable_nagle_algorithm = True
    unread = False
    server: IndexServer

    def setup(self) -> None:
        if self.server.tls is not None:
            # Here and not at accept: a client that is slow to greet keeps nobody else waiting.
            self.request.settimeout(_HANDSHAKE_SECONDS)
            self.request = self.server.tls.wrap_socket(self.request, server_side=True)
        super().setup()
        self.rfile.close()
        self.rfile = self.head = Head(self.connection)
        self.server.track(self.connection, busy=False)

    def finish(self) -> None:
        try:
            with suppress(*BROKEN):
                super().finish()
            if self.unread and not self.server.stopping:
                self._drain()
        finally:
            self.connection.close()
            self.server.track(self.connection, None)

    def _drain(self) -> None:
        """Read on for a moment: a close with unread input would take our answer from the client."""
        end, left = time.monotonic() + _DRAIN_SECONDS, _MAX_DRAIN
        with suppress(OSError):
            self.connection.shutdown(socket.SHUT_WR)
            self.connection.settimeout(_DRAIN_SECONDS)
            while left > 0 and time.monotonic() < end:
                count = len(self.connection.recv(_CHUNK))
                left = left - count if count else 0

    def handle_one_request(self) -> None:
        if self.server.stopping:
            self.close_connection = True
            return
        self.head.begin()
        super().handle_one_request()

    def do_GET(self) -> None:
        """Answer a GET, or any other method; the library has read the head."""
        self.connection.settimeout(IDLE_SECONDS)
        self.server.track(self.connection, busy=True)
        try:
            problem = self.head.problem()
            self.send_error(400, problem) if problem else self._answer()
        except BROKEN as error:
            self.close_connection = True
            self.server.say(self.client_address, f'"{self.requestline}" cut: {type(error).__name__}')
        finally:
            self.server.track(self.connection, busy=False)
            self.close_connection = self.close_connection or self.server.stopping

    do_HEAD = do_POST = do_PUT = do_DELETE = do_OPTIONS = do_PATCH = do_GET  # noqa: N815

    def send_error(self, code: int, message: Optional[str] = None, explain: Optional[str] = None) -> None:
        """What the library refuses by itself: heads that are malformed or too large."""
        del explain
        self.close_connection = self.unread = True
        text = (message or self.responses.get(code, ("refused",))[0]) if code else ""
        kind = ("Content-Type", "text/plain; charset=utf-8")
        with suppress(OSError):
            self._send(Answer(int(code), (kind,), text.encode("ascii", "replace") + b"\n"), 0.0)

    def log_message(self, *_: object) -> None:
        """The library's own log: ours has every request already."""

    def _answer(self) -> None:
        began = time.monotonic()
        if self.headers.get("Content-Length", "0") != "0" or "Transfer-Encoding" in self.headers:
            # A body that nobody reads would look like the next request.
            self.close_connection = self.unread = True
        try:
            found = answer(self.server.site, self.command, self.path, self._header)
        except FarsideError as error:
            self.server.say(self.client_address, f"failed: {error.message}")
            kind = ("Content-Type", "text/plain; charset=utf-8")
            found = Answer(500, (kind,), b"the bundle can no longer be read; see the server's log\n")
        self._send(found, began)

    def _header(self, name: str) -> str:
        return ", ".join(str(value) for value in self.headers.get_all(name, []))

    def _send(self, found: Answer, began: float) -> None:
        body = found.body
        size = body.size if isinstance(body, Region) else len(body)
        head = self._head(found, size)
        if getattr(self, "command", None) == "HEAD" or found.status == 304:  # noqa: PLR2004
            body, size = b"", 0
        if isinstance(body, Region):
            self.connection.sendall(head)
            self._send_region(body)
        else:
            self.connection.sendall(head + body)  # one packet where it fits
        spent = f" {(time.monotonic() - began) * 1000:.1f}ms" if began else ""
        line = getattr(self, "requestline", "") or "(no request)"
        self.server.say(self.client_address, f'"{line}" {found.status} {size}{spent}')

    def _head(self, found: Answer, size: int) -> bytes:
        reason = self.responses[found.status][0] if found.status in self.responses else ""
        lines = [f"HTTP/1.1 {found.status} {reason}", "Server: parity", f"Date: {self.date_time_string()}"]
        lines += [f"{name}: {value}" for name, value in found.headers]
        if found.status != 304:  # noqa: PLR2004
            lines.append(f"Content-Length: {size}")
        if self.close_connection:
            lines.append("Connection: close")
        elif self.request_version == "HTTP/1.0":
            lines.append("Connection: keep-alive")
        return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1", "replace")

    def _send_region(self, region: Region) -> None:
        """The bytes of a bundle; the connection ends where the bundle has become too short."""
        sent = self._sendfile(region) if self.server.tls is None else 0
        if sent < region.size:
            sent += self._copy(Region(region.descriptor, region.offset + sent, region.size - sent))
        if sent != region.size:
            self.close_connection = True
            self.server.say(self.client_address, "failed: the bundle has become shorter")

    def _sendfile(self, region: Region) -> int:
        """Send by the kernel alone as far as it can; gives how many bytes went."""
        out, sent = self.connection.fileno(), 0
        ready = select.poll()
        ready.register(out, select.POLLOUT)
        while sent < region.size:
            try:
                count = os.sendfile(out, region.descriptor, region.offset + sent, region.size - sent)
            except BlockingIOError:
                if not ready.poll(IDLE_SECONDS * 1000):
                    raise socket.timeout("the client takes nothing") from None
                continue
            except OSError as error:
                if error.errno in _NO_SENDFILE:
                    break
                raise
            if not count:
                break
            sent += count
        return sent

    def _copy(self, region: Region) -> int:
        sent = 0
        while sent < region.size:
            data = os.pread(region.descriptor, min(_CHUNK, region.size - sent), region.offset + sent)
            if not data:
                break
            self.connection.sendall(data)
            sent += len(data)
        return sent
