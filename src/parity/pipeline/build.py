"""The main story: from a profile to a signed bundle whose install was rehearsed without network."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import replace
from functools import partial

from parity.audit import audit_wheels, check_tags, refused_by_pip
from parity.engine import Container
from parity.engine.workshop import AUDITS, STORE_VOLUME, workshop
from parity.fetch import fetch_wheels
from parity.images import ensure_image
from parity.model import BuiltBundle, Facts, Lock, PinnedImage, Profile, Proof, WheelSet
from parity.pack import Draft, draft, oldest_pip, pip_note, wheels_in_archive, write_bundle
from parity.pipeline.context.background import beside
from parity.pipeline.context.values import BuildReport, BuildRequest, World
from parity.pipeline.locking import choose
from parity.pipeline.locking.lock_file import Resolved, with_words_of
from parity.pipeline.other_files import other_files
from parity.pipeline.rehearsal import cache
from parity.pipeline.rehearsal.search import SystemSearch, prove
from parity.probe import check_parity, check_stand_in, travelling
from parity.rehearse import Carried
from parity.sign import check_identity


def build(request: BuildRequest, world: World) -> BuildReport:
    """Build one bundle: profile → image → facts → lock → wheel set → rehearsal → bundle.

    Raises:
        ParityError: whichever stage could not go on says why; nothing half done is left behind.
    """
    check_identity(request.identity)
    world = replace(world, limits=request.profile.limits)
    world.tools.prepare(request.profile.target.arch)
    image = _present_image(request, world)
    measuring = beside(lambda: _matching_facts(request, image, world))
    with measuring as measured, workshop(world.engine, image.id, image.platform, world.limits) as room:
        facts = measured()
        resolved = _resolved(request, image, facts, room, world)
        lock = resolved.lock
        wheels = _wheel_set(request, facts, lock, room, world)
        uv = world.tools.uv_file(facts.arch) if _carries_uv(request.profile) else None
        drafted = partial(
            draft,
            request.profile,
            image,
            facts,
            travelling(facts.document),
            lock,
            wheels,
            uv=uv,
            more=(*resolved.files, *other_files(request.profile, facts, room, world)),
            sync=resolved.sync,
            pip_note=_told_of_pip(image, facts, lock, world),
        )
        bundle_draft, proof = _proof(drafted, SystemSearch(request, facts, wheels, room, world), resolved)
        bundle = _bundle(request, bundle_draft, proof, room, world)
    others, system = bundle_draft.other_files, bundle_draft.system
    return BuildReport(request.profile, image, facts, lock, wheels, proof, bundle, others, system)


def _present_image(request: BuildRequest, world: World) -> PinnedImage:
    source = request.stand_in or request.profile.image
    world.reporter.stage("image", str(source))
    image = ensure_image(
        source,
        request.profile.target.arch,
        engine=world.engine,
        machine=world.machine,
        reporter=world.reporter,
    )
    world.reporter.note(f"{image.name}, {image.origin}, {image.pin[:19]}")
    if request.stand_in:
        world.reporter.warn(f"{source} stands in for {request.profile.image}: the real image was not used")
        return replace(image, stand_in_for=str(request.profile.image))
    return image


def _matching_facts(request: BuildRequest, image: PinnedImage, world: World) -> Facts:
    target = request.profile.target
    world.reporter.stage("probe")
    facts = cache.facts_of(image, target.python_minor, world)
    check = check_stand_in if request.stand_in else check_parity
    check(target, facts, f"{request.profile.path}, image {image.name}")
    world.reporter.note(f"{facts.os_name}, {facts.libc}, Python {facts.python}, {facts.arch}")
    return facts


def _carries_uv(profile: Profile) -> bool:
    """Whoever works in a project needs uv there, whatever installs the bundle."""
    return profile.installer == "uv" or profile.project is not None


def _resolved(
    request: BuildRequest, image: PinnedImage, facts: Facts, room: Container, world: World
) -> Resolved:
    world.reporter.stage("resolve")
    resolved = choose.resolved(request, image, facts, room, world)
    lock = resolved.lock
    check_tags(lock.wheels, facts, request.profile.target, request.profile.installer)
    world.reporter.note(lock.told())
    for wheel in lock.wheels:
        world.reporter.debug(f"{wheel.name} {wheel.version}: {wheel.url or wheel.origin}")
    return resolved


def _told_of_pip(image: PinnedImage, facts: Facts, lock: Lock, world: World) -> str:
    """What whoever installs with the target's own pip must know; nobody can tell from a stand-in."""
    refused = () if image.stand_in_for else refused_by_pip(lock.wheels, facts)
    note = pip_note(facts.pip, refused, oldest_pip(lock.wheels, facts.libc.family))
    if note:
        world.reporter.warn(note)
    return note


def _wheel_set(request: BuildRequest, facts: Facts, lock: Lock, room: Container, world: World) -> WheelSet:
    world.reporter.stage("fetch")
    wheels = fetch_wheels(room, facts.executable, lock, world.network, world.reporter)
    world.reporter.note(f"{wheels.fetched} of {len(lock.wheels)} wheels came over the network")
    world.reporter.stage("audit")
    allow = request.profile.rehearsal.allow
    seconds = world.limits.audit
    audit_wheels(room, facts.executable, wheels, allow, world.reporter, cache=AUDITS, timeout=seconds)
    return wheels


def _proof(drafted: Callable[..., Draft], search: SystemSearch, resolved: Resolved) -> tuple[Draft, Proof]:
    world = search.world
    bundle_draft, proof = prove(search, drafted, lambda each: _carried(each, resolved))
    for each in proof.imports:
        world.reporter.debug(f"{each.package}: import {each.module}: {each.error or 'works'}")
    for warning in proof.warnings:
        world.reporter.warn(warning)
    proof = with_words_of(resolved.lock, proof)
    again = ", nothing changed since that was seen" if proof.reused else ""
    world.reporter.note(f"{proof.installed} installed, {len(proof.imports)} modules imported{again}")
    return bundle_draft, proof


def _carried(bundle_draft: Draft, resolved: Resolved) -> Carried:
    """What of a draft the rehearsal installs from."""
    return Carried(
        archive=bundle_draft.archive,
        wheels=(STORE_VOLUME, bundle_draft.wheels.folder),
        requested=tuple(wheel.name for wheel in resolved.lock.wheels if wheel.requested),
        # A project is synced besides, from a copy of its own.
        wheel_bytes=bundle_draft.wheels.total_bytes * (2 if bundle_draft.profile.project else 1)
        + sum(file.size for file in bundle_draft.other_files),
        checkout=resolved.checkout,
    )


def _bundle(
    request: BuildRequest, bundle_draft: Draft, proof: Proof, room: Container, world: World
) -> BuiltBundle:
    world.reporter.stage("pack")
    files = bundle_draft.proved(proof)
    profile_digest = hashlib.sha256(request.profile.document.encode()).hexdigest()
    bundle = write_bundle(
        request.output,
        request.identity,
        bundle_draft.manifest(files, proof.imports),
        files,
        wheels_in_archive(room.get(bundle_draft.wheels.folder)),
        world.sealer(request.identity, profile_digest),
        world.reporter,
    )
    world.reporter.note("signed by " + ", ".join(each[:16] for each in bundle.signers))
    return bundle
