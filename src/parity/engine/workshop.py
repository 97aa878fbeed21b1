"""The workshop: the one container of a run that has network and may write into the store.

It resolves, fetches and audits; no code of any package runs in it.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from parity.engine.guests import GuestFailed, guest_tar
from parity.engine.protocol import Container, Engine
from parity.engine.spec import ContainerSpec, Mount, Network
from parity.errors import EngineLost, EngineRefused, FetchFailed, ParityError
from parity.model.limits import Limits, remedy, spelt

KILLED = 137
"""The exit code of a command that the kernel has killed."""
_USUAL = Limits()
STORE_VOLUME = "parity-store"
STORE = "/store"
PRUNING = "prune"
"""The purpose of the container that stands for a pruning; see `beside_pruning`."""
_LOOK_AGAIN = 0.3
AUDITS = f"{STORE}/audits"
"""Where the audit's judgements lie beside the wheels; only the workshop may write there."""


@contextmanager
def workshop(engine: Engine, image_id: str, platform: str, limits: Limits = _USUAL) -> Iterator[Container]:
    """A started container with network, the store at /store and the guest scripts at /parity.

    Args:
        engine: where it runs.
        image_id: the target's image, so that resolving is native.
        platform: the image's platform.
        limits: how much memory it may have, and how long it lives.

    Raises:
        EngineLost: its time was over before the work was.
    """
    engine.ensure_volume(STORE_VOLUME)
    spec = ContainerSpec(
        image=image_id,
        network=Network.DEFAULT,
        purpose="workshop",
        platform=platform,
        mounts=(Mount(STORE_VOLUME, STORE, read_only=False),),
        memory=limits.memory,
        # Enough for the resolver's threads and downloads; a fork bomb ends here.
        pids=1024,
        lifetime=limits.workshop,
    )
    with beside_pruning(engine, spec) as container:
        container.put("/", guest_tar())
        container.start()
        end = time.monotonic() + limits.workshop
        try:
            yield container
        except (EngineLost, EngineRefused, GuestFailed) as error:
            # Its `sleep` ends the container; what was under way then fails in one of three ways, none of
            # which says why.
            if time.monotonic() < end:
                raise
            raise EngineLost(
                f"the workshop lived for {spelt(limits.workshop)}, and the build is not done",
                remedy=remedy("workshop"),
            ) from error


def out_of_memory(failed: GuestFailed) -> ParityError | None:
    """What to raise where the kernel ended a guest of the workshop; None where that was not the reason."""
    return memory_error() if failed.exit_code == KILLED else None


def memory_error() -> ParityError:
    """The error for a workshop that may not have as much memory as it wants."""
    return FetchFailed("the workshop ran out of memory", remedy=remedy("memory"))


@contextmanager
def beside_pruning(engine: Engine, spec: ContainerSpec) -> Iterator[Container]:
    """A container that mounts the store, made when nobody prunes it.

    Whoever prunes shows that by a container first, and looks for users of the store then; whoever uses the
    store makes his container first, and looks for pruners then. So at least one sees the other, and it is
    the user that goes back and waits: a pruning takes seconds, and ends by itself where it was killed.
    """
    while True:
        with engine.container(spec) as container:
            if not engine.living(purpose=PRUNING):
                yield container
                return
        while engine.living(purpose=PRUNING):
            time.sleep(_LOOK_AGAIN)
