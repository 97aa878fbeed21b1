"""Which lock a build uses: the one there is, or a new one."""

from __future__ import annotations

from parity.audit import tags_of_libc
from parity.engine import Container
from parity.errors import HeldBack, InputFileError
from parity.model import Facts, Lock, PinnedImage
from parity.pipeline.context.lockfiles import put_lock, read_existing
from parity.pipeline.context.values import BuildRequest, World
from parity.pipeline.locking import projects
from parity.pipeline.locking.lock_file import Resolved, keep_lock
from parity.pipeline.locking.source_resolution import Gathering
from parity.pipeline.sources.builder import Shop
from parity.pipeline.sources.provenance import sources_file
from parity.resolve import (
    ResolveInputs,
    inputs_digest,
    lock_state,
    read_lock,
    require_fresh,
    resolve_lock,
    resolver,
    write_lock,
)


def resolved(
    request: BuildRequest, image: PinnedImage, facts: Facts, room: Container, world: World
) -> Resolved:
    """The lock to build from, and what travels beside its wheels.

    Raises:
        HeldBack: wheels alone hold packages back, and the profile wants to stop there.
        ParityError: as `current_lock`.
    """
    found = _resolved(request, image, facts, room, world)
    held_back = found.lock.held_back
    if held_back and request.profile.sources.strict:
        raise HeldBack(held_back[0], where=str(request.profile.path), details=held_back[1:])
    for said in (*held_back, *found.lock.notes):
        world.reporter.warn(said)
    return found


def _resolved(
    request: BuildRequest, image: PinnedImage, facts: Facts, room: Container, world: World
) -> Resolved:
    shop = Shop(request, image, facts, _usable_tags(request, facts), room, world)
    if request.profile.project is not None:
        return projects.project_lock(shop)
    _demand_something(request)
    for note in request.what.notes:
        world.reporter.warn(note)
    if request.what.direct or request.profile.sources.names or request.profile.sources.auto:
        return _sourced_lock(shop)
    return Resolved(current_lock(request, facts, room, world))


def _sourced_lock(shop: Shop) -> Resolved:
    """The lock where some of it is built from sources; errors as `current_lock`, and those of building."""
    request, what = shop.request, shop.request.what
    shop.world.tools.carry_uv(shop.room, shop.facts.arch)
    gathering = Gathering(
        shop,
        request.profile.path.parent,
        request.profile.name,
        read_existing(read_lock, request.lock_path, request),
        requested=what.requested(shop.facts.markers),
    )
    gathering.want(what.requirements, what.direct)
    asked = [each.document(gathering.base) for each in what.direct]
    lock, built = gathering.resolved(what.constraints, sorted(asked))
    lock = keep_lock(request, lock, shop.world.reporter)
    missing = sorted(set(request.profile.sources.names) - {wheel.name for wheel in lock.wheels})
    if missing:
        shop.world.reporter.warn(f"build-from-source names what nothing asks for: {', '.join(missing)}")
    return Resolved(lock, (sources_file(built, shop),) if built else ())


def current_lock(request: BuildRequest, facts: Facts, room: Container, world: World) -> Lock:
    """The lock to build from: as it is where nothing has changed, else resolved and written.

    Raises:
        LockOutdated: `locked` was asked and it no longer fits.
        ParityError: from resolving.
    """
    inputs = _inputs(request, facts)
    digest = inputs_digest(inputs, resolver())
    existing = read_existing(read_lock, request.lock_path, request)
    if request.locked:
        return require_fresh(existing, digest, request.lock_path)
    if lock_state(existing, digest) == "fresh" and existing is not None and not request.upgrade:
        world.reporter.note("the lock is up to date")
        return existing
    lock = resolve_lock(
        room,
        facts.executable,
        inputs,
        world.network,
        existing,
        world.reporter,
        upgrade=request.upgrade,
        timeout=world.limits.resolving,
        bring_uv=lambda: world.tools.carry_uv(room, facts.arch),
        thorough=True,
    )
    put_lock(read_lock, request.lock_path, write_lock(lock), world.reporter)
    return lock


def _demand_something(request: BuildRequest) -> None:
    """InputFileError where nothing is asked for."""
    if not request.what.requirements and not request.what.direct:
        raise InputFileError(
            "the profile asks for nothing to be installed",
            where=str(request.profile.path),
            remedy="name requirements under install.requirements or install.files, or give a file with -r",
        )


def _inputs(request: BuildRequest, facts: Facts) -> ResolveInputs:
    profile = request.profile
    return ResolveInputs(
        what=request.what,
        facts=facts,
        tags=_usable_tags(request, facts),
        index=profile.index,
        exclude_newer=profile.exclude_newer,
        prereleases=profile.prereleases,
    )


def _usable_tags(request: BuildRequest, facts: Facts) -> tuple[str, ...]:
    """What the image runs, the target too, and the target's own pip where that will install."""
    tags = tags_of_libc(facts.tags, request.profile.target.libc)
    if request.profile.installer == "pip" and facts.pip_tags is not None:
        accepted = frozenset(facts.pip_tags)
        tags = tuple(tag for tag in tags if tag in accepted)
    return tags
