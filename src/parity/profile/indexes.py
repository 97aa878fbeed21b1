"""The indexes of a profile: the names that packages are bound by, and what two indexes cannot share."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any

from parity.errors import Problem
from parity.model import IndexSettings, NamedIndex
from parity.model.network import DEFAULT_INDEX
from parity.portable.names import normalize_name
from parity.portable.wheelfolders import index_address
from parity.profile.layers import Layer, Trail, problem_at, resolved
from parity.profile.search import is_folder

_KEY = "indexes"
_RESERVED = (DEFAULT_INDEX, "direct", "built")
"""What locks call the index without a name, a wheel named by its address, and one that was built."""


def index_settings(layer: Layer) -> IndexSettings:
    """The indexes of a checked document."""
    default, named = layer.value.get("index", {}), layer.value.get(_KEY, ())
    made = (_index(layer, number, one) for number, one in enumerate(named))
    return IndexSettings(default.get("url"), tuple(made), _bound(default))


def _index(layer: Layer, number: int, one: Mapping[str, Any]) -> NamedIndex:
    name, packages = one["name"], _bound(one)
    if "url" in one:
        return NamedIndex(name, one["url"], packages, flat=one.get("format") == "flat")
    folder = resolved(layer, (_KEY, number, "path"), one["path"])
    path = os.path.normpath(travelling(one)["path"])
    return NamedIndex(name, index_address(name), packages, folder=folder, path=path)


def travelling(one: Mapping[str, Any]) -> dict[str, Any]:
    """An index as it travels in the bundle: without folders of this machine."""
    path = Path(one.get("path", ""))
    return {**one, "path": path.name} if path.is_absolute() else dict(one)


def problems(layer: Layer, faulty: Collection[str]) -> list[Problem]:
    """Names that two indexes have, packages that are bound twice, folders; `faulty` as in `check_meaning`."""
    if any(path.startswith("index") for path in faulty):
        return []
    found = (*_shared(layer.value), *_faults(layer))
    return [problem_at(layer, trail, message) for trail, message in found]


def _faults(layer: Layer) -> Iterator[tuple[Trail, str]]:
    for number, one in enumerate(layer.value.get(_KEY, ())):
        if ("url" in one) == ("path" in one):
            yield (_KEY, number), "name either a `path` or a `url`"
        elif "path" in one and "format" in one:
            yield (_KEY, number, "format"), "it is for an address; a folder has one form"
        elif "path" in one:
            folder = resolved(layer, (_KEY, number, "path"), one["path"])
            if not is_folder(folder):
                yield (_KEY, number, "path"), f"there is no folder {folder}"


def _bound(one: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(map(_pattern, one.get("packages", ())))


def _pattern(name: str) -> str:
    """A package name, or the beginning of one with `*` behind it, normalised (PEP 503)."""
    return normalize_name(name[:-1]) + "*" if name.endswith("*") else normalize_name(name)


def _shared(document: Mapping[str, Any]) -> Iterator[tuple[Trail, str]]:
    bound = {_pattern(name): "the default index" for name in document.get("index", {}).get("packages", ())}
    names = set(_RESERVED)
    for number, one in enumerate(document.get(_KEY, ())):
        here: Trail = (_KEY, number)
        if one["name"] in names:
            why = "stands for something else in locks" if one["name"] in _RESERVED else "is another index's"
            yield (*here, "name"), f"the name {one['name']} {why}; choose another one"
        names.add(one["name"])
        mine = set()
        for place, package in enumerate(one.get("packages", ())):
            pattern = _pattern(package)
            # The same name twice in one list is a slip and harmless; in two lists it is a question of whom to
            # trust.
            if pattern in bound and pattern not in mine:
                message = f"{package} is bound to {bound[pattern]} already; bind it to one index"
                yield (*here, "packages", place), message
            mine.add(pattern)
            bound.setdefault(pattern, one["name"])
