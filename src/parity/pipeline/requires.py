"""The story of a graph: who requires whom in the lock that a build would take."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from parity.errors import LockOutdated
from parity.fetch import fetch_wheels, said_of_wheels
from parity.graph import Graph, SelfDescription, extras_in, graph_of
from parity.model import Lock
from parity.pipeline.context.run import BuildRun
from parity.pipeline.context.values import BuildRequest, World
from parity.pipeline.front import begun, resolved
from parity.portable.names import normalize_name


def requires(request: BuildRequest, world: World) -> Graph:
    """Who requires whom in the lock that a build would take; no lock is written.

    Errors as the front part of a build, and those of fetching.
    """
    with begun(replace(request, dry=True), world) as run:
        return graph_in(run, resolved(run).lock)


def requires_by_lock(request: BuildRequest, world: World) -> Graph:
    """Who requires whom in the lock as it lies there, whatever is asked for now.

    Raises:
        LockOutdated: there is none.
        ParityError: the image cannot be had, or the wheels.
    """
    with begun(replace(request, dry=True), world) as run:
        if run.existing is None:
            raise LockOutdated("there is no lock", where=str(request.lock_path))
        return graph_in(run, run.existing)


def graph_in(run: BuildRun, lock: Lock) -> Graph:
    """Who requires whom in a lock: each wheel of it is fetched, and its own words are read."""
    run.world.reporter.stage("fetch")
    # A lock does not tell what its packages require; a build has the wheels already then.
    fetch_wheels(run.guest, lock.wheels)
    told = said_of_wheels(run.guest, lock.wheels)
    extras = _asked_extras(run)
    return graph_of(
        [
            SelfDescription(
                one.name, one.version, tuple(said["requires"]), one.requested, extras.get(one.name, ())
            )
            for one, said in zip(lock.wheels, told, strict=True)
        ],
        run.machine.markers,
    )


def _asked_extras(run: BuildRun) -> Mapping[str, tuple[str, ...]]:
    """The extras that the user's own lines ask for, by package."""
    found: dict[str, tuple[str, ...]] = {}
    for line in run.request.what.requirements:
        found[line.name] = (*found.get(line.name, ()), *extras_in(line.text))
    for each in run.request.what.direct:
        found[normalize_name(each.name)] = tuple(each.extras)
    return found
