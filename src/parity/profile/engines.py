"""A file that names engines and the architectures that they serve, for a scheduler of the call's own."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from parity.errors import InputFileError
from parity.files import read_small
from parity.model import ServingEngine
from parity.profile.tree import MAX_BYTES, Node, read_tree

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:+/@%\[\]-]{0,300}", re.ASCII)
_ARCH = re.compile(r"[a-z][a-z0-9_]{1,20}", re.ASCII)
_MOST_AT_ONCE = 64
_REMEDY = "write `engines:` and below it, for each, `- {engine: CONTEXT, serves: [x86_64], at-once: 2}`"

_UNREAD = "name a file of engines with --scheduler, or the address of a scheduler: tcp://HOST:PORT"


class _Wrong(Exception):
    def __init__(self, line: int, message: str) -> None:
        super().__init__(message)
        self.line = line


def read_engines_file(path: Path) -> tuple[ServingEngine, ...]:
    """The engines that a YAML file names, at least one.

    Raises:
        InputFileError: it cannot be read, or something in it is not as it must be; tells the line.
    """
    try:
        tree = read_tree(read_small(path, MAX_BYTES), str(path))
    except OSError as error:
        message = f"cannot read {path}: {error.strerror}"
        raise InputFileError(message, where=str(path), remedy=_UNREAD) from error
    if tree.problems or tree.root is None:
        told = tuple(map(str, tree.problems))
        raise InputFileError(f"{path} is no file of engines", where=str(path), remedy=_REMEDY, details=told)
    try:
        found = tuple(_engines(tree.root))
    except _Wrong as error:
        raise InputFileError(str(error), where=f"{path}:{error.line}", remedy=_REMEDY) from error
    return found


def _engines(root: Node) -> Iterator[ServingEngine]:
    listed = _keys(root, {"engines"}, set())["engines"]
    seen: set[str] = set()
    if listed.kind != "sequence" or not listed.items:
        raise _Wrong(listed.line, "engines must be a list with at least one")
    for each in listed.items:
        engine = _engine(each)
        if engine.name in seen:
            raise _Wrong(each.line, f"{engine.name} is named twice")
        seen.add(engine.name)
        yield engine


def _engine(node: Node) -> ServingEngine:
    keys = _keys(node, {"engine", "serves"}, {"at-once"})
    name, serves = keys["engine"], keys["serves"]
    if not isinstance(name.value, str) or not _NAME.fullmatch(name.value):
        raise _Wrong(name.line, "engine must be a context's name or an address")
    archs = tuple(str(each.value) for each in serves.items)
    if not archs or not all(map(_ARCH.fullmatch, archs)):
        raise _Wrong(serves.line, "serves must be a list of architectures, as `uname -m` says them")
    at_once = keys["at-once"].value if "at-once" in keys else 2
    if type(at_once) is not int or not 1 <= at_once <= _MOST_AT_ONCE:
        raise _Wrong(keys["at-once"].line, f"at-once must be a number from 1 to {_MOST_AT_ONCE}")
    return ServingEngine(name.value, archs, at_once)


def _keys(node: Node, needed: set[str], others: set[str]) -> dict[str, Node]:
    found = {key: value for key, (_, value) in node.keys.items()}
    if node.kind != "map" or not needed <= found.keys() <= needed | others:
        raise _Wrong(node.line, f"expected a mapping with {', '.join(sorted(needed | others))}")
    return found
