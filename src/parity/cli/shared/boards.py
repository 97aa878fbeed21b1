"""What a board is: it gives each run a reporter and shows, in one way or another, what that hears."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Protocol

from rich.filesize import pick_unit_and_suffix

from parity.progress import Reporter, Silent

_SHOWN = 2  # warnings of a kind


class Board(Protocol):
    """Gives each run its reporter and shows what they hear."""

    def reporter(self, run: str) -> Reporter:
        """The reporter of one run, such as the profile's name."""

    def finished(self, run: str, *, ok: bool) -> None:
        """The run is over."""


class SilentBoard:
    """Shows nothing."""

    def reporter(self, run: str) -> Reporter:
        """A reporter that hears nothing."""
        del run
        return Silent()

    def finished(self, run: str, *, ok: bool) -> None:
        """Nothing to show."""


@dataclass
class Warnings:
    """The warnings of one run: all without a kind, and of each kind a few and how many more there are."""

    shown: list[str] = field(default_factory=list)
    _seen: Counter[str] = field(default_factory=Counter)

    def take(self, text: str, kind: str) -> bool:
        """Take one; whether it is to be shown by itself."""
        self._seen[kind] += 1
        if kind and self._seen[kind] > _SHOWN:
            return False
        self.shown.append(text)
        return True

    @property
    def count(self) -> int:
        """How many there were."""
        return sum(self._seen.values())

    def others(self) -> list[str]:
        """A line for each kind of which not all were shown."""
        return [
            f"{count - _SHOWN} more of the kind {kind} (--verbose and --json tell them all)"
            for kind, count in self._seen.items()
            if kind and count > _SHOWN
        ]


def so_far(done: int, total: int, things: str) -> str:
    """How many things are done: `3 of 29 wheels`, `1 of 1 wheel`; without an end where nobody knows it.

    Args:
        done: so many.
        total: of so many, 0 where nobody knows.
        things: their name as many, maybe with a word behind it: `packages imported`.
    """
    name, space, rest = things.partition(" ")
    if (total or done) == 1:
        name = name.removesuffix("s")
    return f"{done}{f' of {total}' if total else ''} {name}{space}{rest}"


def size(count: float) -> str:
    """Bytes for people, in powers of 1000: `103.4 MB`."""
    unit, suffix = pick_unit_and_suffix(int(count), ["B", "kB", "MB", "GB", "TB"], 1000)
    return f"{count / unit:.{0 if unit == 1 else 1}f} {suffix}"
