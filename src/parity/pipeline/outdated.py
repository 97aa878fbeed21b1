"""The story of what could be newer: the lock as it is, as an upgrade would make it, what the index has."""

from __future__ import annotations

from dataclasses import dataclass, replace

from parity.pipeline.context.values import BuildRequest, World
from parity.pipeline.front import begun, resolved
from parity.pipeline.locking import choose
from parity.pipeline.requires import graph_in
from parity.planning import Outdated, listed, outdated


@dataclass(frozen=True)
class OutdatedReport:
    """What could be newer, of how many packages; the limit in time that the profile sets, if it does."""

    found: tuple[Outdated, ...]
    packages: int
    exclude_newer: str | None


def what_is_outdated(request: BuildRequest, world: World) -> OutdatedReport:
    """What could be newer than in the lock that a build would take; no lock is written.

    Errors as the front part of a build, and those of fetching.
    """
    with begun(replace(request, dry=True), world) as run:
        lock = resolved(run).lock
        graph = graph_in(run, lock)
        run.world.reporter.stage("look", "at what an upgrade would give, and what the index has")
        # In the same run and still dry, so the lock of the upgrade is written nowhere.
        upgrading = replace(run, request=replace(run.request, upgrade=True, locked=False))
        upgraded = choose.resolved(upgrading).lock
        said = listed(run.guest, lock.wheels, run.tags, run.machine.markers["python_full_version"])
        what = run.request.what
        own = [line.text for line in (*what.requirements, *what.constraints)]
        found = outdated(lock, upgraded, said, graph, own)
        return OutdatedReport(found, len(lock.wheels), run.profile.exclude_newer)
