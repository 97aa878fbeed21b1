"""Short engine calls that a signal must not cut in two."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")


def whole(function: Callable[[], T]) -> T:
    """Run `function` to its end even when a signal raises an exception in the main thread meanwhile.

    Signal handlers run in the main thread only, so the call itself is done in another one. Without
    this, Ctrl-C in the middle of "create" would leave a container that nobody knows. The exception
    is raised once the call has ended; the call's own failure is then forgotten.
    """
    call = _Call(function)
    # Not a daemon: even after a second Ctrl-C the interpreter waits for it before it exits.
    thread = threading.Thread(target=call, name="parity-engine-call")
    try:
        thread.start()
        call.ended.wait()
    except BaseException:
        call.settle()
        raise
    return call.outcome()


class _Call(Generic[T]):
    def __init__(self, function: Callable[[], T]) -> None:
        self.ended = threading.Event()
        self._claim = threading.Lock()
        self._function = function
        self._results: list[T] = []
        self._error: BaseException | None = None

    def __call__(self) -> None:
        if not self._claim.acquire(blocking=False):
            return  # given up before it began
        try:
            self._results.append(self._function())
        except BaseException as error:  # noqa: BLE001 - handed over to the caller's thread
            self._error = error
        finally:
            self.ended.set()

    def settle(self) -> None:
        """Wait for its end, or see to it that it never begins: the signal may have cut the thread's start."""
        if not self._claim.acquire(blocking=False):
            self.ended.wait()

    def outcome(self) -> T:
        if self._error is not None:
            raise self._error
        return self._results[0]
