"""For which environments a project's lock was made: uv.lock repeats tool.uv's, PEP 751 has its own. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from parity.errors import InputFileError
from parity.markers import marker_holds
from parity.model.toml import parse
from parity.project.metadata import Project
from parity.project.whichlock import PYLOCK

_REWRITE = "write the lock with its own tool for the target's environment, too"


def check_environments(project: Project, markers: Mapping[str, str]) -> None:
    """Demand that the lock was made for the target, too: elsewhere uv and installers of PEP 751 refuse it.

    Args:
        project: read.
        markers: of the target (all eleven, PEP 508).

    Raises:
        InputFileError: it was not; says for which environments it was.
    """
    if project.lock == PYLOCK:
        supported, where = parse(project.lock_text).get("environments", []), project.plan.folder / PYLOCK
    else:
        supported, where = project.locked.get("supported-markers", []), project.said[0]
    if supported and not _any_holds(project, supported, markers, str(where)):
        add = f"sys_platform == '{markers['sys_platform']}'"
        raise InputFileError(
            f"the lock is for other environments than the target's: {'; or '.join(supported)}",
            where=str(where),
            remedy=_REWRITE
            if project.lock == PYLOCK
            else f'add "{add}" to tool.uv.environments there, or leave that out, and run `uv lock`',
        )


def _any_holds(project: Project, supported: Sequence[str], markers: Mapping[str, str], where: str) -> bool:
    try:
        return any(marker_holds(each, markers, where) for each in supported)
    except InputFileError:
        if project.lock == PYLOCK:
            raise
        return True  # uv has written it: it is for uv to tell
