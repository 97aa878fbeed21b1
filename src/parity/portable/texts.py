"""Texts from outside, made fit for a terminal and for TOML. Standard library only, Python 3.6 and later."""

import re
from typing import List, Match, Sequence, Union

Toml = Union[str, int, Sequence["Toml"]]

_ESCAPED = re.compile("[^ !#-\\[\\]-~]")
_SHORT = {'"': '\\"', "\\": "\\\\", "\b": "\\b", "\t": "\\t", "\n": "\\n", "\f": "\\f", "\r": "\\r"}


def printable(text: str) -> str:
    r"""A text that a terminal shows as it is, in one line.

    Whatever is no visible character or space becomes an escape such as `\x1b` or `\u202e`: control
    characters, line ends, marks of direction and of no width, lone surrogates.
    """
    if text.isprintable():
        return text
    return "".join(each if each.isprintable() else ascii(each)[1:-1] for each in text)


def printable_lines(text: str) -> List[str]:
    """The lines of a text, each as `printable` gives it; a line feed alone ends a line. At least one."""
    return [printable(line.rstrip("\r")) for line in text.rstrip("\r\n").split("\n")]


def counted(number: int, thing: str, things: str = "") -> str:
    """A number of things: `1 package`, `2 packages`; `things` where an s at the end does not do."""
    return f"{number} {thing if number == 1 else things or thing + 's'}"


def plain(text: str) -> str:
    """For a target's terminal, of which nothing is known: ASCII, one line, or more that are indented.

    So no text can look like a line of ours but its first.
    """
    return "\n    ".join(printable_lines(text)).encode("ascii", "backslashreplace").decode("ascii")


def toml(value: "Toml") -> str:
    """A value (text, whole number, boolean, list of these) as TOML 1.0 spells it, in ASCII.

    Raises:
        ValueError: a text has bytes in it that could not be decoded; TOML is Unicode.
    """
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, str):
        return '"{}"'.format(_ESCAPED.sub(_escape, value))
    return "[{}]".format(", ".join(toml(each) for each in value))


def _escape(match: Match[str]) -> str:
    text = match.group()
    if "\ud800" <= text <= "\udfff":
        raise ValueError("undecodable bytes in a text that TOML is to hold")
    code = ord(text)
    return _SHORT.get(text) or ("\\u{:04x}" if code < 0x10000 else "\\U{:08x}").format(code)  # noqa: PLR2004
