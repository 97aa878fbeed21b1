"""Where results and errors go: stdout has the result, stderr everything else.

Colours follow the terminal and NO_COLOR (rich does both); a pipe gets plain text.
"""

from __future__ import annotations

import json
import sys
import traceback
from dataclasses import dataclass
from typing import Any

from rich.console import Console
from rich.text import Text

from parity.errors import ParityError
from parity.farside.errors import FarsideError


@dataclass
class Output:
    """How this run of the command talks; commands set it from their options."""

    json: bool = False
    verbose: bool = False


output = Output()


def stdout() -> Console:
    """The console for results."""
    return Console(soft_wrap=True, highlight=False)


def stderr() -> Console:
    """The console for progress, warnings and errors."""
    return Console(stderr=True, highlight=False)


def print_json(document: Any) -> None:
    """One JSON document on stdout, for machines."""
    sys.stdout.write(json.dumps(document, indent=2, sort_keys=True, default=str) + "\n")
    sys.stdout.flush()


def error_document(error: ParityError | FarsideError) -> dict[str, Any]:
    """An error for machines."""
    return {
        "kind": type(error).__name__,
        "message": error.message,
        "where": getattr(error, "where", ""),
        "remedy": error.remedy,
        "details": list(getattr(error, "details", ())),
        "exit_code": error.exit_code,
    }


def show_error(error: ParityError | FarsideError, run: str = "") -> None:
    """An error for people: what, where, the details, and what to do next."""
    document = error_document(error)
    console = stderr()
    head = Text.assemble(("error: ", "bold red"), (f"{run}: " if run else "", "bold"), document["message"])
    console.print(head, soft_wrap=True)
    if document["where"]:
        console.print(Text(f"   at: {document['where']}"), soft_wrap=True)
    for line in document["details"]:
        console.print(Text(f"     {line}"), soft_wrap=True)
    console.print(Text.assemble(("   do: ", "bold"), document["remedy"]), soft_wrap=True)


def fail(error: ParityError | FarsideError) -> int:
    """Report the error that ends the command; gives its exit code."""
    if output.json:
        print_json({"error": error_document(error)})
    else:
        show_error(error)
    return error.exit_code


def crash(error: BaseException) -> int:
    """Report a fault of parity's own: one line, the traceback only with --verbose."""
    if output.verbose:
        traceback.print_exception(error, file=sys.stderr)
    return fail(ParityError(f"unexpected {type(error).__name__}: {error}"))
