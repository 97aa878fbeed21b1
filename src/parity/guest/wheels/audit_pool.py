"""Wheels judged ahead, in processes of their own, while somebody else waits for the network.

The audit finds the judgements in its cache, and `resource_users` what it asks for. Nobody waits for the
last of them: they are judged while uv resolves, which leaves a processor free, and the audit does what is
not done by then. Threads would not do: they share one interpreter with those that talk to the index, and
both would be slower. Nor would the standard library's pool: its own thread goes through the processes while
more of them begin (bpo-43498, in Python 3.9.2), and where that thread ends, whoever waits for a result
waits for ever.
"""

import fcntl
import json
import os
import signal
import threading
import time
from collections import deque
from contextlib import suppress
from typing import Deque, List, Tuple

from ...portable.wheel.wheelset import WheelFile, judge_set
from ..confinement import descriptors
from . import resources

_AT_MOST = 8
_SECONDS = 30
"""For one wheel; one that takes longer ends its judge, and is the audit's."""
_RECORD = 2048
"""Bytes of a task. So few are written and read in one piece, whoever else reads (pipe(7))."""
_ROOM = 1 << 20
_SET_ROOM = 1031  # F_SETPIPE_SZ, which Python's own modules know from 3.10 on


class AuditPool:
    """Forks that judge; to be made before there are threads.

    Args:
        cache: the folder of judgements. Without one, or where nothing can be forked, nothing is judged.
    """

    def __init__(self, cache: str) -> None:
        self._lock = threading.Lock()
        self._waiting: Deque[bytes] = deque()
        self._writer = -1
        self.forks: List[int] = []
        if cache:
            self._fork(cache)

    def begin(self, wheel: WheelFile, *, own: bool) -> None:
        """Begin to judge a wheel, asked for by the user or not; whether that works is not asked."""
        record = json.dumps([own, *wheel]).encode("ascii").ljust(_RECORD)
        with self._lock:
            if self.forks and len(record) == _RECORD:
                self._waiting.append(record)
                self._hand_out()

    def close(self, seconds: float = 600.0) -> None:
        """Wait until all that was begun is in a fork's hands, or the time is over; forks end alone."""
        deadline = time.monotonic() + seconds
        with self._lock:
            while self._waiting and time.monotonic() < deadline:
                self._hand_out()
                time.sleep(0.005 if self._waiting else 0)
            if self._writer >= 0:
                os.close(self._writer)  # the end of the tasks: each fork ends when it has read it
            self._writer, self.forks = -1, []

    def _hand_out(self) -> None:
        try:
            while self._waiting:
                os.write(self._writer, self._waiting[0])
                self._waiting.popleft()
        except BlockingIOError:  # as much as there is room for
            return
        except OSError:  # all forks were killed: the audit judges
            self._waiting.clear()

    def _fork(self, cache: str) -> None:
        try:
            reader, self._writer = os.pipe()
        except OSError:
            return
        with suppress(OSError):  # no more processes: those that are there do it
            for _ in range(min(os.cpu_count() or 1, _AT_MOST)):
                fork = os.fork()
                if not fork:
                    _judge(reader, self._writer, cache)
                self.forks.append(fork)
        os.close(reader)
        os.set_blocking(self._writer, False)
        with suppress(OSError):  # less room is only slower
            fcntl.fcntl(self._writer, _SET_ROOM, _ROOM)


def _judge(reader: int, writer: int, cache: str) -> None:
    """In a fork: judge what comes, until nothing can come any more."""
    try:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent hears it too, and hands out no more
        # A fork that held the writing end would never see the end of the tasks.
        os.close(writer)
        descriptors.keep_only(reader)  # this one outlives its parent
        os.nice(10)  # whoever waits for an answer goes first
        judged: List[Tuple[WheelFile, bool]] = []
        while True:
            record = os.read(reader, _RECORD)
            if len(record) != _RECORD:
                break
            own, *words = json.loads(record.decode("ascii"))
            judged.append((WheelFile(*words), own))
            signal.alarm(_SECONDS)
            _one(judged[-1][0], cache)
            signal.alarm(0)
        signal.alarm(_SECONDS)  # for all: without it, whoever asks reads them
        for wheel, own in judged:
            resources.uses(wheel.path, wheel.sha256, None if own else resources.TOP, cache)
    finally:
        os._exit(0)


def _one(wheel: WheelFile, cache: str) -> None:
    with suppress(Exception):  # the audit meets the same and tells it
        judge_set([wheel], threads=1, cache=cache)
