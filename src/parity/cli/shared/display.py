"""What a person sees while a run works: a live board on a terminal, plain lines elsewhere."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Protocol

from rich.console import Console, Group, RenderableType
from rich.filesize import pick_unit_and_suffix
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from parity.portable.texts import printable
from parity.progress import Reporter, Silent

_BAR = 16  # columns


class Board(Protocol):
    """Gives each run its reporter and shows what they hear."""

    def reporter(self, run: str) -> Reporter:
        """The reporter of one run, such as the profile's name."""

    def finished(self, run: str, *, ok: bool) -> None:
        """The run is over."""


@contextmanager
def board(console: Console, *, quiet: bool, verbose: bool) -> Iterator[Board]:
    """The board that suits the output: nothing, a live display, or lines."""
    if quiet:
        yield SilentBoard()
    elif console.is_terminal and not verbose:
        live = LiveBoard(console)
        with live.view:
            yield live
    else:
        yield LineBoard(console, verbose=verbose)


class SilentBoard:
    """Shows nothing: --json, where stdout has one document and stderr only errors."""

    def reporter(self, run: str) -> Reporter:
        """A reporter that hears nothing."""
        del run
        return Silent()

    def finished(self, run: str, *, ok: bool) -> None:
        """Nothing to show."""


class LineBoard:
    """One line for each thing that happens; for pipes, logs and --verbose."""

    def __init__(self, console: Console, *, verbose: bool) -> None:
        self.console = console
        self.verbose = verbose

    def reporter(self, run: str) -> Reporter:
        """A reporter whose lines begin with the run's name."""
        return _Lines(self, run)

    def finished(self, run: str, *, ok: bool) -> None:
        """Say how it ended."""
        self.line(run, "done" if ok else "failed")

    def line(self, run: str, text: str, style: str = "") -> None:
        """Print one line, never wrapped or marked up."""
        self.console.print(Text(printable(f"{run}: {text}"), style=style), soft_wrap=True, highlight=False)


class _Lines(Silent):
    def __init__(self, lines: LineBoard, run: str) -> None:
        self._lines = lines
        self._run = run
        self._stage = ""

    def stage(self, name: str, detail: str = "") -> None:
        self._stage = name
        self._lines.line(self._run, f"{name}: {detail}" if detail else name)

    def note(self, text: str) -> None:
        self._lines.line(self._run, f"{self._stage}: {text}")

    def warn(self, text: str) -> None:
        self._lines.line(self._run, f"warning: {text}", style="yellow")

    def debug(self, text: str) -> None:
        if self._lines.verbose:
            for line in text.splitlines():
                self._lines.line(self._run, f"  {line}", style="dim")


@dataclass
class _Stage:
    name: str
    note: str = ""
    began: float = field(default_factory=time.monotonic)
    ended: float | None = None
    done: int = 0
    total: int = 0

    @property
    def seconds(self) -> float:
        return (self.ended or time.monotonic()) - self.began


@dataclass
class _RunDisplay:
    name: str
    stages: list[_Stage] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    state: str = "running"

    def end_stage(self) -> None:
        if self.stages and self.stages[-1].ended is None:
            self.stages[-1].ended = time.monotonic()


class LiveBoard:
    """Every run with its stages, drawn anew several times a second, left on the screen at the end."""

    def __init__(self, console: Console) -> None:
        self._runs: dict[str, _RunDisplay] = {}
        self._lock = threading.Lock()
        self._spinner = Spinner("dots")
        # A function and not a table that is replaced: the spinner and the seconds go on without any news.
        self.view = Live(get_renderable=self._draw, console=console, refresh_per_second=8)

    def reporter(self, run: str) -> Reporter:
        """A reporter that writes into this board."""
        with self._lock:
            entry = self._runs.setdefault(run, _RunDisplay(run))
        return _LiveReporter(entry, self._lock)

    def finished(self, run: str, *, ok: bool) -> None:
        """Mark the run's last stage and its name."""
        with self._lock:
            entry = self._runs[run]
            entry.end_stage()
            entry.state = "ok" if ok else "failed"

    def _draw(self) -> RenderableType:
        with self._lock:
            return Group(*[part for run in self._runs.values() for part in self._draw_run(run)])

    def _draw_run(self, run: _RunDisplay) -> list[RenderableType]:
        table = Table.grid(padding=(0, 1))
        table.add_column(width=2)
        table.add_column(width=10)
        table.add_column(ratio=1, overflow="ellipsis", no_wrap=True)
        table.add_column(justify="right", width=8)
        for stage in run.stages:
            table.add_row(
                self._mark(run, stage),
                Text(stage.name, style="bold"),
                _stage_text(stage),
                Text(f"{stage.seconds:.1f} s", style="dim"),
            )
        warnings = [Text(f"  ! {text}", style="yellow") for text in run.warnings]
        return [Text(run.name, style="bold cyan"), table, *warnings]

    def _mark(self, run: _RunDisplay, stage: _Stage) -> RenderableType:
        if stage.ended is None:
            return self._spinner
        if run.state == "failed" and stage is run.stages[-1]:
            return Text("✗", style="red")
        return Text("✓", style="green")


class _LiveReporter(Silent):
    def __init__(self, run: _RunDisplay, lock: threading.Lock) -> None:
        self._run = run
        self._lock = lock

    def stage(self, name: str, detail: str = "") -> None:
        with self._lock:
            self._run.end_stage()
            self._run.stages.append(_Stage(name, printable(detail)))

    def note(self, text: str) -> None:
        with self._lock:
            if self._run.stages:
                self._run.stages[-1].note = printable(text)

    def warn(self, text: str) -> None:
        with self._lock:
            self._run.warnings.append(printable(text))

    def advance(self, done: int, total: int, label: str = "") -> None:
        with self._lock:
            if self._run.stages:
                stage = self._run.stages[-1]
                stage.done, stage.total = done, total
                stage.note = printable(label) or stage.note


def _stage_text(stage: _Stage) -> RenderableType:
    if stage.ended is not None or not stage.done:
        return Text(stage.note)
    of = f" of {size(stage.total)}" if stage.total else ""
    # A stage that began just now would show absurd rates.
    rate = stage.done / max(stage.seconds, 0.05)
    row = Table.grid(padding=(0, 1))
    row.add_column(width=_BAR)
    row.add_column(overflow="ellipsis", no_wrap=True)
    told = Text.assemble(f"{size(stage.done)}{of}, {size(rate)}/s  ", (stage.note, "dim"))
    row.add_row(ProgressBar(stage.total or None, stage.done, _BAR, complete_style="cyan"), told)
    return row


def size(count: float) -> str:
    """Bytes for people, in powers of 1000: `103.4 MB`."""
    unit, suffix = pick_unit_and_suffix(int(count), ["B", "kB", "MB", "GB", "TB"], 1000)
    return f"{count / unit:.{0 if unit == 1 else 1}f} {suffix}"
