"""Reading what comes from a container or a worker: every value has the shape that its type says.

What a guest says is JSON, and who wrote it may be the code of a package.
"""

from __future__ import annotations

import types
from collections.abc import Callable, Hashable, Mapping
from dataclasses import fields as fields_of
from dataclasses import is_dataclass
from functools import cache, partial
from pathlib import Path
from typing import Literal, TypeVar, Union, cast, get_args, get_origin, get_type_hints, is_typeddict

T = TypeVar("T")

_NONE: object = type(None)
# JSON has numbers of any size; nothing that a guest counts is larger.
_MOST = 2**63
_LONGEST_PLACE = 200


class Malformed(Exception):
    """What came is not what a guest script says."""


def read(kind: type[T], value: object, where: str = "the result") -> T:
    """A JSON value as a type says it.

    Args:
        kind: a TypedDict, a dataclass (all of its fields), or what these may hold: `str`, `int`, `float`,
            `bool`, `object` (anything), paths, lists, tuples (JSON lists of that length, or of any with
            `...`), frozen sets, dicts, literals, or None besides.
        value: what came; nothing of it is kept but numbers and texts.
        where: its name, for the error.

    Raises:
        Malformed: it is something else; tells where and what was expected.
    """
    return cast("T", _reader(cast("Hashable", kind))(value, where))


_Reader = Callable[[object, str], object]


@cache
def _reader(kind: Hashable) -> _Reader:
    """What reads a kind of value; TypeError where there is none, which is a mistake of the caller's."""
    origin, inner = get_origin(kind), get_args(kind)
    if is_typeddict(kind):
        return partial(_object, kind)
    if is_dataclass(kind):
        return partial(_record, kind)
    if kind in _PLAIN:
        return _PLAIN[kind]
    if origin is tuple and inner[-1] is not ...:
        return partial(_row, tuple(map(_reader, inner)))
    made = _COMPOUND.get(cast("Hashable", origin))
    if made is None:
        raise TypeError(f"no reader for {kind}")
    return made(inner)


def _object(kind: Hashable, value: object, where: str) -> object:
    fields = _fields(kind)
    # Exactly: a key that is not known is a mistake, or somebody's try.
    if not isinstance(value, dict) or not kind.__required_keys__ <= value.keys() <= fields.keys():  # type: ignore[attr-defined]
        raise _other(f"an object with the keys {', '.join(sorted(fields))}", where)
    return {key: fields[key](each, f"{where}.{key}") for key, each in value.items()}


def _record(kind: Callable[..., object], value: object, where: str) -> object:
    fields = _fields(kind)
    names = {each.name for each in fields_of(cast("type", kind))}
    if not isinstance(value, dict) or value.keys() != names:
        raise _other(f"an object with the keys {', '.join(sorted(names))}", where)
    return kind(**{key: fields[key](each, f"{where}.{key}") for key, each in value.items()})


@cache
def _fields(kind: Hashable) -> Mapping[str, _Reader]:
    return {name: _reader(each) for name, each in get_type_hints(cast("type[object]", kind)).items()}


def _literal(allowed: tuple[object, ...], value: object, where: str) -> object:
    if not isinstance(value, str) or value not in allowed:
        raise _other(" or ".join(map(repr, allowed)), where)
    return value


def _optional(reader: _Reader, value: object, where: str) -> object:
    return None if value is None else reader(value, where)


def _row(readers: tuple[_Reader, ...], value: object, where: str) -> object:
    if not isinstance(value, list) or len(value) != len(readers):
        raise _other(f"a list of {len(readers)} values", where)
    return tuple(
        each(one, f"{where}[{at}]") for at, (each, one) in enumerate(zip(readers, value, strict=True))
    )


def _list(made: Callable[[list[object]], object], reader: _Reader, value: object, where: str) -> object:
    if not isinstance(value, list):
        raise _other("a list", where)
    return made([reader(each, f"{where}[{at}]") for at, each in enumerate(value)])


def _mapping(reader: _Reader, value: object, where: str) -> object:
    if not isinstance(value, dict):
        raise _other("an object", where)
    return {key: reader(each, f"{where}[{key!a}]") for key, each in value.items()}


def _text(value: object, where: str) -> object:
    if not isinstance(value, str):
        raise _other("text", where)
    return value


def _whole(value: object, where: str) -> object:
    # `type`, since True is an int to isinstance.
    if type(value) is not int or not -_MOST <= value < _MOST:
        raise _other("a whole number of at most 64 bits", where)
    return value


def _number(value: object, where: str) -> object:
    if type(value) not in (int, float) or not -_MOST <= cast("float", value) < _MOST:  # which NaN is not
        raise _other("a number", where)
    return value


def _flag(value: object, where: str) -> object:
    if not isinstance(value, bool):
        raise _other("true or false", where)
    return value


def _path(value: object, where: str) -> object:
    return Path(cast("str", _text(value, where)))


def _anything(value: object, where: str) -> object:
    del where
    return value


def _other(expected: str, where: str) -> Malformed:
    return Malformed(f"{where[:_LONGEST_PLACE]} must be {expected}")


_PLAIN: Mapping[object, _Reader] = {
    str: _text,
    int: _whole,
    float: _number,
    bool: _flag,
    object: _anything,
    Path: _path,
}
_COMPOUND: Mapping[object, Callable[[tuple[Hashable, ...]], _Reader]] = {
    Literal: lambda inner: partial(_literal, inner),
    list: lambda inner: partial(_list, list, _reader(inner[0])),
    tuple: lambda inner: partial(_list, tuple, _reader(inner[0])),
    frozenset: lambda inner: partial(_list, frozenset, _reader(inner[0])),
    dict: lambda inner: partial(_mapping, _reader(inner[1])),
    Mapping: lambda inner: partial(_mapping, _reader(inner[1])),
    Union: lambda inner: partial(_optional, _reader(inner[inner[0] is _NONE])),
    types.UnionType: lambda inner: partial(_optional, _reader(inner[inner[0] is _NONE])),
}
