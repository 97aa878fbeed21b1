"""One file as a project: a script that says what it needs itself (PEP 723), with uv's lock beside it."""

from __future__ import annotations

import re

from parity.errors import InputFileError

_BLOCK = re.compile(r"(?m)^# /// script$\s(?P<content>(?:^#(?:| .*)$\s)+)^# ///$")
"""The regular expression of PEP 723 itself, for its one type."""


def script_block(text: str, where: str) -> str:
    """The TOML of a script's block.

    Args:
        text: of the script.
        where: its path, for messages.

    Raises:
        InputFileError: it has none, or several.
    """
    found = [match["content"] for match in _BLOCK.finditer(text.replace("\r\n", "\n"))]
    if len(found) != 1:
        raise InputFileError(
            f"the script has {len(found) or 'no'} `# /// script` block{'s' if found else ''}",
            where=where,
            remedy="`uv add --script FILE PACKAGE` writes one (PEP 723), or name a project or requirements",
        )
    lines = found[0].splitlines()
    return "\n".join(line[2:] if line.startswith("# ") else line[1:] for line in lines) + "\n"
