"""uv.lock to what it pins for this target: uv itself reads it, inside the image."""

from __future__ import annotations

import re

from parity.engine.guests import Guest, GuestFailed
from parity.errors import LockInvalid, LockOutdated, ToolUnavailable
from parity.progress import Reporter
from parity.project.metadata import Project
from parity.wire.resolving import ProjectJob
from parity.wire.tasks import PROJECT

_STALE = re.compile(r"needs to be updated|existing lockfile due to")
_CANNOT_TELL = re.compile(
    r"(directory|editable|virtual|path)\+|not found at: file|building .* is disabled|dynamic", re.IGNORECASE
)
_TIMEOUT = 120.0


def export_lock(guest: Guest, uv: str, project: Project) -> str:
    """The packages that the project's uv.lock pins, as a PEP 751 lock with markers.

    Args:
        guest: the workshop's; its reporter hears where uv could not tell whether the lock is current.
        uv: where uv lies in it.
        project: whose lock is uv.lock.

    Raises:
        LockOutdated: pyproject.toml has changed since uv.lock was made.
        LockInvalid: uv cannot read it.
        ToolUnavailable: uv does not run.
    """
    job: ProjectJob = {
        "uv": uv,
        "python": guest.python,
        "files": dict(project.files),
        "root": project.root,
        "which": project.which,
        "extras": list(project.plan.extras),
        "groups": list(project.groups),
        "timeout": _TIMEOUT,
    }
    try:
        result = guest.ask(PROJECT, job, timeout=3 * _TIMEOUT)
    except (GuestFailed, TimeoutError) as error:
        raise ToolUnavailable(f"uv could not read the project inside the image: {error}") from error
    where = str(project.plan.folder / (f"{project.plan.script}.lock" if project.plan.script else "uv.lock"))
    if result["lock"] is None:
        raise LockInvalid(
            f"uv cannot read the lock: {_reason(result['stderr'])}", where=where, remedy="run `uv lock` there"
        )
    if result["check"] != 0:
        _judge_check(result["said"], where, guest.reporter)
    return result["lock"]


def _judge_check(said: str, where: str, reporter: Reporter) -> None:
    """A stale lock is an error; one that only a build could judge is a warning."""
    reason = _reason(said)
    if not _STALE.search(said) and _CANNOT_TELL.search(reason):
        reporter.warn(f"uv cannot tell without building whether uv.lock is current: {reason}")
        return
    raise LockOutdated(
        "uv.lock does not fit pyproject.toml any more",
        where=where,
        remedy="run `uv lock` in the project, look at what changed, then build again",
        details=(reason,),
    )


def _reason(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return next(
        (line for line in lines if line.startswith("error")), lines[-1] if lines else "no reason given"
    )
