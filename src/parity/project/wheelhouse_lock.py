"""The project's uv.lock as it counts on the far side: what was proved, at the places of the carried files.

uv takes a lock as it is where it fits pyproject.toml (`Lock::satisfies` in uv: packages of an index are not
looked at again), so nothing is resolved anew behind the gap, for this target or for others that the lock
knows. What is not carried keeps its name, version and requirements, and loses its files. Pure.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from packaging.requirements import InvalidRequirement, Requirement

from parity.model import LockedWheel
from parity.model.toml import parse
from parity.portable.names import normalize_name
from parity.project.groups import group_lines
from parity.project.metadata import Project
from parity.project.shapes import check_pyproject
from parity.project.tomltext import toml_text

WHEELHOUSE, WHEELHOUSE_URL = "parity-shelf:", "parity-shelf-url:"
"""For the far side's wheelhouse, as a path and as an address; see `farside.project.wheelhouse_lock`."""
_INDEX, _INDEX_URL = f"{WHEELHOUSE}/simple", f"{WHEELHOUSE_URL}/simple"
_INLINE = frozenset(("source",))


def wheelhouse_lock(project: Project, carried: Sequence[LockedWheel]) -> str:
    """The lock's text, with `WHEELHOUSE` where the far side's wheelhouse is.

    Args:
        project: whose lock is uv.lock.
        carried: every wheel of the bundle.
    """
    here = {wheel.name: wheel for wheel in carried}
    document: dict[str, Any] = _led(parse(project.lock_text), project.replaced)
    document["package"] = [_package(each, project, here) for each in document.get("package", [])]
    return toml_text(document, _INLINE)


def _led(value: object, replaced: frozenset[str]) -> Any:
    """All that names an index, or the source of a package that a wheel replaces, led to the wheelhouse."""
    if isinstance(value, list):
        return [_led(each, replaced) for each in value]
    if not isinstance(value, dict):
        return value
    found = {key: _led(each, replaced) for key, each in value.items()}
    if "registry" in found:
        found["registry"] = _INDEX
    if isinstance(found.get("index"), str):
        found["index"] = _INDEX_URL
    if isinstance(found.get("source"), dict) and normalize_name(str(found.get("name", ""))) in replaced:
        found["source"] = {"registry": _INDEX}
    return found


def _package(package: Mapping[str, Any], project: Project, here: Mapping[str, LockedWheel]) -> dict[str, Any]:
    """A package with the one file that is carried of it, or none; the project's own ones with their wants."""
    source = package.get("source", {})
    if "registry" not in source:
        return {**package, **_metadata(package, project, str(next(iter(source.values()), ".")))}
    kept = {key: value for key, value in package.items() if key not in ("sdist", "wheels", "metadata")}
    wheel = here.get(normalize_name(str(package["name"])))
    if wheel and kept.get("version", wheel.version) == wheel.version:
        path = f"{WHEELHOUSE}/files/{wheel.filename}"
        named = {"name": kept.pop("name"), "version": wheel.version}
        kept.pop("version", None)
        return {**named, **kept, "wheels": [{"path": path, "hash": f"sha256:{wheel.sha256}"}]}
    return kept


def _metadata(package: Mapping[str, Any], project: Project, place: str) -> dict[str, Any]:
    """What a local package wants, as uv reads it without the sources that wheels replace."""
    said = package.get("metadata")
    path = os.path.normpath(os.path.join(project.root, place, "pyproject.toml"))
    if not isinstance(said, dict) or not project.replaced or path not in project.files:
        return {}
    pyproject = check_pyproject(parse(project.files[path]), path)
    own = pyproject.get("project", {})
    lines = [(line, "") for line in own.get("dependencies", ())]
    extras = own.get("optional-dependencies", {})
    lines += [(line, normalize_name(extra)) for extra, found in extras.items() for line in found]
    found = {"requires-dist": _wants(said.get("requires-dist", []), lines, project.replaced)}
    groups = {
        name: _wants(wants, [(line, "") for line in group_lines(pyproject, [name])], project.replaced)
        for name, wants in said.get("requires-dev", {}).items()
    }
    return {"metadata": {**said, **found, **({"requires-dev": groups} if groups else {})}}


def _wants(
    said: Sequence[Mapping[str, Any]], lines: Sequence[tuple[str, str]], replaced: frozenset[str]
) -> list[Any]:
    kept = [each for each in said if normalize_name(str(each.get("name", ""))) not in replaced]
    return [*kept, *_plain(lines, replaced)]


def _plain(lines: Sequence[tuple[str, str]], replaced: frozenset[str]) -> Iterator[dict[str, Any]]:
    for line, extra in lines:
        try:
            found = Requirement(line)
        except InvalidRequirement:  # uv has read it another way; it will say so
            continue
        if normalize_name(found.name) not in replaced:
            continue
        parts = [f"({found.marker})" if found.marker else "", f"extra == '{extra}'" if extra else ""]
        marker = " and ".join(part for part in parts if part)
        yield {
            "name": normalize_name(found.name),
            **({"extras": sorted(map(normalize_name, found.extras))} if found.extras else {}),
            **({"marker": marker} if marker else {}),
            **({"specifier": str(found.specifier)} if found.specifier else {}),
        }
