"""The lock with a setuptools where packages import its `pkg_resources` and do not bring it.

Only the wheels tell, so it is resolved a second time once they are there. The lock remembers for whom, so
that the next build has all of it at once.
"""

from __future__ import annotations

from dataclasses import replace

from parity.engine.guests import GuestFailed
from parity.engine.workshop import AUDITS
from parity.errors import HashMismatch, IndexConfusion, NoWheel, Unresolvable
from parity.model import Lock, WheelSet
from parity.pipeline.context.run import BuildRun
from parity.pipeline.locking import choose
from parity.pipeline.locking.lock_file import Resolved
from parity.pipeline.rehearsal.cache import question
from parity.resolve import may_lack_setuptools, with_setuptools
from parity.wire.shapes import read
from parity.wire.store import ResourceUsers, ResourceUsersJob
from parity.wire.tasks import RESOURCE_USERS

_NO_WAY = (HashMismatch, IndexConfusion, NoWheel, Unresolvable)


def first(run: BuildRun) -> Resolved:
    """What is resolved for a run, with the setuptools that the last build found lacking.

    Raises:
        ParityError: as `choose.resolved`, where it is the user's own requirements that fail.
    """
    return _tried(run, _remembered(run)) or choose.resolved(run)


def with_setuptools_for(run: BuildRun, found: Resolved, users: tuple[str, ...]) -> Resolved:
    """The same once more, with a setuptools for these packages; itself where nothing is to change.

    Nothing else may change by it: where it does, or there is no such setuptools, it stays as it was.
    """
    if run.profile.project is not None or run.request.locked or users == found.lock.setuptools_for:
        return found
    run.world.reporter.stage("resolve", f"again, with setuptools for {', '.join(users) or 'none any more'}")
    # The first pass has taken the newest already; this one may change nothing but setuptools.
    calm = replace(run, request=replace(run.request, upgrade=False, renewed=frozenset()))
    more = _tried(calm, users)
    if more and _versions(more.lock) == _versions(found.lock):
        return more
    return choose.resolved(calm) if more or not users else found


def _remembered(run: BuildRun) -> tuple[str, ...]:
    """For whom there was a setuptools in the last build."""
    if run.profile.project is not None or run.request.upgrade or run.existing is None:
        return ()
    return run.existing.setuptools_for if may_lack_setuptools(run.request.what, run.existing) else ()


def _tried(run: BuildRun, users: tuple[str, ...]) -> Resolved | None:
    """What is resolved with a setuptools for them; None where there is no way, or nobody for whom."""
    if not users:
        return None
    what = with_setuptools(run.request.what, users)
    try:
        return choose.resolved(replace(run, request=replace(run.request, what=what)))
    except _NO_WAY as error:
        run.world.reporter.debug(f"no setuptools for {', '.join(users)}: {error.message}")
        return None


def lacking_setuptools(run: BuildRun, lock: Lock, wheels: WheelSet) -> tuple[str, ...]:
    """Who imports `pkg_resources` and may lack it; of what only comes along the top alone counts.

    Args:
        run: whose guest reads the wheels; for a project or with `locked` the lock's own word holds.
        lock: what was resolved.
        wheels: its wheels, in the store.
    """
    fixed = run.profile.project is not None or run.request.locked
    if fixed or not may_lack_setuptools(run.request.what, lock):
        return () if not fixed else lock.setuptools_for
    others = [wheel for wheel in lock.wheels if wheel.name != "setuptools"]
    files = {wheel.filename: wheel.name for wheel in others}
    own = {wheel.filename: wheel.sha256 for wheel in others if wheel.requested or wheel.origin}
    along = {wheel.filename: wheel.sha256 for wheel in others if wheel.filename not in own}
    job: ResourceUsersJob = {
        "folder": wheels.folder,
        "cache": AUDITS,
        "wheels": sorted(own.items()),
        "along": sorted(along.items()),
    }
    told = _read(run, job)
    return tuple(sorted({files[file] for file in told if file in files}))


def _read(run: BuildRun, job: ResourceUsersJob) -> list[str]:
    """Those wheels that import it, remembered by what they are."""
    key, memory = question("resource-users", job["wheels"], job["along"]), run.world.memory
    known = memory.recall("resource-users", key)
    if known is not None:
        return read(ResourceUsers, known)["wheels"]
    try:
        found = run.guest.ask(RESOURCE_USERS, job, timeout=run.world.limits.audit)
    except (GuestFailed, TimeoutError):  # the judge of wheels says what is wrong with them
        return []
    memory.keep("resource-users", key, {"wheels": found["wheels"]})
    return found["wheels"]


def _versions(lock: Lock) -> dict[str, str]:
    return {wheel.name: wheel.version for wheel in lock.wheels if wheel.name != "setuptools"}
