"""What a project calls itself, from the files in its folder, which is read alone: nothing of it is run."""

from __future__ import annotations

import ast
import configparser
import warnings
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from parity.files import read_small
from parity.model.toml import TOMLError, parse


class OwnWords(NamedTuple):
    """A project's name and version as it writes them; each empty where nothing says it."""

    name: str
    version: str


def own_words(folder: Path) -> OwnWords:
    """Ask pyproject.toml (PEP 621, Poetry, Flit), setup.cfg and setup.py, in this order.

    What cannot be read, or is computed when the project is built, says nothing here.
    """
    name = version = ""
    for said in _said(folder):
        name, version = name or said.name, version or said.version
    return OwnWords(name, version)


def _said(folder: Path) -> Iterator[OwnWords]:
    yield from _pyproject(_text(folder / "pyproject.toml"))
    yield _setup_cfg(_text(folder / "setup.cfg"))
    yield from _setup_py(_text(folder / "setup.py"))


def _text(path: Path) -> str:
    try:
        return read_small(path).decode()
    except (OSError, ValueError):
        return ""


def _pyproject(text: str) -> Iterator[OwnWords]:
    try:
        document = parse(text)
    except (ValueError, TOMLError, RecursionError):
        return
    tool = _table(document, "tool")
    flit = _table(_table(tool, "flit"), "metadata")
    for said in (_table(document, "project"), _table(tool, "poetry"), {"name": flit.get("dist-name")}):
        yield OwnWords(_word(said.get("name")), _word(said.get("version")))


def _table(document: Mapping[str, object], name: str) -> Mapping[str, object]:
    found = document.get(name)
    return found if isinstance(found, dict) else {}


def _word(value: object) -> str:
    return value if isinstance(value, str) else ""


def _setup_cfg(text: str) -> OwnWords:
    # Raw, as setuptools reads it: a `%` is a letter.
    parser = configparser.RawConfigParser()
    try:
        parser.read_string(text)
    except configparser.Error:
        return OwnWords("", "")
    name, version = (parser.get("metadata", key, fallback="") for key in ("name", "version"))
    # `attr:` and `file:` lead elsewhere.
    return OwnWords(name, "" if ":" in version else version)


def _setup_py(text: str) -> Iterator[OwnWords]:
    """What each call of `setup` says in so many letters."""
    try:
        with warnings.catch_warnings():  # an old file's odd escapes are not ours to tell of
            warnings.simplefilter("ignore")
            tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and _called(node.func) == "setup":
            said = {
                each.arg: each.value.value for each in node.keywords if isinstance(each.value, ast.Constant)
            }
            yield OwnWords(_word(said.get("name")), _word(said.get("version")))


def _called(function: ast.expr) -> str:
    if isinstance(function, ast.Attribute):
        return function.attr
    return function.id if isinstance(function, ast.Name) else ""
