"""Which of a project's locks counts."""

from __future__ import annotations

from parity.errors import InputFileError
from parity.model import LOCKS_OF_PROJECTS, ProjectPlan, foreign_lock_remedy

UV_LOCK, PYLOCK, NO_LOCK = "uv.lock", "pylock.toml", "none"


def lock_file(plan: ProjectPlan, lock: str) -> str:
    """The name of the lock's file; a script's is called after it."""
    return f"{plan.script}.lock" if plan.script else lock


def lock_kind(plan: ProjectPlan) -> str:
    """Which lock counts: the one that the profile says, else the one there is.

    Raises:
        InputFileError: it is not there, or is one that only another tool reads.
    """
    if plan.lock != "auto":
        if plan.lock != NO_LOCK and not (plan.folder / plan.lock).is_file():
            raise InputFileError(
                f"the project has no {plan.lock}",
                where=str(plan.folder),
                remedy="make it (`uv lock`), or let install.project.lock be auto",
            )
        return plan.lock
    if plan.script:
        return UV_LOCK if (plan.folder / lock_file(plan, UV_LOCK)).is_file() else NO_LOCK
    found = next((name for name in (UV_LOCK, PYLOCK) if (plan.folder / name).is_file()), NO_LOCK)
    foreign = next((name for name in LOCKS_OF_PROJECTS if (plan.folder / name).is_file()), "")
    if found == NO_LOCK and foreign:
        told = foreign_lock_remedy(foreign, "both")
        raise InputFileError(
            f"the project's lock is {foreign}, which only its own tool reads",
            where=str(plan.folder / foreign),
            remedy=f"{told}; or `install: {{project: {{path: ., lock: none}}}}` in a profile resolves anew",
        )
    return found
