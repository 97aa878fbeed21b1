"""An import on a busy machine has its time, and one that hangs has no more."""

from __future__ import annotations

import os
import subprocess
import sys
import time

from parity.guest.environment import patience

BUSY = "while True: pass"
"""Two such on one processor: each waits half of the time."""


def test_what_waits_for_a_processor_is_not_over() -> None:
    one = min(os.sched_getaffinity(0))
    begin = time.monotonic()
    # Of its own group the scheduler may make one task (autogroup): both are of one.
    busy = [subprocess.Popen([sys.executable, "-c", BUSY]) for _ in range(4)]
    try:
        for each in busy:
            os.sched_setaffinity(each.pid, {one})
        time.sleep(2)
        took = time.monotonic() - begin
        first = busy[0].pid
        assert patience.waited(first) > took / 4
        assert not patience.is_over(first, begin, took * 0.9)
        assert patience.is_over(first, begin, took / 100)  # ten times of it have passed
    finally:
        for each in busy:
            each.kill()
            each.wait()


def test_what_hangs_is_over() -> None:
    begin = time.monotonic()
    with subprocess.Popen(["sleep", "60"]) as hanging:
        time.sleep(0.5)
        assert patience.is_over(hanging.pid, begin, 0.3)
        assert not patience.is_over(hanging.pid, begin, 60)
        hanging.kill()
    assert patience.is_over(hanging.pid, begin, 0.1)  # it is gone, nothing tells of it
