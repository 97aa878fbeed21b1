"""Values out of documents whose shape nobody has checked: what is of another kind is left out. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import cast


def rows(document: object, key: str) -> Iterator[Mapping[str, object]]:
    """The objects of a list."""
    yield from (each for each in _list(document, key) if isinstance(each, dict))


def texts(document: object, key: str) -> Iterator[str]:
    """The texts of a list."""
    yield from (each for each in _list(document, key) if isinstance(each, str))


def inner(document: object, key: str) -> Mapping[str, object]:
    """An object, empty where there is none."""
    found = document.get(key) if isinstance(document, dict) else None
    return cast("dict[str, object]", found) if isinstance(found, dict) else {}


def text(document: object, key: str) -> str:
    """A text or a number as text; empty for all else."""
    found = document.get(key) if isinstance(document, dict) else None
    return str(found) if isinstance(found, (str, int)) else ""


def _list(document: object, key: str) -> list[object]:
    found = document.get(key) if isinstance(document, dict) else None
    return found if isinstance(found, list) else []
