"""The log of a pipeline, in which its host looks for commands: no stranger's words may be one.

GitHub's runner obeys a line that begins with `::` after any space, or that has `##[` anywhere in it; Azure's
one that has `##vso[`. A package's own error, or what its build said, is such a line if it likes:
`::stop-commands::x` hides what comes after it, `::add-mask::` what it names, `::set-output` answers for us.
"""

from __future__ import annotations

import os
import re
from typing import IO, cast

_HOSTS = ("GITHUB_ACTIONS", "TF_BUILD")
_AT_FIRST = re.compile(r"^([^\S\n]*):(?=:)", re.MULTILINE)
_ANYWHERE = re.compile(r"#(?=#(?:vso)?\[)")


def in_pipeline() -> bool:
    """Whether this runs where output is read for commands."""
    return any(os.environ.get(name) for name in _HOSTS)


def no_command(text: str) -> str:
    """Lines that such a host takes for text; the same lines everywhere else."""
    if not in_pipeline():
        return text
    return _AT_FIRST.sub(r"\1: ", _ANYWHERE.sub("# ", text))


def logged(stream: IO[str]) -> IO[str]:
    """A stream through which no command gets."""
    return cast("IO[str]", _Log(stream)) if in_pipeline() else stream


class _Log:
    """All of a stream but for what is written; whole lines come in one piece."""

    def __init__(self, stream: IO[str]) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        """Write it without commands."""
        return self._stream.write(no_command(text))

    def __getattr__(self, name: str) -> object:
        return getattr(self._stream, name)
