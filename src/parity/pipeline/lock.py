"""The story of a lock alone: resolved and written as a build would, and nothing else."""

from __future__ import annotations

from dataclasses import dataclass

from parity.model import Facts, GemSet, Lock, PinnedImage
from parity.pipeline.context.values import BuildRequest, World
from parity.pipeline.exporting.building import lock_interpreter
from parity.pipeline.front import begun, resolved
from parity.pipeline.gems import locked_gems
from parity.planning import LockChanges, lock_changes


@dataclass(frozen=True)
class LockReport:
    """A lock that is up to date, where it was resolved, what that changed, and the gems that are locked."""

    request: BuildRequest
    image: PinnedImage
    facts: Facts
    lock: Lock
    changes: LockChanges
    gems: GemSet | None


def lock(request: BuildRequest, world: World) -> LockReport:
    """Bring a profile's lock up to date, that of its gems, and that of the interpreter it carries.

    Profile → image → facts → lock. System packages are locked by a build alone: it rehearses to find them.

    Raises:
        LockOutdated: `locked` was asked, and it is not.
        ParityError: as the front part of a build.
    """
    with begun(request, world) as run:
        if run.profile.system.names or run.profile.system.auto:
            world.reporter.warn(
                "system packages are locked by `parity build`: it installs wheels to find them"
            )
        before = run.existing
        found = resolved(run).lock
        lock_interpreter(run)
        changes = lock_changes(before, found)
        return LockReport(request, run.image, run.facts, found, changes, locked_gems(run))
