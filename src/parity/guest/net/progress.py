"""How far a run of downloads is, and whether it goes forward."""

import threading
import time
from typing import Dict, List, Optional

_STEP = 64 * 1024
"""Bytes of all files together that count as going forward."""


class Counter:
    """Bytes done, expected and fetched, counted by many threads."""

    def __init__(self, files: int, known: List[Optional[int]]) -> None:
        self._lock = threading.Lock()
        self._unknown = sum(size is None for size in known)
        self._total = sum(size or 0 for size in known)
        self._done = 0
        self._files = files
        self._files_done = 0
        self._latest = ""
        self._moved = 0
        self._mark = (time.monotonic(), 0, 0)
        self.fetched = 0

    def add(self, count: int, fetched: bool = True) -> None:
        """So many bytes more are there; `fetched` tells whether they came over the network."""
        with self._lock:
            self._done += count
            self._moved += max(count, 0)
            self.fetched += count if fetched else 0

    def learn(self, size: int) -> None:
        """A size that was not known."""
        with self._lock:
            self._total += size
            self._unknown -= 1

    def finish(self, filename: str) -> None:
        """A file is there."""
        with self._lock:
            self._files_done += 1
            self._latest = filename

    def idle(self) -> float:
        """Seconds since a file was finished, or enough of some had come."""
        with self._lock:
            _, moved, files = self._mark
            # A step and not a byte: a server that trickles would count as going forward for ever.
            if self._moved >= moved + _STEP or self._files_done > files:
                self._mark = (time.monotonic(), self._moved, self._files_done)
            return time.monotonic() - self._mark[0]

    def event(self) -> Dict[str, object]:
        """The progress event; see `parity.guest.tasks.fetch`."""
        with self._lock:
            return {
                "event": "progress",
                "done": self._done,
                # A sum that leaves files out would show more than 100 %.
                "total": 0 if self._unknown else self._total,
                "file": self._latest,
                "files_done": self._files_done,
                "files": self._files,
            }
