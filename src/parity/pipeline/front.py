"""The front part of every story: from a request to its lock, resolved in the target's own image."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import replace

from parity.audit import check_tags
from parity.engine.workshop import workshop
from parity.images import demand_runs, ensure_image, image_by_lock, short_pin
from parity.model import Facts, Lock, LockedImage, MachineFacts, PinnedImage
from parity.pipeline.context.background import beside
from parity.pipeline.context.lockfiles import read_existing
from parity.pipeline.context.run import BuildRun
from parity.pipeline.context.values import BuildRequest, World
from parity.pipeline.locking.completing import first, with_setuptools_for
from parity.pipeline.locking.lock_file import Resolved
from parity.pipeline.rehearsal import cache
from parity.pipeline.wheelfolders import bring_folders
from parity.probe import check_parity, check_stand_in
from parity.resolve import read_lock


@contextmanager
def begun(request: BuildRequest, world: World) -> Iterator[BuildRun]:
    """A run whose image is there and measured, and whose workshop runs until the context is left.

    Raises:
        ParityError: the image cannot be had, or is not what the profile says.
    """
    world = replace(world, limits=request.profile.limits)
    world.tools.prepare(request.profile.target.arch)
    image, held = _present_image(request, world)
    world.reporter.stage("probe")
    # Measured beside, in a container of its own: the workshop takes as long to start.
    with (
        measuring(request, image, world) as (machine, measured),
        workshop(world.engine, image.id, image.platform, world.limits) as container,
    ):
        run = BuildRun(
            request, image, _matching(request, image, machine(), world), container, world, measured, held
        )
        # Before anything is resolved: to the resolver, a folder of wheels is one more index.
        bring_folders(run)
        yield run


def resolved(run: BuildRun) -> Resolved:
    """The lock that a run is about, every wheel of which fits; errors as `choose.resolved`, and NoWheel."""
    run.world.reporter.stage("resolve")
    for note in run.request.what.notes:
        run.world.reporter.warn(note)
    return _fitting(run, first(run), told=())


def completed(run: BuildRun, found: Resolved, users: tuple[str, ...]) -> Resolved:
    """The same with a setuptools for packages that lack it, itself where nothing changes; errors alike."""
    more = with_setuptools_for(run, found, users)
    return found if more is found else _fitting(run, more, told=_said(found.lock))


def _fitting(run: BuildRun, found: Resolved, told: Sequence[str]) -> Resolved:
    """What was resolved, held against the target, and what it has to say that was not told yet."""
    reporter, lock = run.world.reporter, found.lock
    check_tags(lock.wheels, run.facts, run.profile.target, run.profile.installer)
    reporter.note(lock.told())
    for wheel in lock.wheels:
        reporter.debug(f"{wheel.name} {wheel.version}: {wheel.url or wheel.origin}")
    # A lock that was completed says again what the first one said.
    for said in _said(lock):
        if said not in told:
            reporter.warn(said)
    return found


def _said(lock: Lock) -> tuple[str, ...]:
    return (*lock.held_back, *lock.notes)


def _present_image(request: BuildRequest, world: World) -> tuple[PinnedImage, LockedImage | None]:
    source = request.stand_in or request.profile.image
    world.reporter.stage("image", str(source))
    arch, held = request.profile.target.arch, None
    if request.stand_in:
        image = ensure_image(source, arch, world.maker)
    else:
        image, held = _by_lock(request, world)
    world.reporter.note(f"{image.name}, {image.origin}, {short_pin(image.pin)}")
    demand_runs(world.engine, image)
    if request.stand_in:
        world.reporter.warn(f"{source} stands in for {request.profile.image}: the real image was not used")
        return replace(image, stand_in_for=str(request.profile.image)), None
    return image, held


def _by_lock(request: BuildRequest, world: World) -> tuple[PinnedImage, LockedImage | None]:
    existing = read_existing(read_lock, request.lock_path, request)
    image, held = image_by_lock(
        request.profile.image,
        request.profile.target.arch,
        world.maker,
        existing.image if existing else None,
        locked=request.locked,
        upgrade=request.upgrade,
    )
    if request.locked and held is not None and existing is not None and existing.image is None:
        world.reporter.warn("the lock holds no image: build once without --locked, and it will")
    return image, held


@contextmanager
def measuring(
    request: BuildRequest, image: PinnedImage, world: World
) -> Iterator[tuple[Callable[[], MachineFacts], Callable[[], Facts]]]:
    """Begin to measure an image; gives what waits for what is known first, and for all."""
    machine: Future[MachineFacts] = Future()

    def measured() -> Facts:
        try:
            return cache.facts_of(image, request.profile.target.python_minor, world, machine.set_result)
        except BaseException as error:
            if not machine.done():
                machine.set_exception(error)
            raise

    with beside(measured) as facts:
        yield machine.result, facts


def _matching(request: BuildRequest, image: PinnedImage, facts: MachineFacts, world: World) -> MachineFacts:
    check = check_stand_in if request.stand_in else check_parity
    check(request.profile.target, facts, f"{request.profile.path}, image {image.name}")
    world.reporter.note(f"{facts.os_name}, {facts.libc}, Python {facts.python}, {facts.arch}")
    return facts
