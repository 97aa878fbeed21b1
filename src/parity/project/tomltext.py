"""Plain values as TOML: what a lock needs, which `tomllib` cannot write. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import cast

from parity.portable.texts import toml

_BARE = re.compile(r"[A-Za-z0-9_-]+")


def toml_text(document: Mapping[str, object], inline: frozenset[str] = frozenset()) -> str:
    """The document as TOML 1.0, in its own order but for tables, which come last.

    Args:
        document: of text, whole numbers, truths, lists and tables.
        inline: the keys whose tables stay on their line.
    """
    return "\n".join(_table((), document, inline)) + "\n"


def _table(path: tuple[str, ...], table: Mapping[str, object], inline: frozenset[str]) -> Iterator[str]:
    tables: list[tuple[str, Mapping[str, object]]] = []
    for key, value in table.items():
        if isinstance(value, dict) and key not in inline:
            tables.append((key, value))
        elif not path and _is_tables(value):
            tables += [(key, each) for each in cast("list[Mapping[str, object]]", value)]
        else:
            yield f"{_key(key)} = {_value(value)}"
    for key, value in tables:
        name = ".".join(map(_key, (*path, key)))
        yield f"[[{name}]]" if isinstance(table[key], list) else f"[{name}]"
        yield from _table((*path, key), value, inline)


def _is_tables(value: object) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(each, dict) for each in value)


def _key(key: str) -> str:
    return key if _BARE.fullmatch(key) else toml(key)


def _value(value: object) -> str:
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{_key(key)} = {_value(each)}" for key, each in value.items()) + " }"
    if isinstance(value, list):
        return "[" + ", ".join(map(_value, value)) + "]"
    return toml(cast("str | int", value))
