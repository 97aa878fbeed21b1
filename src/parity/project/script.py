"""One file as a project: a script that says what it needs itself (PEP 723), with uv's lock beside it."""

from __future__ import annotations

from collections.abc import Iterator

from parity.errors import InputFileError

_BEGIN, _END = "# /// script", "# ///"
"""As the regular expression of PEP 723 has them, which takes a time that grows with the square of a file."""


def script_block(text: str, where: str) -> str:
    """The TOML of a script's block.

    Args:
        text: of the script.
        where: its path, for messages.

    Raises:
        InputFileError: it has none, or several.
    """
    found = list(_blocks(text.replace("\r\n", "\n").split("\n")))
    if len(found) != 1:
        raise InputFileError(
            f"the script has {len(found) or 'no'} `# /// script` block{'s' if found else ''}",
            where=where,
            remedy="`uv add --script FILE PACKAGE` writes one (PEP 723), or name a project or requirements",
        )
    return "\n".join(line[2:] if line.startswith("# ") else line[1:] for line in found[0]) + "\n"


def _blocks(lines: list[str]) -> Iterator[list[str]]:
    """The lines of each block: from its first line to the last of the comment's lines that can end it."""
    at = 0
    while at < len(lines):
        begun, at = at, at + 1
        if lines[begun] != _BEGIN:
            continue
        while at < len(lines) and (lines[at] == "#" or lines[at].startswith("# ")):
            at += 1
        last = next((each for each in range(at - 1, begun, -1) if lines[each] == _END), 0)
        if last > begun + 1:
            yield lines[begun + 1 : last]
            at = last + 1
