"""The main story: from a profile to a signed bundle whose install was rehearsed without network."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from functools import partial

from parity.audit import audit_wheels, refused_by_pip
from parity.engine.workshop import AUDITS, STORE_VOLUME
from parity.fetch import fetch_wheels
from parity.model import BuiltBundle, Facts, Lock, PinnedImage, Profile, Proof, WheelSet
from parity.pack import VEHICLES, Cargo, Draft, oldest_pip, pip_note, wheels_in_archive
from parity.pipeline.context.background import beside
from parity.pipeline.context.run import BuildRun
from parity.pipeline.context.values import BuildReport, BuildRequest, World
from parity.pipeline.exporting.building import demand_exportable, exported
from parity.pipeline.front import begun, completed
from parity.pipeline.front import resolved as resolved_lock
from parity.pipeline.gems import with_gems
from parity.pipeline.locking.completing import lacking_setuptools
from parity.pipeline.locking.lock_file import Resolved, with_words_of
from parity.pipeline.other_files import other_files
from parity.pipeline.rehearsal.early import Early, made_early
from parity.pipeline.rehearsal.search import SystemSearch, prove
from parity.portable.bundle.envelope import PREDICATE_TYPE
from parity.portable.installers.registry import INSTALLERS
from parity.portable.texts import counted
from parity.probe import travelling
from parity.rehearse import Carried
from parity.sign import check_identity


def build(request: BuildRequest, world: World) -> BuildReport:
    """Build one bundle: profile → image → facts → lock → wheel set → rehearsal → bundle.

    Raises:
        ParityError: whichever stage could not go on says why; nothing half done is left behind.
    """
    check_identity(request.identity)
    with begun(request, world) as start:
        with made_early(start) as early:
            run = replace(start, meanwhile=early.guess)
            demand_exportable(run)
            resolved = resolved_lock(run)
            early.settle(resolved.lock)
            resolved, wheels = _wheel_set(run, resolved)
            draft, proof = _proof(run, with_gems(run, _draft(run, resolved, wheels)), resolved, early)
        # Its container is removed meanwhile.
        bundle = _bundle(run, draft, proof)
    return BuildReport(draft, proof, bundle, request.lock_path)


def _wheel_set(run: BuildRun, resolved: Resolved) -> tuple[Resolved, WheelSet]:
    """The lock's wheels, judged; and the lock, which these may complete."""
    wheels = _fetched(run, resolved.lock)
    # Both only read the wheels, and neither needs what the other finds.
    with beside(lambda: lacking_setuptools(run, resolved.lock, wheels)) as lacking:
        _audit(run, wheels)
        more = completed(run, resolved, lacking())
    if more is resolved:
        return resolved, wheels
    wheels = _fetched(run, more.lock)
    _audit(run, wheels)
    return more, wheels


def _fetched(run: BuildRun, lock: Lock) -> WheelSet:
    reporter = run.world.reporter
    reporter.stage("fetch")
    wheels = fetch_wheels(run.guest, lock.wheels)
    reporter.note(f"{wheels.fetched} of {counted(len(lock.wheels), 'wheel')} came over the network")
    return wheels


def _audit(run: BuildRun, wheels: WheelSet) -> None:
    run.world.reporter.stage("audit")
    allow, seconds = run.profile.rehearsal.allow, run.world.limits.audit
    audit_wheels(run.guest, wheels, allow, cache=AUDITS, timeout=seconds)


def _draft(run: BuildRun, resolved: Resolved, wheels: WheelSet) -> Draft:
    note = said_of_pip(run.image, run.facts, resolved.lock)
    if note:
        run.world.reporter.warn(note)
    return Draft(
        profile=run.profile,
        image=run.image,
        facts=run.facts,
        travelling_facts=travelling(run.facts.document),
        lock=resolved.lock,
        wheels=wheels,
        uv=run.world.tools.uv_file(run.machine.arch) if carries_uv(run.profile) else None,
        more=(*resolved.files, *other_files(run)),
        sync=resolved.sync,
        pip_note=note,
        asked=run.request.asked_files(resolved.asked),
    )


def carries_uv(profile: Profile) -> bool:
    """Whoever works in a project needs uv there, whatever installs the bundle."""
    return INSTALLERS[profile.installer].carries_uv or profile.project is not None


def said_of_pip(image: PinnedImage, facts: Facts, lock: Lock) -> str:
    """What whoever installs with the target's own pip must know; nobody can tell from a stand-in."""
    refused = () if image.stand_in_for else refused_by_pip(lock.wheels, facts)
    return pip_note(facts.pip, refused, oldest_pip(lock.wheels, facts.libc.family))


def _proof(run: BuildRun, draft: Draft, resolved: Resolved, early: Early) -> tuple[Draft, Proof]:
    reporter = run.world.reporter
    search = SystemSearch(run, draft.wheels)
    proved, proof = prove(search, draft, lambda each: _carried(each, resolved), early)
    for each in proof.imports:
        reporter.debug(f"{each.package}: import {each.module}: {each.error or 'works'}")
    for warning in proof.warnings:
        reporter.warn(warning)
    proof = with_words_of(resolved.lock, proof)
    again = ", nothing changed since that was seen" if proof.reused else ""
    reporter.note(f"{proof.installed} installed, {counted(len(proof.imports), 'module')} imported{again}")
    return proved, proof


def _carried(draft: Draft, resolved: Resolved) -> Carried:
    """What of a draft the rehearsal installs from."""
    return Carried(
        archive=draft.archive,
        wheels=(STORE_VOLUME, draft.wheels.folder),
        requested=tuple(wheel.name for wheel in draft.lock.wheels if wheel.requested),
        # A project is synced besides, from a copy of its own.
        wheel_bytes=draft.wheels.total_bytes * (2 if draft.profile.project else 1)
        + sum(file.size for file in draft.other_files),
        checkout=resolved.checkout,
    )


def _bundle(run: BuildRun, draft: Draft, proof: Proof) -> BuiltBundle:
    request, reporter = run.request, run.world.reporter
    reporter.stage("pack")
    identity = request.settled(draft.lock)
    cargo = Cargo(
        identity=identity,
        draft=draft,
        proof=proof,
        wheels=lambda: wheels_in_archive(run.container.get(draft.wheels.folder)),
        export=partial(exported, run),
    )
    profile_digest = hashlib.sha256(run.profile.document.encode()).hexdigest()
    seal = run.world.sealer(identity, profile_digest, PREDICATE_TYPE)
    bundle = VEHICLES[run.profile.vehicle.form].write(cargo, request.output, seal, reporter)
    if bundle.signers:
        reporter.note("signed by " + ", ".join(each[:16] for each in bundle.signers))
    return bundle
