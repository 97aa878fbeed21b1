"""One build on its way: what every stage of it needs, as one value."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property

from parity.audit import tags_of_libc
from parity.engine import Container
from parity.engine.guests import Guest
from parity.model import Facts, Lock, LockedImage, MachineFacts, PinnedImage, Profile
from parity.pipeline.context.lockfiles import read_existing
from parity.pipeline.context.values import BuildRequest, World
from parity.portable.installers.registry import INSTALLERS
from parity.resolve import read_lock


def _nothing() -> None:
    """Nothing goes on meanwhile."""


@dataclass(frozen=True)
class BuildRun:
    """A build whose image is measured and whose workshop runs.

    Attributes:
        request: what is built.
        image: where it is resolved and rehearsed.
        machine: of that image, what is known at once.
        container: the workshop.
        world: what the build may use.
        measured: gives all of the image's facts.
        held: of that image, what a lock holds.
        meanwhile: begins what can go on while uv resolves.
    """

    request: BuildRequest
    image: PinnedImage
    machine: MachineFacts
    container: Container
    world: World
    measured: Callable[[], Facts]
    held: LockedImage | None = None
    meanwhile: Callable[[], None] = _nothing

    @property
    def facts(self) -> Facts:
        """The image's facts, with those of its pip; waits for these.

        Raises:
            ProbeFailed: they cannot be had.
        """
        return self.measured()

    def holding_image(self, lock: Lock) -> Lock:
        """The lock with the image that this run is in; with `locked` it stays as it is."""
        return lock if self.request.locked or self.request.stand_in else replace(lock, image=self.held)

    @property
    def profile(self) -> Profile:
        """What the bundle is for."""
        return self.request.profile

    @cached_property
    def guest(self) -> Guest:
        """The reach into the workshop."""
        return Guest(self.container, self.machine.executable, self.world.network, self.world.reporter)

    @cached_property
    def tags(self) -> tuple[str, ...]:
        """What the image runs, the target too, and what will install there takes."""
        tags = tags_of_libc(self.machine.tags, self.profile.target.libc)
        installer = INSTALLERS[self.profile.installer]
        if not installer.asks_host:
            return tags
        accepted = installer.accepted(self.facts.pip, self.facts.pip_tags)
        if accepted is None:
            return tags
        taken = frozenset(accepted.tags)
        return tuple(tag for tag in tags if tag in taken)

    @cached_property
    def existing(self) -> Lock | None:
        """The lock there was when it was first asked for; errors as `read_existing`."""
        return read_existing(read_lock, self.request.lock_path, self.request)

    def carry_uv(self) -> None:
        """Put uv into the workshop."""
        self.world.tools.carry_uv(self.container, self.machine.arch)
