"""`parity annotate` and `parity matrix`: what a pipeline's host is told, before a build and after it."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from parity.ci import FORMATS, MATRIX_FORMS, MatrixRow, annotated, matrix_text, summary_of
from parity.cli.shared.options import Arch, Packages, RequirementFiles, TargetWords
from parity.cli.shared.output import printable_tree, write_lines
from parity.cli.shared.words import sort_words
from parity.errors import InputFileError, OptionConflict
from parity.files import read_small
from parity.profile import Overrides, load_profile

ANNOTATE_EPILOG = """
`parity build rhel9-py39 -r requirements.txt --json > build.json || failed=$?` comes first

`parity annotate build.json --format github --summary "$GITHUB_STEP_SUMMARY"` tells GitHub

`parity annotate build.json --format gitlab > quality.json` writes what GitLab shows at a merge request
"""
MATRIX_EPILOG = """
`parity matrix profiles/*.yaml --format github >> "$GITHUB_OUTPUT"` makes a matrix of jobs on GitHub

`parity matrix rhel9-py39 debian12-py311 -r web.txt --format gitlab > bundles.yml` writes a child pipeline

`parity matrix profiles/*.yaml --format json` is for other schedulers
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


def matrix(
    words: TargetWords,
    *,
    requirement: RequirementFiles = None,
    package: Packages = None,
    form: Annotated[
        str, typer.Option("--format", metavar="FORM", help=f"{', '.join(MATRIX_FORMS)}.")
    ] = "json",
    arch: Arch = None,
) -> None:
    """Say which targets a pipeline builds, one job for each; nothing is built."""
    if form not in MATRIX_FORMS:
        raise OptionConflict(f"there is no format {form!r}", remedy=f"--format {' | '.join(MATRIX_FORMS)}")
    options = tuple(
        word
        for option, values in (("-r", map(str, requirement or ())), ("-p", package or ()))
        for value in values
        for word in (option, value)
    )
    found = sort_words(words, "matrix", options)
    rows = [_row(target, arch) for target in found.targets]
    names = [row.name for row in rows]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise OptionConflict(f"named twice: {', '.join(twice)}", remedy="name each target once")
    what = (*found.packages, *map(str, found.projects), *options)
    sys.stdout.write(matrix_text(rows, what, form))


def _row(word: str, arch: str | None) -> MatrixRow:
    profile = load_profile(word, overrides=Overrides(arch=arch))
    target = profile.target
    return MatrixRow(word, profile.name, f"{target.os_id} {target.os_version}", target.python, target.arch)
