"""A limit for what a container's code writes into a volume: engines have no quota for those everywhere.

Another container, without network, looks at the volume from outside: it may read all of it and writes
nothing. What is written too much ends the container that wrote.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace

from parity.engine.guests import GuestFailed, guest_tar, run_guest
from parity.engine.protocol import Container, Engine
from parity.engine.spec import ContainerSpec, Mount, Network
from parity.errors import ParityError
from parity.wire.rehearsing import UsageJob, UsageResult
from parity.wire.tasks import USAGE

FLOOR = 1 << 30
"""Bytes that stay free on the engine's disk, whoever fills it."""
_GRACE = 2.0  # seconds: what is done before is not watched
_WATCHED = "/watched"


class DiskWatch:
    """Watches one volume for one container.

    Attributes:
        over: what was too much, in words; empty while nothing is.
    """

    def __init__(self, engine: Engine, image: str, platform: str, python: str, limit: int) -> None:
        self.over = ""
        self._engine = engine
        self._spec = ContainerSpec(
            image=image,
            network=Network.NONE,
            purpose="watch",
            platform=platform,
            # Confined, and yet it must count folders that the package's users closed to others.
            capabilities=("DAC_READ_SEARCH",),
            pids=64,
        )
        self._python = python
        self._limit = limit
        self._ended = threading.Event()
        self._lock = threading.Lock()
        self._watcher: Container | None = None

    @contextmanager
    def of(self, container: Container, volume: str) -> Iterator[None]:
        """Watch while the context lasts; where it is too much, the container is ended."""
        thread = threading.Thread(target=self._watch, args=(container, volume), name="parity-disk-watch")
        thread.start()
        try:
            yield
        finally:
            self._ended.set()
            # The watcher waits inside its guest; only its end brings the thread back.
            with self._lock, suppress(ParityError):
                if self._watcher is not None:
                    self._watcher.kill()
            thread.join()

    def _watch(self, container: Container, volume: str) -> None:
        if self._ended.wait(_GRACE):
            return
        # Without a watcher the work goes on, as it would have without one.
        with suppress(ParityError, GuestFailed):
            found = self._look(volume)
            self.over = _words(found, self._limit)
            container.kill()

    def _look(self, volume: str) -> UsageResult:
        """What `parity.guest.tasks.usage` says once it is too much; GuestFailed where the watch was ended."""
        spec = replace(self._spec, mounts=(Mount(volume, _WATCHED, read_only=True),))
        with self._engine.container(spec) as watcher:
            watcher.put("/", guest_tar())
            watcher.start()
            with self._lock:
                self._watcher = watcher
            try:
                # The end may have come after the wait and before the watcher was known to it.
                if self._ended.is_set():
                    raise GuestFailed("usage", 0, "")
                job: UsageJob = {"folder": _WATCHED, "limit": self._limit, "floor": FLOOR}
                return run_guest(watcher, self._python, USAGE, job)
            finally:
                with self._lock:
                    self._watcher = None


def _words(found: UsageResult, limit: int) -> str:
    if found["bytes"] > limit:
        return f"it wrote more than {limit >> 20} MiB"
    return f"the engine's disk has no more than {found['free'] >> 20} MiB left"
