"""Reading TOML on every Python of the near side."""

from __future__ import annotations

import re
import sys
from dataclasses import fields
from typing import Any, TypeVar

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

T = TypeVar("T")

TOMLError = tomllib.TOMLDecodeError
"""What `parse` raises; a ValueError."""


_MOST_PARTS = 64
_QUOTED = r"""(?:"(?:[^"\\\n]|\\.)*"|'[^'\n]*')"""
_PART = rf"(?:[\w-]+|{_QUOTED})"
_LONG_KEY = re.compile(rf"(?<![\w.-])(?P<key>{_PART}(?:[ \t]*\.[ \t]*{_PART}){{{_MOST_PARTS}}})|{_QUOTED}")
_AT_LINE = re.compile(r"\bat line (\d+)")
_PACKAGE = re.compile(r"\bpackages\[(\d+)\]")
_NAMED = re.compile(r"([A-Za-z0-9][A-Za-z0-9._-]*)[: ]")


def parse(text: str) -> dict[str, Any]:
    """The document as plain values.

    Raises:
        TOMLError: the text is not TOML 1.0, nested too deep, or a key or number in it is absurdly long.
    """
    # tomllib takes a time for a key that grows with the square of its parts: 40 kB keep it busy for a minute.
    for number, line in enumerate(text.split("\n") if text.count(".") > _MOST_PARTS else (), 1):
        if line.count(".") >= _MOST_PARTS and any(found["key"] for found in _LONG_KEY.finditer(line)):
            raise TOMLError(f"a key has more than {_MOST_PARTS} parts (at line {number})")
    try:
        document: dict[str, Any] = tomllib.loads(text)
    except TOMLError:
        raise
    except ValueError as error:  # Python's limit on the digits of a number, which is no TOMLError
        raise TOMLError(str(error).partition(":")[0]) from error
    except RecursionError as error:
        raise TOMLError("it is nested too deep") from error
    return document


def read_row(kind: type[T], row: object) -> T:
    """A table of a lock as the dataclass that it was written from: texts, whole numbers and flags alone.

    Raises:
        ValueError: it has other fields, or others than these.
    """
    kinds = {"str": str, "int": int, "bool": bool}
    wanted = {field.name: str(field.type) for field in fields(kind)}  # type: ignore[arg-type]
    if not isinstance(row, dict) or set(row) != set(wanted):
        raise ValueError("a package has other fields than " + ", ".join(wanted))
    for name, expected in wanted.items():
        # `type` and not isinstance, to which True is an int.
        if type(row[name]) is not kinds[expected]:
            raise ValueError(f"{name} is no {expected}")
    return kind(**row)


def reason(error: Exception) -> str:
    """What is wrong, without any of the file's bytes."""
    if isinstance(error, UnicodeDecodeError):
        return "it is no UTF-8 text"
    return "it is nested too deep" if isinstance(error, RecursionError) else str(error)


def place_of(path: str, data: bytes, error: Exception) -> str:
    """`path:line` as far as an error about a lock's text tells where it is; else the path alone.

    Args:
        path: of the file.
        data: its bytes.
        error: of reading the text as TOML, of packaging's `Pylock`, or one that begins with a package's name.
    """
    line = _line_of(data.decode("utf-8", "replace"), error, str(error))
    return f"{path}:{line}" if line else path


def _line_of(text: str, error: Exception, said: str) -> int:
    if isinstance(error, UnicodeDecodeError):
        return error.object.count(b"\n", 0, error.start) + 1
    # tomllib tells the line in its message alone (an attribute for it came with Python 3.14).
    if found := _AT_LINE.search(said):
        return int(found[1])
    if "at end of document" in said:
        return text.count("\n") + 1
    # packaging's `Pylock` counts packages from 0, in the file's order.
    if found := _PACKAGE.search(said):
        heads = list(re.finditer(r"^\[\[packages\]\]", text, re.MULTILINE))[int(found[1]) :]
        return text.count("\n", 0, heads[0].start()) + 1 if heads else 0
    name = _NAMED.match(said)
    line = re.search(rf'^name = "{re.escape(name[1])}"', text, re.MULTILINE) if name else None
    return text.count("\n", 0, line.start()) + 1 if line else 0
