"""The live board: every run with its stages, drawn anew several times a second."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from parity.cli.shared.boards import Warnings, size, so_far
from parity.portable.texts import counted, printable
from parity.progress import Reporter, Silent

_BAR = 16  # columns
_FOLDED = 3  # so many runs with all their stages would not fit a terminal of 24 lines


@dataclass
class _Stage:
    name: str
    note: str = ""
    began: float = field(default_factory=time.monotonic)
    ended: float | None = None
    done: int = 0
    total: int = 0
    things: str = ""

    @property
    def seconds(self) -> float:
        return (self.ended or time.monotonic()) - self.began


@dataclass
class _RunDisplay:
    name: str
    stages: list[_Stage] = field(default_factory=list)
    warnings: Warnings = field(default_factory=Warnings)
    state: str = "running"
    began: float = field(default_factory=time.monotonic)
    ended: float | None = None

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
            entry.ended = time.monotonic()
            entry.state = "ok" if ok else "failed"

    def _draw(self) -> RenderableType:
        with self._lock:
            folded = len(self._runs) >= _FOLDED
            return Group(
                *[part for run in self._runs.values() for part in self._draw_run(run, folded=folded)]
            )

    def _draw_run(self, run: _RunDisplay, *, folded: bool) -> list[RenderableType]:
        texts = [f"  ! {text}" for text in (*run.warnings.shown, *run.warnings.others())]
        warnings = [Text(line, style="yellow") for line in texts]
        if folded:  # many runs fit the screen: each is what it does now, or how it ended
            last = run.stages[-1:] if run.state != "ok" else []
            # What stays on the screen at the end has the warnings, too.
            over = all(each.ended is not None for each in self._runs.values())
            return [self._head(run), *([self._table(run, last)] if last else []), *(warnings if over else ())]
        return [
            Text(run.name, style="bold cyan"),
            self._table(run, run.stages),
            *warnings,
        ]

    def _head(self, run: _RunDisplay) -> RenderableType:
        seconds = (run.ended or time.monotonic()) - run.began
        mark = {"ok": ("✓ ", "green"), "failed": ("✗ ", "red")}.get(run.state, ("", ""))
        count = run.warnings.count
        told = f"  {counted(count, 'warning')}" if count else ""
        return Text.assemble(
            mark, (run.name, "bold cyan"), (f"  {seconds:.1f} s", "dim"), (told, "yellow"), no_wrap=True
        )

    def _table(self, run: _RunDisplay, stages: list[_Stage]) -> RenderableType:
        table = Table.grid(padding=(0, 1), expand=True)  # else marks and seconds give way to a long text
        table.add_column(width=2)
        table.add_column(width=10)
        table.add_column(ratio=1, overflow="ellipsis", no_wrap=True)
        table.add_column(justify="right", width=8, no_wrap=True)
        for stage in stages:
            table.add_row(
                self._mark(run, stage),
                Text(stage.name, style="bold"),
                _stage_text(stage),
                Text(f"{stage.seconds:.1f} s", style="dim"),
            )
        return table

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

    def warn(self, text: str, kind: str = "") -> None:
        with self._lock:
            self._run.warnings.take(printable(text), printable(kind))

    def advance(self, done: int, total: int, label: str = "") -> None:
        with self._lock:
            if self._run.stages:
                stage = self._run.stages[-1]
                stage.done, stage.total, stage.things = done, total, ""
                stage.note = printable(label) or stage.note

    def count(self, done: int, total: int, what: str) -> None:
        with self._lock:
            if self._run.stages:
                stage = self._run.stages[-1]
                stage.done, stage.total, stage.things = done, total, what


def _stage_text(stage: _Stage) -> RenderableType:
    if stage.ended is not None or not stage.done:
        return Text(stage.note, no_wrap=True, overflow="ellipsis")
    row = Table.grid(padding=(0, 1), expand=True)
    row.add_column(width=_BAR)
    row.add_column(ratio=1, overflow="ellipsis", no_wrap=True)
    told = Text.assemble(f"{_so_far(stage)}  ", (stage.note, "dim"))
    row.add_row(ProgressBar(stage.total or None, stage.done, _BAR, complete_style="cyan"), told)
    return row


def _so_far(stage: _Stage) -> str:
    if stage.things:
        return so_far(stage.done, stage.total, stage.things)
    of = f" of {size(stage.total)}" if stage.total else ""
    # A stage that began just now would show absurd rates.
    return f"{size(stage.done)}{of}, {size(stage.done / max(stage.seconds, 0.05))}/s"
