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
        self._under_way: list[threading.Thread] = []
        self._failed: list[Exception] = []

    def begin(self, remove: Callable[[], object]) -> None:
        """Begin a removal; what goes wrong is raised by `settle`."""
        thread = threading.Thread(target=self._do, args=(remove,), name="parity-removal")
        with self._lock:
            # Started inside the lock: a thread in the list that was never started could not be joined.
            thread.start()
            self._under_way.append(thread)

    def under_way(self) -> list[threading.Thread]:
        """Those that were begun and have not ended."""
        with self._lock:
            self._under_way = [thread for thread in self._under_way if thread.is_alive()]
            return list(self._under_way)

    def wait(self) -> None:
        """Wait for all that were begun before."""
        for thread in self.under_way():
            thread.join()

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

    def _do(self, remove: Callable[[], object]) -> None:
        try:
            remove()
        except Exception as error:  # noqa: BLE001 - raised in the caller's thread by `settle`
            with self._lock:
                self._failed.append(error)
