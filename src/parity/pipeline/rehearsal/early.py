"""The rehearsal's container, made while uv resolves and the wheels are fetched and looked at."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

from parity.engine.workshop import STORE_VOLUME
from parity.model import Lock
from parity.pipeline.context.background import beside
from parity.pipeline.context.run import BuildRun
from parity.rehearse import ContainerNeeds, ReadyContainer, fits_memory, ready

Early = Callable[[], ReadyContainer | None]
"""Gives the container; raises what the engine said where it could not be made."""


def nothing() -> None:
    """No container was made early."""


class EarlyContainer:
    """Begins to make the container, at most once for the same needs; calling it waits for the latest.

    Args:
        run: what is rehearsed.
        stack: removes what was made, used or not.
    """

    def __init__(self, run: BuildRun, stack: ExitStack) -> None:
        self._run = run
        self._stack = stack
        self._needs: ContainerNeeds | None = None
        self._made: Early = nothing

    def __call__(self) -> ReadyContainer | None:
        """The container; None where none was begun."""
        return self._made()

    def guess(self) -> None:
        """Begin before the wheels are known, as for a few: most sets fit into memory.

        Not where there is a lock: it may turn out to be as it was, and then nothing is rehearsed, as a rule.
        """
        if self._run.existing is None:
            self._begin(0)

    def settle(self, lock: Lock) -> None:
        """Begin for a lock's wheels; not where it is as it was."""
        sizes = [wheel.size for wheel in lock.wheels if wheel.size is not None]
        # Whether it fits into memory is part of the container, so all sizes must be known now.
        if lock != self._run.existing and len(sizes) == len(lock.wheels):
            self._begin(sum(sizes))

    def _begin(self, size: int) -> None:
        run, plan = self._run, self._run.profile.rehearsal
        needs = ContainerNeeds(run.image, plan, STORE_VOLUME, fits_memory(plan, size))
        if run.profile.project is not None or needs == self._needs:
            return
        engine, waits = run.world.engine, run.world.limits.workshop

        def make() -> ReadyContainer:
            # The stack waits for this thread before it is through, and so removes what is made here.
            return self._stack.enter_context(ready(engine, needs, waits))

        self._needs, self._made = needs, self._stack.enter_context(beside(make))


@contextmanager
def made_early(run: BuildRun) -> Iterator[EarlyContainer]:
    """What begins to make the container; leaving the context removes it, used or not."""
    with ExitStack() as stack:
        yield EarlyContainer(run, stack)
