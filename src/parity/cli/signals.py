"""Ctrl-C, SIGTERM and SIGHUP become exceptions, so that every open context cleans up."""

from __future__ import annotations

import os
import signal
import sys
import threading
from contextlib import contextmanager
from types import CodeType, FrameType

from parity.errors import Interrupted, ParityError, Terminated

_FORCE_AFTER = 3
_AGAIN_SECONDS = 0.05


def _doors() -> frozenset[CodeType]:
    """The library's own last steps into a context: it is open, and whoever opened it does not know yet."""
    generators = type(contextmanager(lambda: iter(()))())
    ways = (threading.Condition.__enter__, threading.Condition.__exit__, generators.__enter__)
    return frozenset(each.__code__ for each in ways)


_DOORS = _doors()


class Signals:
    """Raises Interrupted or Terminated in the main thread at the first signal.

    Further ones are ignored while cleaning up; the third ends the process at once (the next start
    sweeps what it left).
    """

    def __init__(self) -> None:
        self._count = 0
        self._holding = True
        self._held: ParityError | None = None

    def install(self) -> None:
        """Take the signals, but hold them back until `heed`: an exception amid imports can get lost."""
        signal.signal(signal.SIGINT, self._handle)
        # A build over a connection that breaks off must leave no containers. With nohup it goes on.
        if signal.getsignal(signal.SIGHUP) != signal.SIG_IGN:
            signal.signal(signal.SIGHUP, self._handle)
        signal.signal(signal.SIGTERM, self._handle)
        sys.unraisablehook = self._unraisable

    def heed(self) -> None:
        """Raise at once from now on; what was held back, too."""
        self._holding = False
        if self._held is not None:
            raise self._held

    def _handle(self, number: int, frame: FrameType | None) -> None:
        self._count += 1
        if self._count >= _FORCE_AFTER:
            # Somebody insists: no clean-up, no threads waited for.
            os._exit(128 + number)
        if self._count > 1:
            return
        if not self._holding and (_starts_a_thread(frame) or _is_in_a_door(frame)):
            self._again(number)
            return
        error = Interrupted("interrupted") if number == signal.SIGINT else Terminated("terminated")
        if not self._holding:
            raise error
        self._held = error

    def _unraisable(self, lost: sys.UnraisableHookArgs) -> None:
        """A finaliser or a weak reference's callback swallowed our exception: once more, elsewhere."""
        if not isinstance(lost.exc_value, (Interrupted, Terminated)):
            sys.__unraisablehook__(lost)
            return
        self._again(lost.exc_value.exit_code - 128)

    def _again(self, number: int) -> None:
        # The signal comes again by our own doing, and is not the user's second one.
        self._count -= 1
        threading.Timer(_AGAIN_SECONDS, os.kill, (os.getpid(), number)).start()


def _starts_a_thread(frame: FrameType | None) -> bool:
    """Whether an exception now would end `Thread.start`, which then forgets a thread that runs."""
    start = threading.Thread.start.__code__
    while frame is not None and frame.f_code is not start:
        frame = frame.f_back
    return frame is not None


def _is_in_a_door(frame: FrameType | None) -> bool:
    """Whether an exception now would leave a lock taken, or a context open, that nobody closes again.

    Other threads would wait for that lock, or for the context's end, without an end.
    """
    if frame is None:
        return False
    # `wait` gives the lock back and keeps in this name what takes it again: without it, nothing does.
    wait = threading.Condition.wait.__code__
    waits = frame.f_code is wait and "saved_state" not in frame.f_locals
    helps = frame.f_back is not None and frame.f_back.f_code is wait
    return waits or helps or frame.f_code in _DOORS
