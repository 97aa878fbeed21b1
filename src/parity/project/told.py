"""Whether a pyproject.toml says what a project requires, where nothing else is to be asked. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from parity.errors import InputFileError
from parity.project.metadata import Project

_FOLDER = (
    "name the project's folder instead (`parity build TARGET ./FOLDER`): it is built then, which tells it"
)
_EXPORT = "`poetry export -o requirements.txt`, then give that with -r"
_NO_BACKEND = f"{_EXPORT}; or add the [build-system] of Poetry, without which nothing reads that table"
_ADD = "add [project] with name, version and dependencies (PEP 621), or name a list with -r"


def check_told(project: Project) -> None:
    """Demand that the file says what is required: what only a build tells would vanish without a word.

    Args:
        project: one that is not built itself.

    Raises:
        InputFileError: it does not; says where that stands, and what to give instead.
    """
    for one in () if project.plan.script else project.meant:
        if fault := _fault(one, project.groups):
            message, remedy = fault
            raise InputFileError(message, where=str(project.said[0]), remedy=remedy)


def _fault(said: Mapping[str, Any], groups: tuple[str, ...]) -> tuple[str, str] | None:
    told, tool = said.get("project", {}), said.get("tool", {})
    built = "build-system" in said
    if "dependencies" in told.get("dynamic", ()):
        return "what the project requires is dynamic: only its build tells it", _FOLDER
    poetry = tool.get("poetry")
    if isinstance(poetry, dict) and "dependencies" in poetry and "dependencies" not in told:
        remedy = f"{_FOLDER}; or {_EXPORT}" if built else _NO_BACKEND
        return "what the project requires stands in [tool.poetry], which only Poetry reads", remedy
    if "project" not in said and not groups and "workspace" not in tool.get("uv", {}):
        return "pyproject.toml has no [project], which says what is required", _FOLDER if built else _ADD
    return None
