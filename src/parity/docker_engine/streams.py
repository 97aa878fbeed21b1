"""The conversation with a command inside a container: stdin goes out while two streams come in.

The engine's framing: 8 bytes of head (stream number, three zero bytes, length as a big-endian
32-bit number), then the bytes; see "Attach to a container" in the Docker Engine API.
"""

from __future__ import annotations

import http.client
import io
import json
import re
import select
import time
from collections.abc import Callable, Mapping

from parity.docker_engine.translate import refused
from parity.docker_engine.wire import Wire

Sink = Callable[[int, bytes], None]

STDOUT, STDERR = 1, 2
_HEAD = 8
# Bytes of an answer's head, or of an error's text: engines write some hundreds.
_ANSWER_LIMIT = 65536
_STATUS = re.compile(rb"HTTP/1\.[01] ([1-5][0-9]{2})(?: |$)")
_DIGITS = re.compile(r"[0-9]{1,18}", re.ASCII)
_QUIET = 1.0  # seconds of silence after which the engine is asked whether the command still runs
# Seconds after its end: an engine tells that end before it has passed on what the command said.
_LAST_WORDS = 5.0


class DeadlinePassed(Exception):
    """The command took too long. No OSError, as a socket's own timeout is one."""


class Demultiplexer:
    """Cuts the engine's framing; passes bytes on as they come, however large the frame."""

    def __init__(self, sink: Sink) -> None:
        self._sink = sink
        self._head = bytearray()
        self._stream = 0
        self._left = 0

    def feed(self, data: bytes) -> None:
        """Take the next bytes of the connection."""
        view = memoryview(data)
        while view:
            view = self._payload(view) if self._left else self._header(view)

    @property
    def complete(self) -> bool:
        """Whether the bytes so far end with a whole frame."""
        return not self._left and not self._head

    def _header(self, view: memoryview) -> memoryview:
        wanted = _HEAD - len(self._head)
        self._head += view[:wanted]
        if len(self._head) == _HEAD:
            self._stream, self._left = self._head[0], int.from_bytes(self._head[4:], "big")
            self._head.clear()
        return view[wanted:]

    def _payload(self, view: memoryview) -> memoryview:
        # A frame announces up to 4 GiB; it is passed on piece by piece and never held.
        part = bytes(view[: self._left])
        self._left -= len(part)
        self._sink(self._stream, part)
        return view[len(part) :]


