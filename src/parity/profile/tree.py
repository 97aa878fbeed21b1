"""YAML text to a tree of nodes that know their lines.

Works on the parser's events instead of the library's own composer and constructors: no object is ever
built from a tag, nesting does not recurse, and every node keeps the line it stands on.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import yaml

from parity.errors import Problem
from parity.profile.scalars import fault_of, read_plain

MAX_BYTES = 256 * 1024
MAX_DEPTH = 24
_CORE = "tag:yaml.org,2002:"
_COLLECTIONS = {"map": _CORE + "map", "sequence": _CORE + "seq"}
_SCALARS = {_CORE + kind for kind in ("str", "int", "bool", "float", "null")}


@dataclass(eq=False)
class Node:
    """A mapping, sequence or scalar; `line` counts from 1."""

    kind: Literal["map", "sequence", "scalar"]
    line: int
    text: str = ""
    value: object = None
    items: list[Node] = field(default_factory=list)
    keys: dict[str, tuple[int, Node]] = field(default_factory=dict)
    """For a mapping: each key's own line and its value."""


@dataclass(frozen=True)
class ProfileTree:
    """What could be read of a document; `root` is None where nothing sensible could."""

    root: Node | None
    problems: tuple[Problem, ...]


class _Stop(Exception):
    """Reading cannot go on; the problem has been noted."""


def read_tree(data: bytes, file: str) -> ProfileTree:
    """Read one YAML document.

    Args:
        data: the file's bytes; UTF-8.
        file: its name for the problems.
    """
    builder = _NodeBuilder(file)
    try:
        builder.feed(_decode(data, builder))
    except _Stop:
        return ProfileTree(None, tuple(builder.problems))
    return ProfileTree(builder.root, tuple(builder.problems))


def _decode(data: bytes, builder: _NodeBuilder) -> str:
    if len(data) > MAX_BYTES:
        raise builder.stop(0, f"is larger than {MAX_BYTES // 1024} KiB; that is no profile")
    try:
        # Editors on Windows begin files with a byte order mark.
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise builder.stop(line, "is not UTF-8 text; save the file as UTF-8") from error


class _NodeBuilder:
    """Turns parser events into nodes, noting every problem on the way."""

    def __init__(self, file: str) -> None:
        self.root: Node | None = None
        self.problems: list[Problem] = []
        self._file = file
        self._open: list[Node] = []
        self._pending: list[Node | None] = []
        self._anchors: dict[str, Node] = {}

    def feed(self, text: str) -> None:
        """Read the whole text."""
        try:
            for event in yaml.parse(text, Loader=yaml.SafeLoader):
                self._event(event)
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            raise self.stop(mark.line + 1 if mark else 0, _explain(error)) from error
        except yaml.reader.ReaderError as error:
            line = text.count("\n", 0, error.position) + 1
            raise self.stop(line, "holds a character that YAML does not allow") from error
        except (yaml.YAMLError, ValueError, OverflowError) as error:
            # Escapes beyond Unicode and absurd version numbers leave the library as plain ValueError.
            raise self.stop(0, f"is not valid YAML: {error}") from error
        if self.root is None:
            raise self.stop(1, "is empty; expected a mapping with `target` and `image`")

    def note(self, line: int, message: str, path: str = "") -> None:
        """Remember a problem and go on."""
        self.problems.append(Problem(self._file, line, path, message))

    def stop(self, line: int, message: str) -> _Stop:
        """Remember a problem after which nothing can be read."""
        self.note(line, message)
        return _Stop()

    def _event(self, event: yaml.Event) -> None:
        line = _line(event)
        if isinstance(event, yaml.DocumentStartEvent):
            if self.root is not None:
                raise self.stop(line, "holds a second document; a profile is one document")
        elif isinstance(event, yaml.ScalarEvent):
            self._attach(self._scalar(event, line))
        elif isinstance(event, yaml.AliasEvent):
            self._attach(self._alias(event, line))
        elif isinstance(event, (yaml.MappingStartEvent, yaml.SequenceStartEvent)):
            self._begin(event, line)
        elif isinstance(event, (yaml.MappingEndEvent, yaml.SequenceEndEvent)):
            self._open.pop()
            self._pending.pop()

    def _begin(self, event: yaml.MappingStartEvent | yaml.SequenceStartEvent, line: int) -> None:
        if len(self._open) >= MAX_DEPTH:
            raise self.stop(line, f"is nested more than {MAX_DEPTH} levels deep")
        node = Node("map" if isinstance(event, yaml.MappingStartEvent) else "sequence", line)
        if event.tag not in (None, "!", _COLLECTIONS[node.kind]):
            self.note(line, _tag_message(event.tag))
        self._remember(event.anchor, node)
        self._attach(node)
        self._open.append(node)
        self._pending.append(None)

    def _scalar(self, event: yaml.ScalarEvent, line: int) -> Node:
        if event.tag not in (None, "!") and event.tag not in _SCALARS:
            self.note(line, _tag_message(event.tag))
        if fault := fault_of(event.value):
            self.note(line, fault)
        # `implicit[0]`: whether it was written plain; what is quoted is text, whatever it looks like.
        as_text = event.tag in ("!", _CORE + "str") or (event.tag is None and not event.implicit[0])
        node = Node("scalar", line, event.value, event.value if as_text else read_plain(event.value))
        self._remember(event.anchor, node)
        return node

    def _alias(self, event: yaml.AliasEvent, line: int) -> Node:
        node = self._anchors.get(event.anchor or "")
        if node is None:
            raise self.stop(line, f"uses *{event.anchor}, but nothing before it is anchored &{event.anchor}")
        # An alias of something that is still open would make a tree without an end.
        if node in self._open:
            raise self.stop(line, f"uses *{event.anchor} inside itself")
        return node

    def _remember(self, anchor: str | None, node: Node) -> None:
        if anchor is not None:
            self._anchors[anchor] = node

    def _attach(self, node: Node) -> None:
        if not self._open:
            self.root = node
        elif (parent := self._open[-1]).kind == "sequence":
            parent.items.append(node)
        elif (key := self._pending[-1]) is None:
            self._pending[-1] = node
        else:
            self._pending[-1] = None
            self._add(parent, key, node)

    def _add(self, parent: Node, key: Node, node: Node) -> None:
        if key.kind != "scalar":
            self.note(key.line, "has a key that is not plain text")
        elif key.text == "<<":
            self.note(key.line, "merge keys (<<) are not supported; use `extends`", key.text)
        # YAML forbids it, most readers keep the last one silently: half of what was written would not count.
        elif key.text in parent.keys:
            first = parent.keys[key.text][0]
            self.note(key.line, f"duplicate key; it stands on line {first} already", key.text)
        else:
            parent.keys[key.text] = (key.line, node)


def _tag_message(tag: str) -> str:
    return f"has the tag {tag!r}; a profile is plain data without tags"


def _explain(error: yaml.MarkedYAMLError) -> str:
    problem = error.problem or "syntax error"
    if "'\\t'" in problem:
        return "is indented with a tab; YAML allows spaces only"
    context = f" {error.context}" if error.context else ""
    return f"is not valid YAML: {problem}{context}"


def _line(event: yaml.Event) -> int:
    return event.start_mark.line + 1 if event.start_mark else 0
