"""Wheels judged ahead, in processes of their own, while somebody else waits for the network.

The audit finds the judgements in its cache. Threads would not do: they share one interpreter with those
that talk to the index, and both would be slower.
"""

import concurrent.futures
import multiprocessing
import os
import sys
import time
from typing import Any, Dict, List, Optional

from ...portable.wheel.wheelset import WheelFile, judge_set

_AT_MOST = 8


class AuditPool:
    """Processes that judge; to be made before there are threads, since it forks.

    Args:
        cache: the folder of judgements. Without one, or where nothing can be forked, nothing is judged.
    """

    def __init__(self, cache: str) -> None:
        self._cache = cache
        self._begun: List["concurrent.futures.Future[object]"] = []
        self._pool = _pool(min(os.cpu_count() or 1, _AT_MOST)) if cache else None

    def begin(self, wheel: WheelFile) -> None:
        """Begin to judge a wheel; whether that works is not asked."""
        try:
            if self._pool is not None:
                self._begun.append(self._pool.submit(judge_set, [wheel], threads=1, cache=self._cache))
        except RuntimeError:  # a process of the pool was killed
            return

    def close(self, seconds: float = 600.0) -> None:
        """Wait until all that was begun is done, or the time is over, and end the processes."""
        if self._pool is None:
            return
        concurrent.futures.wait(self._begun, seconds)
        if not all(future.done() for future in self._begun):
            # `shutdown` would wait for them, and a wheel that takes so long is the audit's to judge.
            for process in multiprocessing.active_children():
                process.terminate()
        self._pool.shutdown()


def _pool(count: int) -> Optional[concurrent.futures.ProcessPoolExecutor]:
    options: Dict[str, Any] = {}
    try:
        if sys.version_info >= (3, 7):  # before, it forked anyway
            options["mp_context"] = multiprocessing.get_context("fork")
        pool = concurrent.futures.ProcessPoolExecutor(count, **options)
        # As many as there are to be, now: later ones would be forked beside threads.
        concurrent.futures.wait([pool.submit(time.sleep, 0.01) for _ in range(count)])
    except (OSError, ImportError, ValueError, RuntimeError):  # no semaphores, say, or no more processes
        return None
    return pool
