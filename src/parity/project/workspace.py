"""Workspaces: a project of several packages with one uv.lock (tool.uv.workspace)."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from parity.files import read_small
from parity.model import ProjectPlan
from parity.model.toml import TOMLError, parse
from parity.portable.names import normalize_name
from parity.project.shapes import Pyproject, UvLock, check_pyproject

LOCAL = ("editable", "virtual", "directory")
_LOCK = "uv.lock"


def members(files: Mapping[str, str], root: str, locked: UvLock) -> dict[str, Pyproject]:
    """The pyproject.toml of each package of the workspace by its normalised name; empty where there is none.

    Args:
        files: see `Project`.
        root: the workspace's folder among them.
        locked: its uv.lock, which names its members.
    """
    names = set(map(normalize_name, locked.get("manifest", {}).get("members", ())))
    found = {}
    for package in locked.get("package", ()):
        name, source = normalize_name(package["name"]), package.get("source", {})
        place = next((str(source[key]) for key in LOCAL if key in source), "")
        path = os.path.normpath(os.path.join(root, place, "pyproject.toml"))
        if place and name in names and path in files:
            found[name] = check_pyproject(parse(files[path]), path)
    return found


def local_sources(locked: UvLock) -> list[str]:
    """The paths of the folders that uv.lock names, relative to it."""
    sources = [package.get("source", {}) for package in locked.get("package", ())]
    return [str(source[key]) for source in sources for key in LOCAL if key in source]


def virtual(locked: UvLock) -> frozenset[str]:
    """The normalised names of the packages that uv.lock installs no wheel of, only what they require."""
    packages = locked.get("package", ())
    return frozenset(normalize_name(each["name"]) for each in packages if "virtual" in each.get("source", {}))


def led_to_root(plan: ProjectPlan) -> ProjectPlan:
    """The plan for the workspace around a member's folder, whose lock counts for it; else as it is."""
    if plan.package or plan.script or plan.lock not in ("auto", _LOCK) or (plan.folder / _LOCK).is_file():
        return plan
    for parent in Path(os.path.normpath(plan.folder)).parents:
        if (parent / _LOCK).is_file() and (parent / "pyproject.toml").is_file():
            name = _member_at(parent, os.path.relpath(plan.folder, parent))
            return replace(plan, folder=parent, package=name) if name else plan
    return plan


def _member_at(root: Path, place: str) -> str:
    """The name of the package whose folder uv.lock says is there; empty for none."""
    try:
        locked = parse(read_small(root / _LOCK).decode("utf-8"))
    except (OSError, UnicodeDecodeError, TOMLError, RecursionError):  # whoever reads it as a lock will tell
        return ""
    packages = locked.get("package", ())
    for package in packages if isinstance(packages, list) else ():
        source = package.get("source", {}) if isinstance(package, dict) else {}
        if isinstance(source, dict) and place in (
            os.path.normpath(str(source.get(key, "/"))) for key in LOCAL
        ):
            return normalize_name(str(package.get("name", "")))
    return ""
