"""What a build says on another machine, line by line, as JSON; and heard here as if it were said here."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from typing import Literal

from parity.progress import Reporter
from parity.wire.shapes import Malformed, read

_EVERY = 0.5  # seconds between two words of how far a stage is
_LONGEST = 20_000  # letters of a text that is passed on


@dataclass(frozen=True)
class Event:
    """One call of a reporter; fields that it does not have are empty."""

    kind: Literal["stage", "note", "warn", "debug", "advance", "count"]
    text: str = ""
    more: str = ""
    done: int = 0
    total: int = 0


class Telling:
    """A reporter that writes each call as a line; how far a stage is, twice a second at most.

    Args:
        write: gets each line, without its end.
        plain: what is done to each text.
        verbose: whether lines for --verbose are told.
    """

    def __init__(
        self, write: Callable[[str], object], plain: Callable[[str], str], *, verbose: bool = True
    ) -> None:
        self._write = write
        self._plain = plain
        self._verbose = verbose
        self._lock = threading.Lock()
        self._told = 0.0

    def stage(self, name: str, detail: str = "") -> None:
        """A stage begins."""
        self._say(Event("stage", name, detail))

    def note(self, text: str) -> None:
        """A line of the log."""
        self._say(Event("note", text))

    def warn(self, text: str, kind: str = "") -> None:
        """A warning."""
        self._say(Event("warn", text, kind))

    def debug(self, text: str) -> None:
        """A line for --verbose."""
        if self._verbose:
            self._say(Event("debug", text))

    def advance(self, done: int, total: int, label: str = "") -> None:
        """Bytes."""
        self._at_times(Event("advance", label, done=done, total=total))

    def count(self, done: int, total: int, what: str) -> None:
        """Things."""
        self._at_times(Event("count", what, done=done, total=total))

    def _at_times(self, event: Event) -> None:
        now = time.monotonic()
        # The last word of a stage is always told.
        if now - self._told >= _EVERY or event.done == event.total:
            self._told = now
            self._say(event)

    def _say(self, event: Event) -> None:
        text = self._plain(event.text)[:_LONGEST]
        line = json.dumps(asdict(replace(event, text=text, more=self._plain(event.more)[:_LONGEST])))
        with self._lock:
            self._write(line)


def retell(line: object, reporter: Reporter) -> None:
    """Tell a reporter what a line says; one that says nothing is passed over."""
    try:
        event = read(Event, json.loads(line) if isinstance(line, str) else None, "an event")
    except (Malformed, ValueError, RecursionError):
        return
    text, more = event.text[:_LONGEST], event.more[:_LONGEST]
    if event.kind == "stage":
        reporter.stage(text, more)
    elif event.kind == "warn":
        reporter.warn(text, more)
    elif event.kind in ("note", "debug"):
        (reporter.note if event.kind == "note" else reporter.debug)(text)
    else:
        (reporter.advance if event.kind == "advance" else reporter.count)(event.done, event.total, text)
