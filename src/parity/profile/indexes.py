"""The indexes of a profile: the names that packages are bound by, and what two indexes cannot share."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from parity.errors import Problem
from parity.model import IndexSettings, NamedIndex
from parity.model.network import DEFAULT_INDEX
from parity.portable.names import normalize_name
from parity.profile.layers import Layer, Trail, problem_at

_RESERVED = (DEFAULT_INDEX, "direct", "built")
"""What locks call the index without a name, a wheel named by its address, and one that was built."""


def index_settings(document: Mapping[str, Any]) -> IndexSettings:
    """The indexes of a checked document."""
    default = document.get("index", {})
    named = (NamedIndex(one["name"], one["url"], _bound(one)) for one in document.get("indexes", ()))
    return IndexSettings(default.get("url"), tuple(named), _bound(default))


def problems(layer: Layer, faulty: Collection[str]) -> list[Problem]:
    """Names that two indexes have, and packages that are bound twice; `faulty` as in `check_meaning`."""
    if any(path.startswith("index") for path in faulty):
        return []
    return [problem_at(layer, trail, message) for trail, message in _shared(layer.value)]


def _bound(one: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(map(_pattern, one.get("packages", ())))


def _pattern(name: str) -> str:
    """A package name, or the beginning of one with `*` behind it, normalised (PEP 503)."""
    return normalize_name(name[:-1]) + "*" if name.endswith("*") else normalize_name(name)


def _shared(document: Mapping[str, Any]) -> Iterator[tuple[Trail, str]]:
    bound = {_pattern(name): "the default index" for name in document.get("index", {}).get("packages", ())}
    names = set(_RESERVED)
    for number, one in enumerate(document.get("indexes", ())):
        here: Trail = ("indexes", number)
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
