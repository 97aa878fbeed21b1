"""A raw connection to the engine whose sending side can be closed alone: the hijacked exec stream.

The SDK's own socket cannot do it: Python's SSLSocket drops TLS when it is half-closed, and bytes
that came with the response's head stay in a buffer that the SDK does not read.
"""

from __future__ import annotations

import socket
import ssl
from contextlib import suppress
from typing import Protocol
from urllib.parse import urlsplit

from parity.docker_engine.endpoints import Endpoint

CONNECT_SECONDS = 15
_BLOCK = 65536
_BLOCKING = (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError)


class Wire(Protocol):
    """A non-blocking duplex byte stream."""

    @property
    def pending(self) -> bool:
        """Whether bytes wait to be sent by `flush`."""

    @property
    def ended(self) -> bool:
        """Whether the other side has said its last word, which no further byte will announce."""

    def fileno(self) -> int:
        """For select."""

    def receive(self) -> bytes | None:
        """What has come; None when nothing has, empty at the end."""

    def send(self, data: memoryview) -> int:
        """Take some of `data` for sending; tells how many bytes."""

    def flush(self) -> None:
        """Send what is pending, as far as it goes."""

    def half_close(self) -> None:
        """Tell the other side that nothing more will come."""

    def close(self) -> None:
        """Close both ways."""


class PlainWire:
    """A wire over a Unix or TCP socket."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        sock.setblocking(False)

    @property
    def pending(self) -> bool:
        """Never: the kernel takes what `send` takes."""
        return False

    @property
    def ended(self) -> bool:
        """Never: the kernel announces the end by itself."""
        return False

    def fileno(self) -> int:
        """For select."""
        return self._sock.fileno()

    def receive(self) -> bytes | None:
        """What has come; None when nothing has, empty at the end."""
        try:
            return self._sock.recv(_BLOCK)
        except BlockingIOError:
            return None

    def send(self, data: memoryview) -> int:
        """Give the kernel what it takes."""
        try:
            return self._sock.send(data[:_BLOCK])
        except BlockingIOError:
            return 0

    def flush(self) -> None:
        """Nothing is ever pending."""

    def half_close(self) -> None:
        """Shut the sending side."""
        self._sock.shutdown(socket.SHUT_WR)

    def close(self) -> None:
        """Close both ways."""
        self._sock.close()


class TlsWire:
    """A wire through TLS, by memory buffers so that close_notify can be sent and reading goes on."""

    def __init__(self, sock: socket.socket, context: ssl.SSLContext, host: str) -> None:
        self._sock = sock
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        # Without a check there is no name to hold the certificate against, and an address may be no valid
        # SNI.
        name = host if context.check_hostname else None
        self._tls = context.wrap_bio(self._incoming, self._outgoing, server_hostname=name)
        self._unsent = b""
        self._ended = False
        self._handshake()
        sock.setblocking(False)

    def _handshake(self) -> None:
        while not self._shaken():
            self._sock.sendall(self._outgoing.read())
            chunk = self._sock.recv(_BLOCK)
            if not chunk:
                raise ConnectionResetError("the engine ended the TLS handshake")
            self._incoming.write(chunk)
        self._sock.sendall(self._outgoing.read())

    def _shaken(self) -> bool:
        try:
            self._tls.do_handshake()
        except ssl.SSLWantReadError:
            return False
        return True

    @property
    def pending(self) -> bool:
        """Whether encrypted bytes wait."""
        return bool(self._unsent) or self._outgoing.pending > 0

    @property
    def ended(self) -> bool:
        """Whether its close_notify has come; Docker may leave the connection open for minutes after it."""
        return self._ended

    def fileno(self) -> int:
        """For select."""
        return self._sock.fileno()

    def receive(self) -> bytes | None:
        """What has come; None when nothing has, empty at the end."""
        if self._ended:
            return b""
        try:
            chunk = self._sock.recv(_BLOCK)
        except BlockingIOError:
            return None
        if not chunk:
            return b""
        self._incoming.write(chunk)
        return self._decrypt()

    def _decrypt(self) -> bytes | None:
        parts: list[bytes] = []
        while True:
            try:
                part = self._tls.read(_BLOCK)
            except _BLOCKING:
                return b"".join(parts) or None
            except (ssl.SSLZeroReturnError, ssl.SSLEOFError):
                part = b""
            if not part:
                self._ended = True
                return b"".join(parts)
            parts.append(part)

    def send(self, data: memoryview) -> int:
        """Encrypt some of it and send as far as it goes."""
        # Nothing is encrypted ahead of what the socket takes: memory stays bounded, order kept.
        if self.pending:
            return 0
        taken = self._tls.write(data[:_BLOCK])
        self.flush()
        return taken

    def flush(self) -> None:
        """Send what is encrypted, as far as it goes."""
        # A part that the socket did not take must go first next time: TLS records keep their order.
        self._unsent += self._outgoing.read()
        try:
            sent = self._sock.send(self._unsent) if self._unsent else 0
        except BlockingIOError:
            sent = 0
        self._unsent = self._unsent[sent:]

    def half_close(self) -> None:
        """Send close_notify. Everything received was decrypted before, so no data stands in its way."""
        with suppress(ssl.SSLWantReadError):  # the other side's comes when it has said all
            self._tls.unwrap()
        self.flush()

    def close(self) -> None:
        """Close both ways."""
        self._sock.close()


def open_wire(endpoint: Endpoint) -> Wire:
    """Connect to the engine.

    Raises:
        OSError: nobody answers (ssl.SSLError included).
    """
    if endpoint.address.startswith("unix://"):
        return PlainWire(_unix_socket(endpoint.address[len("unix://") :]))
    parts = urlsplit(endpoint.address)
    # The ports that Docker registered for itself: 2376 with TLS, 2375 without.
    host, port = parts.hostname or "localhost", parts.port or (2376 if endpoint.tls else 2375)
    sock = socket.create_connection((host, port), timeout=CONNECT_SECONDS)
    _keep_alive(sock)
    try:
        context = _tls_context(endpoint, parts.scheme)
        return TlsWire(sock, context, host) if context else PlainWire(sock)
    except BaseException:
        sock.close()
        raise


def _unix_socket(path: str) -> socket.socket:
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        # A Unix socket whose queue is full lets `connect` wait without an end.
        sock.settimeout(CONNECT_SECONDS)
        sock.connect(path)
    except BaseException:
        sock.close()
        raise
    return sock


def _keep_alive(sock: socket.socket) -> None:
    # A command may be silent for hours; a host that vanished must still be noticed in a minute.
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for option, value in (("TCP_KEEPIDLE", 20), ("TCP_KEEPINTVL", 10), ("TCP_KEEPCNT", 4)):
        if hasattr(socket, option):
            sock.setsockopt(socket.IPPROTO_TCP, getattr(socket, option), value)


def _tls_context(endpoint: Endpoint, scheme: str) -> ssl.SSLContext | None:
    tls = endpoint.tls
    if tls is None:
        return ssl.create_default_context() if scheme == "https" else None
    context = ssl.create_default_context(cafile=tls.ca_cert if tls.verify else None)
    # DOCKER_CERT_PATH without DOCKER_TLS_VERIFY: a client certificate, the server's not checked, as in
    # Docker.
    if not tls.verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    if tls.cert:
        context.load_cert_chain(*tls.cert)
    return context
