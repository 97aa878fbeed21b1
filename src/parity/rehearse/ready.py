"""A rehearsal's container before the rehearsal: made, started, and with nothing of a bundle in it.

That takes a second on some engines, which may pass while the wheels are fetched and looked at.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from parity.engine import Container, Engine
from parity.engine.guests import folders_tar, guest_tar
from parity.model import PinnedImage, RehearsalPlan
from parity.rehearse.room import CARRY, FOLDERS, container_spec, give_folders


@dataclass(frozen=True)
class ContainerNeeds:
    """What of a rehearsal its container depends on.

    Attributes:
        image: whose id and platform it gets.
        plan: limits.
        store: the volume with the wheels, None where the bundle has them.
        in_memory: whether the new environment is made in memory; see `room.fits_memory`.
    """

    image: PinnedImage
    plan: RehearsalPlan
    store: str | None
    in_memory: bool


@dataclass(frozen=True)
class ReadyContainer:
    """A started container for one rehearsal with these needs, and its scratch volume."""

    needs: ContainerNeeds
    container: Container
    volume: str


@contextmanager
def ready(engine: Engine, needs: ContainerNeeds, waits: int = 0) -> Iterator[ReadyContainer]:
    """Make a container and its volume; leaving the context begins their removal.

    Args:
        engine: where.
        needs: of the rehearsal.
        waits: seconds that it may have to live before the rehearsal begins.
    """
    with engine.scratch_volume() as volume:
        spec = container_spec(
            needs.image, needs.plan, volume, needs.store, in_memory=needs.in_memory, waits=waits
        )
        with engine.container(spec) as container:
            # No bundle yet, only our own scripts and empty folders: which bundle it is for need not be known.
            container.put(CARRY, guest_tar())
            container.put(CARRY, folders_tar(FOLDERS))
            container.start()
            give_folders(container, in_memory=needs.in_memory)
            yield ReadyContainer(needs, container, volume)
