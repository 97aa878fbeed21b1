"""Opening what the probe wrote: a file, a pipe, or stdin."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, BinaryIO

import typer

from parity.errors import FactsInvalid

Facts = Annotated[
    str, typer.Argument(metavar="FACTS", help="What `parity probe` wrote on the target; - is stdin.")
]


@contextmanager
def facts_file(name: str) -> Iterator[tuple[BinaryIO, str]]:
    """The open file and its name for errors.

    Raises:
        FactsInvalid: it cannot be opened.
    """
    if name == "-":
        yield sys.stdin.buffer, "stdin"
        return
    try:
        file = open(name, "rb")  # noqa: SIM115 - closed below; only opening it is judged here
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise FactsInvalid(f"the facts cannot be opened: {reason}", where=ascii(name)[1:-1]) from error
    with file:
        yield file, name
