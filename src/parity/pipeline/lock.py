"""The story of a lock alone: resolved and written as a build would, and nothing else."""

from __future__ import annotations

from dataclasses import dataclass

from parity.model import Facts, Lock, PinnedImage
from parity.pipeline.context.values import BuildRequest, World
from parity.pipeline.exporting.building import lock_interpreter
from parity.pipeline.front import begun, resolved
from parity.pipeline.gems import tell_of_gems
from parity.planning import LockChanges, lock_changes


@dataclass(frozen=True)
class LockReport:
    """A lock that is up to date, where it was resolved, and what that changed."""

    request: BuildRequest
    image: PinnedImage
    facts: Facts
    lock: Lock
    changes: LockChanges


def lock(request: BuildRequest, world: World) -> LockReport:
    """Bring a profile's lock up to date, and that of the interpreter which its environment carries.

    Profile → image → facts → lock.

    Raises:
        LockOutdated: `locked` was asked, and it is not.
        ParityError: as the front part of a build.
    """
    with begun(request, world) as run:
        tell_of_gems(run)
        before = run.existing
        found = resolved(run).lock
        lock_interpreter(run)
        return LockReport(request, run.image, run.facts, found, lock_changes(before, found))
