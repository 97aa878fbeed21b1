"""What the texts of parity tell people to type exists: commands, their options, keys of a profile."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import typer
import yaml

import parity
from parity.cli.app import app
from parity.cli.shared.reference import every_command
from parity.errors import WriteFailed
from parity.profile import schema_text

COMMAND = re.compile(r"`parity ([a-z][a-z-]*)(?: ([a-z][a-z-]*))?([^`]*)`")
OPTION = re.compile(r"(?<![\w-])--[a-z][a-z-]*")
LINE = re.compile(r"`([a-z][a-z-]*: [^`]+)`")
UNDER = re.compile(r"`([a-z][a-z-]*)(?:: [^`]*)?` under `([a-z][a-z-]*)`")
# Not of a profile.
FOREIGN = {"package"}


@cache
def texts() -> tuple[str, ...]:
    """Each text of the code, with an ellipsis for what is put into it; comments and docstrings are none."""
    files = sorted(Path(parity.__file__).parent.rglob("*.py"))
    return tuple(text for path in files for text in texts_of(path.read_text(encoding="utf-8")))


def texts_of(source: str) -> Iterator[str]:
    """Those of one module."""
    nodes = list(ast.walk(ast.parse(source)))
    alone = {id(node.value) for node in nodes if isinstance(node, ast.Expr)}
    for node in nodes:
        if isinstance(node, ast.JoinedStr):
            yield "".join(str(each.value) if isinstance(each, ast.Constant) else "…" for each in node.values)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in alone:
            yield node.value


def test_each_command_and_option_that_is_named_exists() -> None:
    options = {
        words: {word for each in command.params for word in (*each.opts, *each.secondary_opts)} | {"--help"}
        for words, command in every_command(typer.main.get_command(app))
    }
    wrong = []
    named = [(found, text) for text in texts() for found in COMMAND.findall(text)]
    for (first, second, rest), text in named:
        words = (first, second) if (first, second) in options else (first,)
        if not set(OPTION.findall(rest)) <= options.get(words, set()):
            wrong.append(text)
    assert wrong == []
    assert len(named) > 100


def places(node: Mapping[str, Any], path: str = "") -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    """Each key of a schema: the key above it, itself, and what may stand there."""
    for each in (node, node.get("items", {}), *node.get("anyOf", ()), *node.get("oneOf", ())):
        for name, inner in each.get("properties", {}).items():
            yield path, name, inner
            yield from places(inner, name)


def fits(value: object, inner: Mapping[str, Any]) -> bool:
    """Whether all keys of a mapping, or of those in a list, are in the schema."""
    if isinstance(value, list):
        return all(fits(each, inner.get("items", {})) for each in value)
    known = inner.get("properties", {})
    return not isinstance(value, dict) or not known or all(name in {**known, "x": 0} for name in value)


def test_each_line_of_a_profile_that_is_named_could_stand_there() -> None:
    found = list(places(json.loads(schema_text())))
    wrong, lines, unders = [], 0, 0
    for text in texts():
        for line in LINE.findall(text):
            lines += 1
            ((name, value),) = yaml.safe_load(line.replace("…", "x")).items()
            if name not in FOREIGN and not any(fits(value, inner) for _, key, inner in found if key == name):
                wrong.append(text)
        for name, above in UNDER.findall(text):
            unders += 1
            if not any((over, key) == (above, name) for over, key, _ in found):
                wrong.append(text)
    assert wrong == []
    assert lines > 10
    assert unders > 3


def test_what_every_command_may_end_with_names_no_option_that_some_lack() -> None:
    """`keygen` and `sign` have no -o, and write files all the same."""
    with_output = {
        words for words, command in every_command(typer.main.get_command(app)) if has_output(command)
    }
    assert ("delta",) in with_output
    assert ("keygen",) not in with_output
    assert not re.search(r"(?<![\w-])-\w", WriteFailed.default_remedy)


def has_output(command: Any) -> bool:
    """Whether it has -o."""
    return any("-o" in each.opts for each in command.params)
