"""How the time of a piece of work grows with its length: a ratio, which a slow machine cannot spoil."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

_TIMES = 4
_MOST = 9.0
"""Four times the length may take nine times as long: linear work takes four times, quadratic sixteen."""
_NOTHING = 0.05
"""Seconds that are lost in the noise, whatever their ratio."""


def grows_no_faster_than_its_length(work: Callable[[int], Any], length: int) -> None:
    """Fails unless `work(4 * length)` takes less than nine times the processor's time of `work(length)`.

    Each is taken at its best of up to three tries, one after the other.
    """
    short, long = float("inf"), float("inf")
    for _ in range(3):
        short, long = min(short, _seconds(work, length)), min(long, _seconds(work, length * _TIMES))
        if long < _MOST * short + _NOTHING:
            return
    raise AssertionError(f"{length}: {short:.3f} s, {length * _TIMES}: {long:.3f} s of the processor")


def _seconds(work: Callable[[int], Any], length: int) -> float:
    begin = time.thread_time()
    work(length)
    return time.thread_time() - begin
