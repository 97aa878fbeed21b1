"""For which environments a uv.lock was made: tool.uv.environments, as the lock repeats it. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from packaging.markers import InvalidMarker, Marker

from parity.errors import InputFileError
from parity.project.metadata import Project


def check_environments(project: Project, markers: Mapping[str, str]) -> None:
    """Demand that the lock was made for the target, too: uv refuses to sync it elsewhere.

    Args:
        project: read.
        markers: of the target (all eleven, PEP 508).

    Raises:
        InputFileError: it was not; says for which environments it was.
    """
    supported = project.locked.get("supported-markers", ())
    if supported and not any(_holds(each, markers) for each in supported):
        add = f"sys_platform == '{markers['sys_platform']}'"
        raise InputFileError(
            f"the lock is for other environments than the target's: {'; or '.join(supported)}",
            where=str(project.said[0]),
            remedy=f'add "{add}" to tool.uv.environments there, or leave that out, and run `uv lock`',
        )


def _holds(marker: str, markers: Mapping[str, str]) -> bool:
    try:
        return Marker(marker).evaluate(dict(markers))
    except InvalidMarker:  # uv has written it: it is for uv to tell
        return True
