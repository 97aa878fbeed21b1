"""Options that several commands share, each written once."""

from __future__ import annotations

from typing import Annotated

import typer

Json = Annotated[bool, typer.Option("--json", help="One JSON document on stdout; nothing else there.")]
Verbose = Annotated[
    bool,
    typer.Option("--verbose", "-v", help="Plain lines with every detail; tracebacks of parity's own faults."),
]
