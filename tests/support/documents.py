"""The code in Markdown: its blocks, and the calls of parity, read by the command line's own parser."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from functools import cache
from typing import Any, NamedTuple

import typer.main

from parity.cli.app import app

_FENCE = re.compile(r"^```([a-z]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_SPAN = re.compile(r"`(parity [^`]+)`")
_ENDS = {"|", "||", "&&", ";", "&", ">", ">>", "<", "2>", "2>/dev/null", ")"}


class CodeBlock(NamedTuple):
    """One fenced block."""

    language: str
    text: str


def code_blocks(markdown: str) -> list[CodeBlock]:
    """All fenced blocks in their order."""
    return [CodeBlock(*found) for found in _FENCE.findall(markdown)]


def calls_in_blocks(markdown: str) -> Iterator[list[str]]:
    """The words of each call of parity in a block of commands; in other texts, what follows a `$ `."""
    for block in code_blocks(markdown):
        if block.language == "sh":
            yield from (found for line in _whole_lines(block.text) if (found := _call(line)))
        elif block.language == "text":
            for line in block.text.splitlines():
                if line.startswith("$ parity ") and (found := _call(line[2:])):
                    yield found


def calls_in_prose(markdown: str) -> Iterator[list[str]]:
    """The words of each call that stands in a sentence, which may leave out what does not matter there."""
    prose = _FENCE.sub("", markdown)
    for span in _SPAN.findall(prose):
        if found := _call(span):
            yield found


@cache
def _whole() -> Any:
    # Putting it together takes a moment, and the pages have hundreds of calls.
    return typer.main.get_command(app)


def command_of(words: list[str]) -> tuple[Any, list[str]]:
    """The command that the words call, and the rest of them; KeyError where there is none."""
    command, rest = _whole(), list(words)
    while hasattr(command, "commands") and rest and not rest[0].startswith("-"):
        command = command.commands[rest.pop(0)]
    return command, rest


def parse_call(words: list[str]) -> None:
    """Parse a whole call as `parity` would, and do not run it; raises a usage error."""
    command, rest = command_of(words)
    if hasattr(command, "commands"):  # parity's own options act while they are parsed
        assert set(rest) <= known_options([]) - {"-h"}, rest
        return
    command.make_context(" ".join(["parity", *words[:1]]), rest)


def known_options(words: list[str]) -> set[str]:
    """All options of the command that the words call."""
    command, _ = command_of(words)
    return {option for parameter in command.params for option in parameter.opts} | {"--help", "-h"}


def _whole_lines(text: str) -> list[str]:
    return text.replace("\\\n", " ").splitlines()


def _call(line: str) -> list[str]:
    if not re.match(r"\s*([A-Z_]+=\S*\s+)*parity\s", line):
        return []
    # What a variable holds is a number or a name.
    line = re.sub(r"\$\{?[A-Z_]+\}?", "1", line)
    lexer = shlex.shlex(line, posix=True, punctuation_chars=True)
    lexer.whitespace_split = True
    lexer.commenters = "#"
    words = list(lexer)
    while words and re.fullmatch(r"[A-Z_]+=.*", words[0]):
        words.pop(0)
    end = next((place for place, word in enumerate(words) if word in _ENDS), len(words))
    return words[1:end]
