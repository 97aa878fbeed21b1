"""The raw connection to an engine through TLS: its end is seen when it is said, not when it closes."""

from __future__ import annotations

import socket
import ssl
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from tests.support.second_engine import make_certificates

from parity.docker_engine.streams import Conversation
from parity.docker_engine.wire import TlsWire

FRAME = b"\1\0\0\0\0\0\0\5hello"


class Peer:
    """An engine's side of TLS that answers a request, says its end at once, and leaves the socket open."""

    def __init__(self, sock: socket.socket, context: ssl.SSLContext) -> None:
        self._sock = sock
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._incoming, self._outgoing, server_side=True)

    def answer(self) -> None:
        while not self._is_done(self._tls.do_handshake):
            self._more()
        self._sock.sendall(self._outgoing.read())
        request = bytearray()
        while b"\r\n\r\n{}" not in request:
            if not self._is_done(lambda: request.extend(self._tls.read(65536))):
                self._more()
        self._tls.write(b"HTTP/1.1 101 UPGRADED\r\n\r\n")
        self._tls.write(FRAME)
        with suppress(ssl.SSLWantReadError):
            self._tls.unwrap()
        self._sock.sendall(self._outgoing.read())  # answer, output and end in one piece

    def _is_done(self, step: Callable[[], None]) -> bool:
        try:
            step()
        except ssl.SSLWantReadError:
            return False
        return True

    def _more(self) -> None:
        self._sock.sendall(self._outgoing.read())
        self._incoming.write(self._sock.recv(65536))


def test_an_end_that_comes_with_the_last_bytes_is_not_waited_for_again(tmp_path: Path) -> None:
    certificates = make_certificates(tmp_path / "certificates")
    here = ssl.create_default_context(cafile=str(certificates / "ca.pem"))
    there = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    there.load_cert_chain(certificates / "server.pem", certificates / "server-key.pem")
    ours, theirs = socket.socketpair()
    with ours, theirs:
        thread = threading.Thread(target=Peer(theirs, there).answer)
        thread.start()
        said: list[tuple[int, bytes]] = []
        conversation = Conversation(TlsWire(ours, here, "127.0.0.1"), time.monotonic() + 20)
        conversation.start("/exec/1/start", {})
        conversation.talk(b"", lambda stream, data: said.append((stream, data)))
        thread.join()
    assert said == [(1, b"hello")]
