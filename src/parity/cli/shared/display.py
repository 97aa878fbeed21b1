"""What a person sees while a run works: a live board on a terminal, lines elsewhere."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from enum import Enum

from rich.console import Console

from parity.cli.shared.boards import Board, SilentBoard, size
from parity.cli.shared.lineboard import JsonBoard, LineBoard
from parity.cli.shared.liveboard import LiveBoard

__all__ = ["Board", "Progress", "board", "size"]


class Progress(str, Enum):
    """How progress is shown."""

    AUTO = "auto"
    PLAIN = "plain"
    TTY = "tty"
    JSON = "json"
    QUIET = "quiet"


@contextmanager
def board(console: Console, *, verbose: bool, progress: Progress = Progress.AUTO) -> Iterator[Board]:
    """The board that suits the output.

    Args:
        console: stderr.
        verbose: every detail, so in lines.
        progress: what was asked for; `AUTO` is a live board where stderr is a terminal.
    """
    if progress is Progress.AUTO:
        progress = _fitting(console, verbose=verbose)
    if progress is Progress.QUIET:
        yield SilentBoard()
    elif progress is Progress.JSON:
        yield JsonBoard(console)
    elif progress is Progress.PLAIN:
        yield LineBoard(console, verbose=verbose)
    else:
        live = LiveBoard(console)
        with live.view:
            yield live


def _fitting(console: Console, *, verbose: bool) -> Progress:
    # The file and not the console is asked: FORCE_COLOR makes any console a terminal, and a log is none.
    return Progress.TTY if console.file.isatty() and console.is_terminal and not verbose else Progress.PLAIN
