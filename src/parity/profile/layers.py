"""Documents with their origins: plain values, and for each value the file and line it came from."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from parity.errors import Problem
from parity.profile.tree import MAX_DEPTH, Node

# Aliases of aliases make a few lines into billions of values ("billion laughs").
MAX_VALUES = 10_000

Trail = tuple[str | int, ...]


@dataclass(frozen=True)
class Place:
    """Where a value was written: the file as it was named, its folder, the line, the raw text."""

    file: str
    folder: Path
    line: int
    text: str = ""


@dataclass(frozen=True)
class Layer:
    """A document, or several merged into one."""

    value: Mapping[str, Any]
    places: Mapping[Trail, Place]

    def place(self, trail: Trail) -> Place:
        """The place of a value, or of the nearest thing around it that has one."""
        while trail not in self.places and trail:
            trail = trail[:-1]
        return self.places[trail]


class TooMuch(Exception):
    """Aliases make the document larger or deeper than any profile is."""


def spell(trail: Trail) -> str:
    """A trail as people read it: `install.requirements[2]`."""
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in trail)
    return text.removeprefix(".")


def to_layer(root: Node, file: str, folder: Path) -> Layer:
    """Expand a tree, aliases included.

    Raises:
        TooMuch: more than `MAX_VALUES` values, or deeper than the reader allows.
    """
    places: dict[Trail, Place] = {}

    def expand(node: Node, trail: Trail, line: int) -> object:
        if len(places) >= MAX_VALUES or len(trail) > MAX_DEPTH:
            raise TooMuch
        places[trail] = Place(file, folder, line, node.text)
        if node.kind == "map":
            return {key: expand(child, (*trail, key), at) for key, (at, child) in node.keys.items()}
        if node.kind == "sequence":
            return [expand(child, (*trail, n), child.line) for n, child in enumerate(node.items)]
        return node.value

    value = expand(root, (), root.line)
    return Layer(value if isinstance(value, dict) else {}, places)


def merge(base: Layer, top: Layer) -> Layer:
    """Lay `top` over `base`: mappings merge key by key, lists and single values replace."""
    replaced: list[Trail] = []
    value = _merge(base.value, top.value, (), replaced)
    kept = {
        trail: place
        for trail, place in base.places.items()
        # Places of replaced values go: an error must not point at a line that no longer counts.
        if not any(trail[: len(gone)] == gone for gone in replaced)
    }
    return Layer(value, {**kept, **top.places})


def _merge(
    base: Mapping[str, object], top: Mapping[str, object], trail: Trail, replaced: list[Trail]
) -> dict[str, object]:
    result = dict(base)
    for key, new in top.items():
        old = result.get(key)
        if isinstance(old, dict) and isinstance(new, dict):
            result[key] = _merge(old, new, (*trail, key), replaced)
        else:
            result[key] = new
            replaced.append((*trail, key))
    return result


def without(layer: Layer, *keys: str) -> Layer:
    """The layer without these top-level keys."""
    value = {key: item for key, item in layer.value.items() if key not in keys}
    places = {trail: place for trail, place in layer.places.items() if not trail or trail[0] not in keys}
    return Layer(value, places)


def problem_at(layer: Layer, trail: Trail, message: str, suggestion: str = "") -> Problem:
    """A problem with the value at this trail."""
    place = layer.place(trail)
    return Problem(place.file, place.line, spell(trail), message, suggestion)


def value_at(layer: Layer, trail: Trail) -> object:
    """The value below these keys, None where there is none."""
    value: object = layer.value
    for key in trail:
        value = value.get(str(key)) if isinstance(value, Mapping) else None
    return value


def resolved(layer: Layer, trail: Trail, path: str) -> Path:
    """A path of the document made absolute, starting at the file that names it."""
    # Not Path.resolve: a link's own name is what the user wrote and what an image is called after.
    return Path(os.path.normpath(layer.place(trail).folder / path))
