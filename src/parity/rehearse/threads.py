"""Something done in the background, in a thread that nobody waits for when the story breaks off.

A signal ends the story in the main thread; the container is removed then, and with it ends whatever a
thread still asks there.
"""

from __future__ import annotations

import _thread
import threading
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class BackgroundCall(Generic[T]):
    """Begins at once; `result` waits for it."""

    def __init__(self, action: Callable[[], T]) -> None:
        self._action = action
        self._results: list[T] = []
        self._error: BaseException | None = None
        self._done = threading.Event()
        # Thread.start is many steps: a signal that raises between two of them leaves a thread that its own
        # module has forgotten, and which then dies with a traceback. This is one step.
        _thread.start_new_thread(self._run, ())

    def result(self) -> T:
        """What came of it, or what it raised."""
        self._done.wait()
        if self._error is not None:
            raise self._error
        return self._results[0]

    def _run(self) -> None:
        try:
            self._results.append(self._action())
        except BaseException as error:  # noqa: BLE001 - raised by `result`
            self._error = error
        finally:
            self._done.set()


class Alarm:
    """Does something once nothing was heard for so many seconds."""

    def __init__(self, seconds: float, action: Callable[[], object]) -> None:
        self._seconds = seconds
        self._action = action
        self._lock = threading.Lock()
        self._timer: threading.Timer | None = None
        self.again()

    def again(self) -> None:
        """Something was heard."""
        with self._lock:
            if self._timer is not None:
                self._timer.cancel()
            self._timer = threading.Timer(self._seconds, self._action)
            self._timer.daemon = True
            self._timer.start()

    def cancel(self) -> None:
        """Nobody needs it any more."""
        with self._lock:
            if self._timer is not None:
                self._timer.cancel()
