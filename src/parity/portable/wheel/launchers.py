"""The scripts of an environment: first lines, and launchers of entry points. Python 3.6 and later.

Follows the entry points specification and PEP 427's rewriting of `#!python`.
"""

import os
import shlex

from .entrypoints import Launcher

_ASKS = b"#!python"
# What the kernel reads of a first line: 127 bytes before Linux 5.1, the newline not counted.
_LIMIT = 127
_QUOTES = b"'" * 3  # not written out, so that this source can stand between such quotes
_LAUNCHER = """
import sys

from {module} import {name}

if __name__ == "__main__":
    sys.exit({target}())
"""


def first_line(python: str) -> bytes:
    """A script's first line, or lines, that start it with an interpreter.

    A path that is too long for the kernel, or holds blanks, takes the way through `sh`, to which what
    follows is a command, while to Python it is a text.
    """
    plain = b"#!" + os.fsencode(python)
    if len(plain) <= _LIMIT and not any(sign.isspace() for sign in python):
        return plain
    command = b"exec' " + os.fsencode(shlex.quote(python)) + b' "$0" "$@"\n\' '
    return b"#!/bin/sh\n" + _QUOTES + command + _QUOTES


def rewritten(piece: bytes, python: str) -> bytes:
    """The beginning of a carried script, with the interpreter in its first line where it asks for one."""
    line, newline, rest = piece.partition(b"\n")
    if not line.startswith(_ASKS):
        return piece
    return first_line(python) + newline + rest


def launcher_text(launcher: Launcher, python: str) -> bytes:
    """The script for an entry point `module:object.attribute [extras]`, which `is_launchable` has passed."""
    module, _, target = launcher.target.partition("[")[0].partition(":")
    target = "".join(target.split())
    # The expression allows blanks between the parts; an import statement is written without.
    words = {"module": "".join(module.split()), "name": target.split(".")[0], "target": target}
    return first_line(python) + _LAUNCHER.format(**words).encode("utf-8")
