"""A story of a family: tried, timed, told."""

from __future__ import annotations

import time
from collections.abc import Callable

from tests.reach.row import Row, Verdict

_SHOWN = 300


def told(subject: str, story: str, trial: Callable[[], str]) -> Row:
    """The row of what a trial shows; what it raises is why it failed.

    Args:
        subject: the family.
        story: what is tried.
        trial: gives the row's note.
    """
    begin = time.monotonic()
    try:
        verdict, note = Verdict.PASSED, trial()
    except Exception as fault:  # noqa: BLE001 - the other stories go on
        verdict, note = Verdict.FAILED, f"{type(fault).__name__}: {fault}"
    return Row(subject, story, verdict, round(time.monotonic() - begin, 1), " ".join(note.split())[:_SHOWN])


def unseen(subject: str, story: str, why: str) -> Row:
    """The row of what could not be tried here."""
    return Row(subject, story, Verdict.NOT_SEEN, 0, why)
