"""The story of a plan: what a build would do, and nothing kept of it.

Sources are built all the same, for only then is it known what they require; a build takes them again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from parity.audit import judge_wheels
from parity.engine.workshop import AUDITS
from parity.fetch import fetch_wheels, said_of_wheels
from parity.model import LockedWheel
from parity.pipeline.context.run import BuildRun
from parity.pipeline.context.values import BuildRequest, World
from parity.pipeline.front import begun, resolved
from parity.pipeline.gems import tell_of_gems
from parity.planning import BuildPlan, concerns, listed, lock_changes, planned_wheels
from parity.wire.store import AuditFinding


def plan(request: BuildRequest, world: World) -> BuildPlan:
    """What a build would resolve, fetch and change; no lock is written, no wheel fetched.

    Raises:
        ParityError: as the front part of a build, for it would stop there, too.
    """
    with begun(replace(request, dry=True), world) as run:
        tell_of_gems(run)
        before = run.existing
        lock = resolved(run).lock
        run.world.reporter.stage("look", "at the index and into the store")
        told = said_of_wheels(run.guest, lock.wheels)
        said = listed(run.guest, lock.wheels, run.tags, run.machine.markers["python_full_version"])
        held = [wheel for wheel, each in zip(lock.wheels, told, strict=True) if each["held"]]
        found = concerns(lock, said, _findings(run, held), run.facts)
        return BuildPlan(
            product=request.identity.product,
            profile=request.profile.name,
            lock_path=str(request.lock_path),
            image=run.image,
            facts=run.facts,
            lock=lock,
            changes=lock_changes(before, lock),
            wheels=planned_wheels(lock, told, said, run.tags),
            concerns=found,
        )


def _findings(run: BuildRun, held: Sequence[LockedWheel]) -> Sequence[AuditFinding]:
    """What the audit finds in the wheels that are there already."""
    if not held:
        return ()
    # Nothing comes over the network: the store has them all.
    wheels = fetch_wheels(run.guest, [replace(wheel, url="") for wheel in held])
    allow, seconds = run.profile.rehearsal.allow, run.world.limits.audit
    return judge_wheels(run.guest, wheels, allow, cache=AUDITS, timeout=seconds)["findings"]
