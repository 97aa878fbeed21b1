"""Which lock a build uses: the one there is, or a new one."""

from __future__ import annotations

from parity.errors import HeldBack
from parity.model import Lock
from parity.pipeline.context.background import beside
from parity.pipeline.context.run import BuildRun
from parity.pipeline.locking import projects
from parity.pipeline.locking.lock_file import Resolved, keep_lock, write_down
from parity.pipeline.locking.source_resolution import Gathering
from parity.pipeline.sources.builder import SourceBuilder
from parity.pipeline.sources.provenance import sources_file, with_fetched
from parity.resolve import (
    ResolveInputs,
    inputs_digest,
    lock_state,
    require_fresh,
    resolve_lock,
    resolver,
)


def resolved(run: BuildRun) -> Resolved:
    """The lock to build from, and what travels beside its wheels.

    Raises:
        HeldBack: wheels alone hold packages back, and the profile wants to stop there.
        ParityError: as `current_lock`.
    """
    found = _resolved(run)
    lacking = sorted(run.request.renewed - {wheel.name for wheel in found.lock.wheels})
    if lacking:
        run.world.reporter.warn(f"to be upgraded, but nothing asks for it: {', '.join(lacking)}")
    held_back = found.lock.held_back
    if held_back and run.profile.sources.strict:
        raise HeldBack(held_back[0], where=str(run.profile.path), details=held_back[1:])
    return found


def _resolved(run: BuildRun) -> Resolved:
    if run.profile.project is not None:
        return projects.project_lock(run)
    what = run.request.what
    if what.direct or run.profile.sources.names or run.profile.sources.auto:
        return _sourced_lock(run)
    return Resolved(current_lock(run))


def _sourced_lock(run: BuildRun) -> Resolved:
    """The lock where some of it is built from sources; errors as `current_lock`, and those of building."""
    what, profile, builder = run.request.what, run.profile, SourceBuilder(run)
    run.carry_uv()
    gathering = Gathering(
        builder, run.request.base, profile.name, requested=what.requested(run.machine.markers)
    )
    gathering.want(what.requirements, what.direct)
    asked = [each.document(gathering.base) for each in what.direct]
    lock, built = gathering.resolved(what.constraints, sorted(asked))
    lock = with_fetched(keep_lock(run, lock), built)
    missing = sorted(set(profile.sources.names) - {wheel.name for wheel in lock.wheels})
    if missing:
        run.world.reporter.warn(f"build-from-source names what nothing asks for: {', '.join(missing)}")
    return Resolved(lock, (sources_file(built, builder),) if built else ())


def current_lock(run: BuildRun) -> Lock:
    """The lock to build from: as it is where nothing has changed, else resolved and written.

    Raises:
        LockOutdated: `locked` was asked and it no longer fits.
        ParityError: from resolving.
    """
    request, existing, inputs = run.request, run.existing, _inputs(run)
    digest = inputs_digest(inputs, resolver())
    if request.locked:
        return require_fresh(existing, digest, request.lock_path)
    if lock_state(existing, digest) == "fresh" and existing is not None and not request.is_fresh_start:
        run.world.reporter.note("the lock is up to date")
        held = run.holding_image(existing)
        if held != existing:
            write_down(run, held)
        return held
    with beside(run.carry_uv) as carried:  # while others wait for the index

        def bring_uv() -> None:
            run.meanwhile()
            carried()

        lock = resolve_lock(
            run.guest,
            inputs,
            existing,
            upgrade=request.upgrade,
            renewed=request.renewed,
            timeout=run.world.limits.resolving,
            bring_uv=bring_uv,
            thorough=True,
            ahead=not request.dry,
        )
    lock = run.holding_image(lock)
    write_down(run, lock)
    return lock


def _inputs(run: BuildRun) -> ResolveInputs:
    profile = run.profile
    return ResolveInputs(
        what=run.request.what,
        facts=run.machine,
        tags=run.tags,
        index=profile.index,
        exclude_newer=profile.exclude_newer,
        prereleases=profile.prereleases,
    )