class Conversation:
    """One hijacked connection, from the request to the end of both streams.

    Args:
        wire: a new connection.
        deadline: `time.monotonic()` after which DeadlinePassed is raised, None for never.
    """

    def __init__(self, wire: Wire, deadline: float | None) -> None:
        self._wire = wire
        self._deadline = deadline
        self._poll = select.poll()
        self._rest = b""

    def start(self, path: str, document: Mapping[str, object]) -> None:
        """POST the document and take the connection over.

        Raises:
            EngineRefused: the engine answered with an error.
            OSError: the connection ended.
        """
        body = json.dumps(document).encode()
        head = (
            # `Upgrade: tcp` hints to proxies that the connection is handed over (Docker Engine API).
            f"POST {path} HTTP/1.1\r\nHost: docker\r\nUser-Agent: parity\r\nConnection: Upgrade\r\n"
            f"Upgrade: tcp\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        self._send_all(head.encode("ascii") + body)
        received = b""
        while b"\r\n\r\n" not in received:
            received += self._more()
            if len(received) > _ANSWER_LIMIT:
                raise refused("run a command", "the head of its answer does not end")
        answer, _, self._rest = received.partition(b"\r\n\r\n")
        self._check(answer)

    def talk(self, stdin: bytes, sink: Sink, ended: Callable[[], bool] = lambda: False) -> None:
        """Send `stdin`, close that side, and hear both streams until the command has closed them.

        A process that the command left behind may hold them open for as long as it lives, so the
        command's own end decides too.

        Args:
            stdin: what to send.
            sink: hears the streams.
            ended: asked in silence: whether the command has ended.

        Raises:
            DeadlinePassed: it took too long.
            ConnectionError: the stream broke off in the middle of a frame.
        """
        frames = Demultiplexer(sink)
        frames.feed(self._rest)
        sender = _Sender(self._wire, stdin)
        over = 0.0  # when its last words are over at the latest, once it has ended
        while True:
            sender.go_on()
            # Not as long after each word: who holds the streams may say one every few seconds, for ever.
            if not self._wait(writing=sender.wants_to, patience=max(_QUIET, over - time.monotonic())):
                if over:
                    return
                # A long command may just be silent: only the engine knows, and asking it costs little.
                over = time.monotonic() + _LAST_WORDS if ended() else 0.0
                continue
            chunk = _received(self._wire)
            if chunk == b"":
                break
            frames.feed(chunk or b"")
        if not frames.complete:
            raise ConnectionResetError("the output broke off")

    def _wait(self, *, writing: bool, patience: float | None = None) -> bool:
        """Wait until there is something to do; False where `patience` (seconds) ended before."""
        if self._wire.ended:
            return True
        events = select.POLLIN | (select.POLLOUT if writing else 0)
        # Registering again replaces what was asked for before.
        self._poll.register(self._wire.fileno(), events)
        left = None if self._deadline is None else self._deadline - time.monotonic()
        if left is not None and left <= 0:
            raise DeadlinePassed
        limits = [seconds for seconds in (left, patience) if seconds is not None]
        if self._poll.poll(min(limits) * 1000 if limits else None):
            return True
        if patience is None:
            raise DeadlinePassed
        return False

    def _send_all(self, data: bytes) -> None:
        sender = _Sender(self._wire, data, closing=False)
        sender.go_on()
        while sender.wants_to:
            self._wait(writing=True)
            sender.go_on()

    def _more(self) -> bytes:
        self._wait(writing=False)
        chunk = self._wire.receive()
        if chunk == b"":
            raise ConnectionResetError("it closed the connection")
        return chunk or b""

    def _check(self, answer: bytes) -> None:
        status_line, _, headers = answer.partition(b"\r\n")
        found = _STATUS.match(status_line)
        if found is None:
            raise refused("run a command", f"it answered {_shown(status_line)!r}, which is no HTTP")
        # 101 from Docker; 200 from engines that hand over without an upgrade.
        if int(found.group(1)) < http.client.BAD_REQUEST:
            return
        length = min(_length(headers), _ANSWER_LIMIT)
        while len(self._rest) < length:
            self._rest += self._more()
        raise refused("run a command", _message(self._rest))


class _Sender:
    """Sends bytes as fast as the other side takes them, then closes the sending side."""

    def __init__(self, wire: Wire, data: bytes, *, closing: bool = True) -> None:
        self._wire = wire
        self._left = memoryview(data)
        self._closing = closing

    @property
    def wants_to(self) -> bool:
        return bool(self._left) or self._wire.pending

    def go_on(self) -> None:
        try:
            self._wire.flush()
            while self._left and (taken := self._wire.send(self._left)):
                self._left = self._left[taken:]
            if not self._left and self._closing:
                self._closing = False
                self._wire.half_close()
        except OSError:
            # The command ended without reading all of its input; what it said still comes.
            self._left, self._closing = memoryview(b""), False


def _length(headers: bytes) -> int:
    try:
        fields = http.client.parse_headers(io.BytesIO(headers + b"\r\n\r\n"))
    except http.client.HTTPException as error:
        raise refused("run a command", f"the head of its answer is no HTTP: {error}") from error
    told = fields.get("Content-Length") or "0"
    return int(told) if _DIGITS.fullmatch(told) else 0


def _shown(line: bytes) -> str:
    return line[:80].decode("ascii", errors="replace")


def _received(wire: Wire) -> bytes | None:
    try:
        return wire.receive()
    except ConnectionResetError:
        return b""  # closed with input unread; the exit code tells whether the command ended


def _message(body: bytes) -> str:
    try:
        return str(json.loads(body)["message"])
    except (ValueError, KeyError, TypeError):
        return body.decode(errors="replace")
