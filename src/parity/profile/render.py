"""Documents back to YAML text: the effective profile with its sources, and new profiles."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping

from parity.profile.layers import Layer, Trail
from parity.profile.load import Effective
from parity.profile.scalars import read_plain

_SAFE_FIRST = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789./")
_SAFE = _SAFE_FIRST | frozenset(" _+=<>~;[]@^$-")


def render_effective(effective: Effective) -> str:
    """The merged document as YAML, each line with the file and line it came from."""
    rows = [(f"name: {scalar(effective.name)}", "")] if "name" not in effective.layer.value else []
    rows += _rows(effective.layer.value, (), effective.layer)
    width = max(len(text) for text, _ in rows)
    return "".join(f"{text:<{width}}  # {origin}".rstrip(" #") + "\n" for text, origin in rows)


def _rows(value: Mapping[str, object], trail: Trail, layer: Layer) -> Iterator[tuple[str, str]]:
    indent = "  " * len(trail)
    for key, item in value.items():
        here = (*trail, key)
        if isinstance(item, Mapping) and item:
            yield f"{indent}{key}:", ""
            yield from _rows(item, here, layer)
        elif isinstance(item, list) and item:
            yield f"{indent}{key}:", ""
            for number, entry in enumerate(item):
                yield f"{indent}  - {scalar(entry)}", _origin(layer, (*here, number))
        else:
            yield f"{indent}{key}: {scalar(item)}", _origin(layer, here)


def _origin(layer: Layer, trail: Trail) -> str:
    place = layer.place(trail)
    return f"{place.file}:{place.line}" if place.line else place.file


def scalar(value: object) -> str:
    """One value on one line of YAML: plain where every reader agrees on it, else quoted."""
    if not isinstance(value, str):
        return json.dumps(value)
    plain = (
        read_plain(value) == value
        and value[:1] in _SAFE_FIRST
        and set(value) <= _SAFE
        and value == value.strip()
        and " - " not in value
        and not value[:4].isdigit()  # a date, to YAML 1.1
    )
    # JSON's quoted texts are YAML's, too (YAML 1.2).
    return value if plain else "".join(map(_escaped, json.dumps(value, ensure_ascii=False)))


def _escaped(character: str) -> str:
    # What does not print may be a line break to YAML, or not allowed in it at all.
    return character if character.isprintable() else f"\\U{ord(character):08x}"
