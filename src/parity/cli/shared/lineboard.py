"""Progress as lines: for people in pipes and logs, and as JSON for machines."""

from __future__ import annotations

import json
import time

from rich.console import Console
from rich.text import Text

from parity.cli.shared.boards import Warnings, size, so_far
from parity.portable.texts import printable
from parity.progress import Reporter, Silent

_EVERY = 15.0  # seconds between two lines about one long stage


class LineBoard:
    """One line for each thing that happens; for pipes, logs and --verbose."""

    def __init__(self, console: Console, *, verbose: bool) -> None:
        self.console = console
        self.verbose = verbose
        self._runs: dict[str, _Lines] = {}

    def reporter(self, run: str) -> Reporter:
        """A reporter whose lines begin with the run's name."""
        self._runs[run] = _Lines(self, run)
        return self._runs[run]

    def finished(self, run: str, *, ok: bool) -> None:
        """Say how it ended, and how long it took."""
        seconds = ""
        if run in self._runs:
            self._runs[run].end()
            seconds = f" in {self._runs[run].seconds:.1f} s"
        self.line(run, ("done" if ok else "failed") + seconds)

    def line(self, run: str, text: str, style: str = "") -> None:
        """Print one line, never wrapped or marked up."""
        self.console.print(Text(printable(f"{run}: {text}"), style=style), soft_wrap=True, highlight=False)


class _Lines(Silent):
    def __init__(self, lines: LineBoard, run: str) -> None:
        self._lines = lines
        self._run = run
        self._stage = self._last = ""
        self._began = self._stage_began = self._told = time.monotonic()
        self._warnings = Warnings()

    @property
    def seconds(self) -> float:
        return time.monotonic() - self._began

    def stage(self, name: str, detail: str = "") -> None:
        self._end_stage()
        self._stage, self._last = name, ""
        self._stage_began = self._told = time.monotonic()
        self._lines.line(self._run, f"{name}: {detail}" if detail else name)

    def note(self, text: str) -> None:
        self._lines.line(self._run, f"{self._stage}: {text}")

    def warn(self, text: str, kind: str = "") -> None:
        if self._lines.verbose or self._warnings.take(text, kind):
            self._lines.line(self._run, f"warning: {text}", style="yellow")

    def debug(self, text: str) -> None:
        if self._lines.verbose:
            for line in text.splitlines():
                self._lines.line(self._run, f"  {line}", style="dim")

    def advance(self, done: int, total: int, label: str = "") -> None:
        self._so_far(f"{size(done)}{f' of {size(total)}' if total else ''}{f', {label}' if label else ''}")

    def count(self, done: int, total: int, what: str) -> None:
        self._so_far(so_far(done, total, what))

    def end(self) -> None:
        """The run is over."""
        self._end_stage()
        for line in self._warnings.others():
            self._lines.line(self._run, f"warning: {line}", style="yellow")

    def _so_far(self, text: str) -> None:
        self._last, now = text, time.monotonic()
        if now - self._told >= _EVERY:
            self._told = now
            self.note(text)

    def _end_stage(self) -> None:
        if self._stage and self._last:
            self.note(f"{self._last} in {time.monotonic() - self._stage_began:.1f} s")
        self._last = ""


class JsonBoard:
    """One JSON object for each thing that happens, on a line of its own."""

    def __init__(self, console: Console) -> None:
        self._file = console.file

    def reporter(self, run: str) -> Reporter:
        """A reporter whose objects name the run."""
        return _Objects(self, run)

    def finished(self, run: str, *, ok: bool) -> None:
        """Say how it ended."""
        self.write({"run": run, "event": "finished", "ok": ok})

    def write(self, event: dict[str, object]) -> None:
        """Write one object."""
        self._file.write(json.dumps(event) + "\n")
        self._file.flush()


class _Objects(Silent):
    def __init__(self, board: JsonBoard, run: str) -> None:
        self._board = board
        self._run = run

    def stage(self, name: str, detail: str = "") -> None:
        self._tell("stage", name=name, detail=detail)

    def note(self, text: str) -> None:
        self._tell("note", text=text)

    def warn(self, text: str, kind: str = "") -> None:
        self._tell("warning", text=text, kind=kind)

    def advance(self, done: int, total: int, label: str = "") -> None:
        self._tell("progress", done=done, total=total, unit="bytes", label=label)

    def count(self, done: int, total: int, what: str) -> None:
        self._tell("progress", done=done, total=total, unit=what, label="")

    def _tell(self, event: str, **words: object) -> None:
        self._board.write({"run": self._run, "event": event, **words})
