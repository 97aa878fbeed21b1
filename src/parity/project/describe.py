"""What the far side needs to know of a project: `project/project.json` and the metadata beside it. Pure."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Mapping, Sequence

from parity.model import LockedWheel
from parity.model.toml import parse
from parity.portable.names import normalize_name
from parity.project.metadata import UV_TOML, Project
from parity.project.shapes import LockedNeed, LockedPackage, UvTable, check_pyproject
from parity.project.wheelhouse_lock import wheelhouse_lock

_LOWEST = re.compile(
    r"python_(?:full_)?version >= '(\d+(?:\.\d+)*)'|python_(?:full_)?version == '(\d+(?:\.\d+)*)(?:\.\*)?'"
)
FORMAT = "parity-project/1"
FOLDER = "project/"
TREE = FOLDER + "tree/"
BUILD = FOLDER + "build/"
DOCUMENT = FOLDER + "project.json"
WHEELHOUSE_LOCK = FOLDER + "shelf.lock"


def describe(
    project: Project, carried: Sequence[LockedWheel], build: Sequence[LockedWheel]
) -> dict[str, object]:
    """project.json: how uv is to be led on the far side, for a project with a uv.lock.

    Args:
        project: whose lock is uv.lock.
        carried: every wheel of the bundle.
        build: the wheels that building the project's own packages there needs.

    Returns:
        `root`: the project's folder under `project/tree/`; `extras`, `groups`: what is carried;
        `left_out_groups`: uv's default ones that are not; `no_sources`: names whose source in
        pyproject.toml is replaced by a carried wheel; `indexes`: names of indexes that the bundle
        stands in for; `sync`: arguments of `uv sync`; `locked`: name → versions that a lock made on
        the far side must come to;
        `absent`: packages of other platforms, Pythons, extras and groups, with what they require;
        `build`: wheels under `project/build/`.
    """
    own = {normalize_name(package["name"]): package for package in _local(project)}
    replaced = project.replaced
    here = {(wheel.name, wheel.version) for wheel in carried}
    versions = {wheel.name: wheel.version for wheel in carried}
    locked: dict[str, list[str]] = {}
    absent = []
    for package in project.locked.get("package", ()):
        name = normalize_name(str(package["name"]))
        if name in own and name not in replaced:
            continue
        version = str(package.get("version") or versions.get(name, ""))
        if not version:
            continue  # a local package that is not carried and that no command line asks for
        locked.setdefault(name, []).append(version)
        if (name, version) not in here:
            absent.append(_absent(package, name, version))
    return {
        "format": FORMAT,
        "name": project.name,
        "root": project.root,
        "extras": list(project.plan.extras),
        "groups": list(project.groups),
        "left_out_groups": [each for each in project.default_groups if each not in project.groups],
        "no_sources": sorted(replaced),
        "sync": sync_arguments(project),
        "indexes": sorted(_index_names(project)),
        "locked": {name: sorted(found) for name, found in sorted(locked.items())},
        "absent": absent,
        "build": [_file(wheel) for wheel in sorted(build, key=lambda wheel: wheel.filename)],
    }


def project_files(
    project: Project, document: Mapping[str, object], carried: Sequence[LockedWheel]
) -> dict[str, bytes]:
    """The payload's files about the project, by path; `carried` are the bundle's wheels."""
    files = {TREE + name: text.encode() for name, text in project.files.items()}
    files[WHEELHOUSE_LOCK] = wheelhouse_lock(project, carried).encode()
    files[DOCUMENT] = (json.dumps(document, indent=1, sort_keys=True) + "\n").encode()
    return files


def overrides_file(project: Project) -> dict[str, bytes]:
    """What the lock overrides of its packages' requirements, for the check on the far side; maybe nothing.

    Returns:
        The file by its path: `overridden` are names whose requirements by others do not count, `restated`
        are packages whose own do not (`override-dependencies`, `exclude-dependencies` and
        `dependency-metadata` of tool.uv, as uv.lock repeats them).
    """
    said = project.locked.get("manifest", {})
    overridden = [each["name"] for each in said.get("overrides", ())] + list(said.get("excludes", ()))
    restated = [each["name"] for each in said.get("dependency-metadata", ())]
    if not overridden and not restated:
        return {}
    document = {
        "format": "parity-overrides/1",
        "overridden": sorted(set(map(normalize_name, overridden))),
        "restated": sorted(set(map(normalize_name, restated))),
    }
    return {FOLDER + "overrides.json": (json.dumps(document, indent=1, sort_keys=True) + "\n").encode()}


def sync_arguments(project: Project) -> list[str]:
    """The arguments of `uv sync` that ask for what is carried."""
    extras = [part for extra in project.plan.extras for part in ("--extra", extra)]
    more = [group for group in project.groups if group not in project.default_groups]
    return [*project.which, *extras, *(part for group in more for part in ("--group", group))]


def _absent(package: LockedPackage, name: str, version: str) -> dict[str, object]:
    return {
        "name": name,
        "version": version,
        "requires": sorted(set(_requires(package))),
        "extras": sorted(package.get("optional-dependencies", {})),
        "requires_python": _requires_python(package.get("resolution-markers", ())),
    }


def _requires_python(markers: Sequence[str]) -> str:
    """The oldest Python that a package's forks of uv.lock are for, as Requires-Python.

    uv forks where a newer version of a package wants a newer Python, which is written nowhere else in
    uv.lock; without it uv would not fork there again. Empty where a fork has no such bound.
    """
    bounds = [_LOWEST.search(marker) for marker in markers]
    versions = [bound[1] or bound[2] for bound in bounds if bound]
    if not versions or len(versions) != len(bounds):
        return ""
    return ">=" + min(versions, key=lambda version: [int(part) for part in version.split(".")])


def _uv_tables(project: Project) -> Iterator[UvTable]:
    yield project.pyproject.get("tool", {}).get("uv", {})
    path = os.path.normpath(os.path.join(project.root, UV_TOML))
    if path in project.files:
        yield check_pyproject({"tool": {"uv": parse(project.files[path])}}, path)["tool"]["uv"]


def _index_names(project: Project) -> set[str]:
    indexes = (index for tool in _uv_tables(project) for index in tool.get("index", ()))
    return {str(index["name"]) for index in indexes if "name" in index}


def _local(project: Project) -> Iterator[LockedPackage]:
    """The packages of the lock that are folders: the project itself, its workspace, path dependencies."""
    for package in project.locked.get("package", ()):
        if {"editable", "virtual", "directory"} & set(package.get("source", {})):
            yield package


def _requires(package: LockedPackage) -> Iterator[str]:
    """What a package of uv.lock requires, as Requires-Dist lines."""
    for entry in package.get("dependencies", ()):
        yield _line(entry, "")
    for extra, entries in package.get("optional-dependencies", {}).items():
        for entry in entries:
            yield _line(entry, str(extra))


def _line(entry: LockedNeed, extra: str) -> str:
    extras = f"[{','.join(entry['extra'])}]" if entry.get("extra") else ""
    version = f"=={entry['version']}" if "version" in entry else ""
    marker = str(entry.get("marker", ""))
    if extra:
        marker = f"({marker}) and extra == '{extra}'" if marker else f"extra == '{extra}'"
    return f"{entry['name']}{extras}{version}" + (f" ; {marker}" if marker else "")


def _file(wheel: LockedWheel) -> dict[str, object]:
    return {
        "name": wheel.name,
        "version": wheel.version,
        "wheel": BUILD + wheel.filename,
        "sha256": wheel.sha256,
    }
