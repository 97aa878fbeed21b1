"""`parity annotate`: what `--json` printed, for a pipeline's page."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from parity.ci import FORMATS, annotated, summary_of
from parity.cli.shared.output import printable_tree, write_lines
from parity.errors import InputFileError, OptionConflict
from parity.files import read_small

EPILOG = """
`parity build rhel9-py39 -r requirements.txt --json > build.json || failed=$?` comes first

`parity annotate build.json --format github --summary "$GITHUB_STEP_SUMMARY"` tells GitHub

`parity annotate build.json --format gitlab > quality.json` writes what GitLab shows at a merge request
"""
# A document with all that a large set's proof says has some megabytes.
_MOST = 256 * 2**20


def annotate(
    document: Annotated[Path, typer.Argument(metavar="FILE", help="What `--json` printed.")],
    *,
    form: Annotated[
        str, typer.Option("--format", metavar="FORM", help=f"{', '.join(FORMATS)} (file:line: text).")
    ] = "text",
    summary: Annotated[
        Path | None, typer.Option("--summary", metavar="FILE", help="Add a summary in Markdown to this file.")
    ] = None,
) -> None:
    """Tell a pipeline's host what a run said: annotations on stdout, a summary for its page."""
    if form not in FORMATS:
        raise OptionConflict(f"there is no format {form!r}", remedy=f"--format {' | '.join(FORMATS)}")
    read = printable_tree(_read(document))
    if summary is not None:
        # A host's summary may hold what other steps wrote, so ours is added.
        with summary.open("a", encoding="utf-8") as there:
            there.write(summary_of(read))
    if form == "gitlab":
        sys.stdout.write(annotated(read, form))
    else:
        write_lines(annotated(read, form).splitlines(), commands=form == "github")


def _read(path: Path) -> object:
    try:
        return json.loads(read_small(path, _MOST))
    except (ValueError, RecursionError) as error:
        raise InputFileError(
            "this is not what `--json` prints",
            where=str(path),
            remedy="write stdout of a command with --json into it, and only that",
        ) from error
