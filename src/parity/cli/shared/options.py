"""Options that several commands share, each written once."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from parity.cli.shared.display import Progress
from parity.portable.bundle.trust import VARIABLE

Json = Annotated[bool, typer.Option("--json", help="One JSON document on stdout; nothing else there.")]
Verbose = Annotated[
    bool,
    typer.Option("--verbose", "-v", help="Plain lines with every detail; tracebacks of parity's own faults."),
]
ProgressShown = Annotated[
    Progress,
    typer.Option(
        "--progress",
        metavar="HOW",
        help="auto, plain (lines), tty (a live board), json (an object for each line) or quiet; on stderr.",
        show_default=False,
    ),
]
TrustedKeys = Annotated[
    list[Path] | None,
    typer.Option(
        "--key", metavar="PUB", help="Accept this public key; your own and the trusted ones if not given."
    ),
]
Threshold = Annotated[
    int | None,
    typer.Option(
        "--threshold",
        min=1,
        metavar="N",
        help=f"How many of these keys must have signed; {VARIABLE}, else 1, if not given.",
    ),
]
SigningKeys = Annotated[
    list[Path] | None,
    typer.Option(
        "--key", metavar="KEY", help="Sign with this private key, or with each; your own if not given."
    ),
]
