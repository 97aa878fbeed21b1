"""A project's whole checkout, for the rehearsal of one whose metadata is made by building it."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path

from parity.model.toml import parse
from parity.project.metadata import Project
from parity.project.shapes import check_pyproject, check_uv_lock
from parity.project.tree import trees_tar
from parity.project.whichlock import UV_LOCK
from parity.project.workspace import local_sources

_MADE_BY_BUILDING = frozenset(("version", "dependencies", "optional-dependencies"))


def needs_code(files: Mapping[str, str], root: str) -> bool:
    """Whether uv learns the metadata of a local package only by building it (PEP 621, `dynamic`).

    Args:
        files: see `Project`; uv.lock is among them.
        root: the project's folder.
    """
    places = (os.path.normpath(os.path.join(root, place)) for place in _places(files, root))
    texts = (files.get(os.path.normpath(f"{place}/pyproject.toml")) for place in places)
    return not all(text is not None and _is_static(text) for text in texts)


def _places(files: Mapping[str, str], root: str) -> list[str]:
    return [".", *local_sources(check_uv_lock(parse(files[os.path.normpath(f"{root}/{UV_LOCK}")]), UV_LOCK))]


def _is_static(text: str) -> bool:
    pyproject = check_pyproject(parse(text), "pyproject.toml")
    if "project" not in pyproject:  # the root of a workspace may be no package itself
        return "workspace" in pyproject.get("tool", {}).get("uv", {})
    return not _MADE_BY_BUILDING.intersection(pyproject["project"].get("dynamic", ()))


def checkout_tar(project: Project, name: str) -> Iterator[bytes]:
    """The project and its local packages as they lie here, below a folder called `name`, as a tar stream.

    Raises:
        SourceUnavailable: a folder cannot be read, or a file changed meanwhile.
    """
    local = (project.plan.folder / each for each in (".", *local_sources(project.locked)))
    places = {Path(os.path.normpath(place)) for place in local}
    outer = sorted(place for place in places if places.isdisjoint(place.parents))
    return trees_tar({(Path(name) / place.relative_to(project.base)).as_posix(): place for place in outer})
