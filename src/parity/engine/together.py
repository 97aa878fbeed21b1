"""Containers that are ended together, while all others of the run go on."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from parity.engine.protocol import Container, Engine
from parity.engine.spec import ContainerSpec
from parity.errors import EngineLost, EngineRefused, Interrupted


class Together:
    """The containers of one piece of work; safe to share by threads.

    `Engine.interrupt` would end those of other targets as well, which are built side by side on one engine.
    """

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self._lock = threading.Lock()
        self._living: list[Container] = []
        self._over = False

    @contextmanager
    def started(self, spec: ContainerSpec) -> Iterator[Container]:
        """Create a container and start it; leaving the context begins its removal.

        Raises:
            Interrupted: `end` was called.
        """
        with self.engine.container(spec) as container:
            with self._lock:
                self._living.append(container)
            try:
                container.start()
                if self._over:  # `end` may have looked just before it ran
                    raise Interrupted("interrupted")
                yield container
            finally:
                with self._lock:
                    self._living.remove(container)

    def end(self) -> None:
        """Kill them and let no more begin, so that threads waiting on them come back."""
        with self._lock:
            self._over, living = True, list(self._living)
        for each in living:
            with suppress(EngineLost, EngineRefused):
                each.kill()
