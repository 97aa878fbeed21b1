"""Removals that go on beside the run: an engine takes a fifth of a second for each container."""

from __future__ import annotations

import threading
from collections.abc import Callable


class Removals:
    """Begins removals in threads of their own and waits for them; safe to share by threads.

    The threads are no daemons: whatever ends the process, it ends after them.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        # Not the threads: a join that a signal cuts short tells Python (to 3.12) that its thread has ended.
        self._under_way: list[threading.Event] = []
        self._failed: list[Exception] = []

    def begin(self, remove: Callable[[], object]) -> None:
        """Begin a removal; what goes wrong is raised by `settle`."""
        ended = threading.Event()
        thread = threading.Thread(target=self._do, args=(remove, ended), name="parity-removal")
        with self._lock:
            # Started inside the lock: one in the list that was never started would be waited for in vain.
            thread.start()
            self._under_way.append(ended)

    def under_way(self) -> list[threading.Event]:
        """What tells the end of those that were begun and have not ended."""
        with self._lock:
            self._under_way = [ended for ended in self._under_way if not ended.is_set()]
            return list(self._under_way)

    def wait(self) -> None:
        """Wait for all that were begun before."""
        for ended in self.under_way():
            ended.wait()

    def settle(self) -> None:
        """Wait for all of them.

        Raises:
            Exception: the first thing that went wrong since the last time; a ParityError as a rule.
        """
        self.wait()
        with self._lock:
            failed, self._failed = self._failed, []
        if failed:
            raise failed[0]

    def _do(self, remove: Callable[[], object], ended: threading.Event) -> None:
        try:
            remove()
        except Exception as error:  # noqa: BLE001 - raised in the caller's thread by `settle`
            with self._lock:
                self._failed.append(error)
        finally:
            ended.set()
