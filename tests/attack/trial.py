"""Trying hostile inputs: one with a verdict, many in several processes, commands as people start them."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import contextmanager
from multiprocessing import get_context
from pathlib import Path
from typing import NamedTuple

from tests.attack.outcome import Outcome

from parity.portable.errors import FarsideError

PROCESSES = min(4, os.cpu_count() or 1)
TINY = 0.01
"""A scale below this asks only whether a campaign still works."""
_TELL_EVERY = 10.0  # seconds

Task = Callable[["Piece"], list[Outcome]]


class Piece(NamedTuple):
    """Some inputs of one kind: the numbers from `first` on, below `last`."""

    kind: str
    first: int
    last: int


@contextmanager
def scratch(name: str) -> Iterator[Path]:
    """A new folder, gone at the end."""
    with tempfile.TemporaryDirectory(prefix=f"parity-attack-{name}-") as folder:
        yield Path(folder)


def shares(total: int, kinds: Sequence[str], size: int) -> list[Piece]:
    """So many inputs spread evenly over the kinds (each gets one at least), in pieces of at most `size`."""
    each = max(1, round(total / len(kinds)))
    return [Piece(kind, first, min(first + size, each)) for kind in kinds for first in range(0, each, size)]


def some(pieces: Sequence[Piece], scale: float, least: int = 2) -> Sequence[Piece]:
    """All pieces, or at a tiny scale (that of a test) so few of them, spread over all."""
    return pieces[:: max(1, len(pieces) // least)] if scale < TINY else pieces


def many(task: Task, pieces: Sequence[Piece]) -> Iterator[Outcome]:
    """Try all pieces in several processes; a line now and then tells how far it is."""
    total, done, told = sum(piece.last - piece.first for piece in pieces), 0, time.monotonic()
    with ProcessPoolExecutor(min(PROCESSES, len(pieces)), get_context("spawn")) as pool:
        begun = {pool.submit(task, piece): piece for piece in pieces}
        try:
            for future in as_completed(begun):
                done += begun[future].last - begun[future].first
                yield from future.result()
                if time.monotonic() - told > _TELL_EVERY:
                    told = time.monotonic()
                    tell(f"{done} of {total}")
        finally:
            pool.shutdown(cancel_futures=True)  # whoever interrupts does not wait for the rest


def tell(line: str) -> None:
    """Say how far a campaign is."""
    sys.stdout.write(f"attack:   {line}\n")
    sys.stdout.flush()


def refused(kind: str, name: str, attempt: Callable[[], object], folder: Path | None = None) -> Outcome:
    """Demand that an attempt is refused with a reason and a remedy, and leaves nothing in a folder."""
    try:
        attempt()
    except FarsideError as error:
        readable = is_readable(error.message) and bool(error.remedy)
        ended = f"refused ({error.exit_code})" if readable else f"refused unreadably: {error.message!r}"
        return _unless_left(Outcome(kind, name, readable, ended), folder)
    except Exception as fault:  # noqa: BLE001 - whatever it is, it is the finding
        return Outcome(kind, name, False, f"fault: {type(fault).__name__}: {fault}")
    return Outcome(kind, name, False, "accepted")


def is_readable(text: str) -> bool:
    """Whether every line of it does nothing to a terminal but to show letters."""
    return all(line.isprintable() for line in text.split("\n"))


def _unless_left(outcome: Outcome, folder: Path | None) -> Outcome:
    left = sorted(os.listdir(folder)) if folder else []
    if left:
        return outcome._replace(right=False, ended=f"{outcome.ended}, but left {left}")
    return outcome


class Ran(NamedTuple):
    """How a command ended: its exit code and all that it said."""

    code: int
    output: str

    def faults(self, codes: Iterable[int]) -> str:
        """What is wrong about it; empty where it ended with one of these codes and without a traceback."""
        if "Traceback" in self.output:
            return f"a traceback ({self.code}): {self.output[-300:]}"
        return "" if self.code in codes else f"ended with {self.code}: {self.output[-300:]}"


def run(*argv: str | Path, seconds: float = 120, **how: object) -> Ran:
    """Run a command to its end; one that takes too long is a finding (code 124)."""
    try:
        done = subprocess.run(  # type: ignore[call-overload]
            [str(word) for word in argv],
            **{"stdin": subprocess.DEVNULL, **how},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=seconds,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return Ran(124, f"longer than {seconds:.0f} seconds")
    return Ran(done.returncode, done.stdout.decode(errors="replace"))
