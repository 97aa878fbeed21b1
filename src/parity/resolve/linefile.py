"""The text of a requirements file as pip reads it: its encoding, its logical lines, its variables.

Source: pip's documentation, "Requirements File Format"; PEP 263 for the line that names an encoding.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator, Mapping, Sequence

from parity.model.network import names_a_server
from parity.model.veil import ADDRESS, VARIABLE, origin

_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # before UTF-16: its mark begins with the same two bytes
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_CODING = re.compile(rb"[ \t\f]*#.*?coding[:=][ \t]*([-\w.]{1,40})")
_COMMENT = re.compile(r"(?:^|(?<=\s))#.*$")
"""With the space before it left for `strip`: to look for it here takes a time that grows with its square."""
_FILE = re.compile(r"\.(whl|zip|tgz|tar\.\w+)$")


def decoded(data: bytes) -> str:
    """The text of a file: by its byte order mark, by a `coding` line among its first two, else UTF-8.

    Raises:
        ValueError: it is no such text; says what it was taken for and what to do.
    """
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return _decoded(data[len(mark) :], encoding)
    named = (_CODING.match(line) for line in data.split(b"\n")[:2])
    encoding = next((found[1].decode("ascii") for found in named if found), "utf-8")
    return _decoded(data, encoding)


def _decoded(data: bytes, encoding: str) -> str:
    try:
        text = data.decode(encoding)
        text.encode("utf-8")  # some give half a character (UTF-7, unicode_escape)
    except LookupError:  # unknown, or one such as hex, which is not from bytes to text
        raise ValueError(f"names {encoding}, which is no encoding of text") from None
    except ValueError:
        raise ValueError(f"is not {encoding.upper()} text") from None
    return text


def logical_lines(text: str) -> Iterator[tuple[int, str]]:
    """Lines with continuations joined and comments gone, each with its first line's number."""
    pending: list[str] = []
    start = 0
    for number, raw in enumerate([*text.splitlines(), ""], 1):
        start = start or number
        if raw.endswith("\\") and not raw.lstrip().startswith("#"):
            pending.append(raw[:-1])
            continue
        line = _COMMENT.sub("", " ".join([*pending, raw])).strip()
        if line:
            yield start, line
        pending, start = [], 0


def with_variables(line: str, environ: Mapping[str, str]) -> tuple[str, tuple[str, ...]]:
    """A line with `${NAME}` replaced, and the names; pip knows upper-case names alone.

    In the path of an address it stays: there it may be a secret, and addresses are written down.

    Raises:
        KeyError: the name of one that is not set, or is empty.
    """
    names = tuple(dict.fromkeys(VARIABLE.findall(line)))
    for name in names:
        if not environ.get(name):
            raise KeyError(name)
    made, spans, end = "", list[tuple[int, int, str]](), 0
    for found in VARIABLE.finditer(line):
        made += line[end : found.start()]
        spans.append((len(made), len(made) + len(environ[found[1]]), found[0]))
        made, end = made + environ[found[1]], found.end()
    return _with_those_of_paths(made + line[end:], spans), names


def hidden_parts(line: str) -> Iterator[tuple[str, str]]:
    """The parts of paths with variables in them, each with its address's origin."""
    for found in ADDRESS.finditer(line):
        if names_a_server(found[1]):
            for part in found[2].split("/"):
                if VARIABLE.search(part):
                    yield origin(found[1]), part


def _with_those_of_paths(line: str, spans: Sequence[tuple[int, int, str]]) -> str:
    """The line with variables again for those of its parts that lie in the path of an address.

    A file's own name is none of them: packages are told by it.
    """
    paths = []
    for found in ADDRESS.finditer(line):
        first, last = found.span(2)
        paths.append((first, line.rindex("/", first, last) if _FILE.search(found[2]) else last))
    for begin, end, name in reversed(spans):
        if any(first < begin and end <= last for first, last in paths):
            line = line[:begin] + name + line[end:]
    return line


def as_pip_splits(text: str) -> str:
    """A requirement's line whose marker begins where pip has it begin: behind the first `;`.

    PEP 508 wants a blank before that where an address stands, and a marker behind it.
    """
    head, _, marker = text.partition(";")
    return f"{head} ;{marker}" if marker.strip() else head
