"""Dependency groups (PEP 735)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from parity.portable.names import normalize_name
from parity.project.shapes import Groups, Pyproject

DEVELOPMENT = "dev"
"""The group that uv takes unless told otherwise."""


def groups_of(pyproject: Pyproject) -> Groups:
    """The groups of a project, with what stands in `tool.uv.dev-dependencies`.

    Source: uv's documentation, "Legacy dev-dependencies": they are in the group `dev`, together with its own.
    """
    groups = dict(pyproject.get("dependency-groups", {}))
    if legacy := pyproject.get("tool", {}).get("uv", {}).get("dev-dependencies"):
        name = next((key for key in groups if normalize_name(key) == DEVELOPMENT), DEVELOPMENT)
        groups[name] = [*groups.get(name, ()), *legacy]
    return groups


def group_lines(pyproject: Pyproject, groups: Iterable[str]) -> list[str]:
    """The requirement lines of dependency groups, included groups among them (PEP 735)."""
    known = {normalize_name(key): value for key, value in groups_of(pyproject).items()}
    return [line for group in groups for line in _group(known, normalize_name(group))]


def _group(known: Groups, name: str) -> Iterator[str]:
    """The lines of a group, each group that it includes once: by twos, they would be ever more."""
    seen, todo = {name}, [iter(known.get(name, ()))]
    while todo:
        entry = next(todo[-1], None)
        if entry is None:
            todo.pop()
        elif isinstance(entry, str):
            yield entry
        elif isinstance(entry, dict) and "include-group" in entry:
            included = normalize_name(str(entry["include-group"]))
            if included not in seen:
                seen.add(included)
                todo.append(iter(known.get(included, ())))
