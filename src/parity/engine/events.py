"""What a guest script says, read line by line and believed only as far as it can be.

Package code may run beside a guest script, an image's Python may print a banner, and either may say
as much as it likes. So an event is a line that begins with a mark which this run alone knows, every
line has a limit, and there is one result.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Mapping

from parity.wire.shapes import Malformed

Event = Mapping[str, object]
"""As it came: `event` is its name, and the rest is to be read (see `parity.wire.shapes`)."""

LINE = 64 * 1024 * 1024
"""Bytes of one event, far above what the largest result takes."""
_TAIL = 16 * 1024


class Tail:
    """The end of a stream, however long that is."""

    def __init__(self, keep: int = _TAIL) -> None:
        self._keep = keep
        self._kept = bytearray()

    def feed(self, chunk: bytes) -> None:
        """Take the next bytes."""
        self._kept += chunk[-self._keep :]
        if len(self._kept) > 2 * self._keep:
            del self._kept[: -self._keep]

    @property
    def text(self) -> str:
        """What is kept of it, as text."""
        return bytes(self._kept[-self._keep :]).decode(errors="replace")


class EventLines:
    """Cuts a byte stream into lines, hands on the events among them and keeps the result.

    Args:
        on_event: hears every event but the result, as it comes.
        limit: bytes of one line.
    """

    def __init__(self, on_event: Callable[[Event], None] | None, limit: int = LINE) -> None:
        # Sent on stdin alone, so package code that runs beside the script cannot read it and forge a result.
        self.mark = secrets.token_hex(16)
        self.result: dict[str, object] | None = None
        self.other = Tail()
        self._on_event = on_event
        self._limit = limit
        self._line = bytearray()
        self._searched = 0

    def feed(self, chunk: bytes) -> None:
        """Take the next bytes.

        Raises:
            Malformed: a line is too long, an event is none, or there are two results.
        """
        self._line += chunk
        # From where the last search ended: a long line in many chunks is looked through once.
        while (end := self._line.find(b"\n", self._searched)) >= 0:
            line = bytes(self._line[:end])
            del self._line[: end + 1]
            self._searched = 0
            self._take(line)
        self._searched = len(self._line)
        if self._searched > self._limit:
            raise Malformed(f"a line of more than {self._limit} bytes")

    def _take(self, line: bytes) -> None:
        mark = self.mark.encode()
        if not line.startswith(mark):
            self.other.feed(line + b"\n")
            return
        event = _event(line[len(mark) :])
        if event["event"] != "result":
            if self._on_event is not None:
                self._on_event(event)
        elif self.result is not None:
            raise Malformed("a second result")
        else:
            self.result = _result(event)


def _event(text: bytes) -> dict[str, object]:
    try:
        event = json.loads(text)
    except (ValueError, RecursionError) as error:
        # Only the kind of error: its text would repeat what a stranger wrote.
        raise Malformed(f"an event that is no JSON ({type(error).__name__})") from None
    if not (isinstance(event, dict) and isinstance(event.get("event"), str)):
        raise Malformed("an event without a name")
    return event


def _result(event: dict[str, object]) -> dict[str, object]:
    result = event.get("result")
    if not isinstance(result, dict):
        raise Malformed("a result that is no object")
    return result
