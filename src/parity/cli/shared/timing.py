"""How long each stage took: a reporter that listens in and passes everything on."""

from __future__ import annotations

import time

from parity.progress import Reporter


class Stopwatch:
    """Measures the stages of one run and keeps its warnings; `seconds` maps a stage to its duration."""

    def __init__(self, listener: Reporter) -> None:
        self._listener = listener
        self._began = self._stage_began = time.monotonic()
        self._stage = ""
        self.seconds: dict[str, float] = {}
        self.warnings: list[str] = []

    def stage(self, name: str, detail: str = "") -> None:
        """A stage begins, so the one before it ends."""
        self._lap()
        self._stage = name
        self._listener.stage(name, detail)

    def note(self, text: str) -> None:
        """Pass it on."""
        self._listener.note(text)

    def warn(self, text: str, kind: str = "") -> None:
        """Keep it and pass it on."""
        self.warnings.append(text)
        self._listener.warn(text, kind)

    def debug(self, text: str) -> None:
        """Pass it on."""
        self._listener.debug(text)

    def advance(self, done: int, total: int, label: str = "") -> None:
        """Pass it on."""
        self._listener.advance(done, total, label)

    def count(self, done: int, total: int, what: str) -> None:
        """Pass it on."""
        self._listener.count(done, total, what)

    def stop(self) -> float:
        """The run is over; gives its whole duration in seconds."""
        self._lap()
        self._stage = ""
        return time.monotonic() - self._began

    def _lap(self) -> None:
        now = time.monotonic()
        if self._stage:
            before = self.seconds.get(self._stage, 0.0)  # a stage may come again
            self.seconds[self._stage] = round(before + now - self._stage_began, 2)
        self._stage_began = now
