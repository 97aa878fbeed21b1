"""The lock with a setuptools where packages import its `pkg_resources` and do not bring it.

Only the wheels tell, so it is resolved a second time once they are there. The lock remembers for whom, so
that the next build has all of it at once.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from parity.engine.guests import GuestFailed
from parity.errors import HashMismatch, IndexConfusion, NoWheel, Unresolvable
from parity.model import Lock, WheelSet
from parity.pipeline.context.run import BuildRun
from parity.pipeline.locking.lock_file import Resolved
from parity.pipeline.rehearsal.cache import question
from parity.resolve import may_lack_setuptools, with_setuptools
from parity.wire.shapes import read
from parity.wire.store import ResourceUsers, ResourceUsersJob
from parity.wire.tasks import RESOURCE_USERS

Choice = tuple[Resolved, WheelSet]
_NO_WAY = (HashMismatch, IndexConfusion, NoWheel, Unresolvable)


def completed(run: BuildRun, choose: Callable[[BuildRun], Choice]) -> Choice:
    """What is chosen, once more with a setuptools where that is lacking and can be had.

    Nothing else may change by it: where it does, or there is no such setuptools, it stays as it was.

    Args:
        run: as the user asked for it.
        choose: resolves and fetches.

    Raises:
        ParityError: from `choose`, where it is the user's own requirements that fail.
    """
    before = _remembered(run)
    found = _tried(run, before, choose) or choose(run)
    if run.profile.project is not None or run.request.locked:
        return found
    users = _users(run, *found)
    if users == found[0].lock.setuptools_for:
        return found
    run.world.reporter.stage("resolve", f"again, with setuptools for {', '.join(users) or 'none any more'}")
    calm = replace(run, request=replace(run.request, upgrade=False))
    more = _tried(calm, users, choose)
    if more and _versions(more[0].lock) == _versions(found[0].lock):
        return more
    return choose(calm) if more or not users else found


def _remembered(run: BuildRun) -> tuple[str, ...]:
    """For whom there was a setuptools in the last build."""
    if run.profile.project is not None or run.request.upgrade or run.existing is None:
        return ()
    return run.existing.setuptools_for if may_lack_setuptools(run.request.what, run.existing) else ()


def _tried(run: BuildRun, users: tuple[str, ...], choose: Callable[[BuildRun], Choice]) -> Choice | None:
    """The choice with a setuptools for them; None where there is no way, or nobody for whom."""
    if not users:
        return None
    what = with_setuptools(run.request.what, users)
    try:
        return choose(replace(run, request=replace(run.request, what=what)))
    except _NO_WAY as error:
        run.world.reporter.debug(f"no setuptools for {', '.join(users)}: {error.message}")
        return None


def _users(run: BuildRun, resolved: Resolved, wheels: WheelSet) -> tuple[str, ...]:
    """Who imports `pkg_resources` and may lack it; of what only comes along the top alone counts."""
    lock = resolved.lock
    if not may_lack_setuptools(run.request.what, lock):
        return ()
    others = [wheel for wheel in lock.wheels if wheel.name != "setuptools"]
    files = {wheel.filename: wheel.name for wheel in others}
    own = {wheel.filename for wheel in others if wheel.requested or wheel.origin}
    job: ResourceUsersJob = {
        "folder": wheels.folder,
        "wheels": sorted(own),
        "along": sorted(files.keys() - own),
    }
    told = _read(run, job, [wheel.sha256 for wheel in others])
    return tuple(sorted({files[file] for file in told if file in files}))


def _read(run: BuildRun, job: ResourceUsersJob, digests: list[str]) -> list[str]:
    """Those wheels that import it, remembered by what they are."""
    key, memory = question("resource-users", job["wheels"], job["along"], digests), run.world.memory
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
