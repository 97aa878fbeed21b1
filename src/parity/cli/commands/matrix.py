"""`parity matrix`: the targets of a call for those whose scheduler is their pipeline's host."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from parity.ci import MATRIX_FORMS, MatrixRow, matrix_text
from parity.cli.shared.options import Arch, Packages, RequirementFiles, TargetWords
from parity.cli.shared.words import sort_words
from parity.errors import OptionConflict
from parity.profile import Overrides, load_profile

EPILOG = """
`parity matrix profiles/*.yaml --format github >> "$GITHUB_OUTPUT"` makes a matrix of jobs on GitHub

`parity matrix rhel9-py39 debian12-py311 -r web.txt --format gitlab > bundles.yml` writes a child pipeline

`parity matrix profiles/*.yaml --format json` is for other schedulers
"""


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
