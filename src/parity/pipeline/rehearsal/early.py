"""The rehearsal's container, made while the wheels are fetched and looked at."""

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


@contextmanager
def made_early(run: BuildRun, lock: Lock) -> Iterator[Early]:
    """Begin to make the container; leaving the context removes it, used or not.

    None is made where the lock is as it was: a rehearsal that ended well is remembered then, as a rule.
    """
    sizes = [wheel.size for wheel in lock.wheels if wheel.size is not None]
    # Whether it fits into memory is part of the container, so all sizes must be known now.
    if lock == run.existing or len(sizes) < len(lock.wheels) or run.profile.project is not None:
        yield nothing
        return
    plan = run.profile.rehearsal
    needs = ContainerNeeds(run.image, plan, STORE_VOLUME, fits_memory(plan, sum(sizes)))
    engine, waits = run.world.engine, run.world.limits.workshop
    with ExitStack() as stack, beside(lambda: stack.enter_context(ready(engine, needs, waits))) as made:
        yield made
