"""`parity lock` and `parity plan`: the front part of a build alone, and what a build would do."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from parity.cli.commands.updates import Format
from parity.cli.review import planned
from parity.cli.review.sections import fitted
from parity.cli.shared.asked import HowToBuild, WhatToBuild, build_requests
from parity.cli.shared.display import Progress, board
from parity.cli.shared.options import (
    Arch,
    ConstraintFiles,
    ExcludeNewer,
    Extras,
    FromSource,
    Groups,
    Json,
    Locked,
    LockFile,
    Packages,
    Product,
    ProgressShown,
    RequirementFiles,
    StandIn,
    TargetWords,
    Upgrade,
    UpgradeNames,
    Verbose,
)
from parity.cli.shared.output import output, stderr, terminal_width
from parity.cli.shared.runs import AtEngines, Runs, tell
from parity.cli.shared.world import fleet_of
from parity.errors import LockOutdated, RootError
from parity.files import sweep_leftovers
from parity.pipeline.context.values import BuildRequest
from parity.pipeline.lock import LockReport
from parity.pipeline.lock import lock as bring_up_to_date
from parity.pipeline.plan import plan as plan_build
from parity.planning import BuildPlan, plan_document

LOCK_EPILOG = """
`parity lock rhel9-py39 -r requirements.txt` writes pylock.*.toml, which a build then takes

`parity lock rhel9-py39 -r requirements.txt -P urllib3 -P certifi` takes the newest of these two

`parity lock rhel9-py39 -r requirements.txt --locked` changes nothing and fails where it would
"""
PLAN_EPILOG = """
`parity plan rhel9-py39 -r requirements.txt` says what a build would fetch and change

`parity plan rhel9-py39 -r requirements.txt --upgrade --format markdown > plan.md` is for a merge request

`parity plan rhel9-py39 -r requirements.txt --exit-code` ends with 43 where the lock would change
"""


def lock_command(
    words: TargetWords,
    *,
    requirement: RequirementFiles = None,
    constraint: ConstraintFiles = None,
    package: Packages = None,
    extra: Extras = None,
    group: Groups = None,
    locked: Locked = False,
    upgrade: Upgrade = False,
    upgrade_package: UpgradeNames = None,
    lock: LockFile = None,
    stand_in: StandIn = None,
    arch: Arch = None,
    product: Product = None,
    exclude_newer: ExcludeNewer = None,
    build_from_source: FromSource = None,
    as_json: Json = False,
    verbose: Verbose = False,
    progress: ProgressShown = Progress.AUTO,
) -> None:
    """Bring the lock up to date, and build nothing."""
    output.json, output.verbose = as_json, verbose
    what = WhatToBuild(
        words=tuple(words),
        files=tuple(requirement or ()),
        constraints=tuple(constraint or ()),
        packages=tuple(package or ()),
        extras=tuple(extra or ()),
        groups=tuple(group or ()),
        arch=arch,
        product=product,
        exclude_newer=exclude_newer,
        build_from_source=tuple(build_from_source or ()),
        command="lock",
    )
    how = HowToBuild(Path("dist"), lock, locked, upgrade, stand_in, tuple(upgrade_package or ()))
    requests = build_requests(what, how)
    # A lock is written to a temporary file first, and a run that was killed has left its own.
    for folder in {request.lock_path.parent for request in requests}:
        sweep_leftovers(folder)
    with fleet_of() as engines, board(stderr(), verbose=verbose, progress=progress) as shown:
        outcomes = Runs(AtEngines(engines, bring_up_to_date), shown).all(requests)
    tell("locks", requests, outcomes, _lock_text, planned.lock_document)


def _lock_text(name: str, report: LockReport) -> Text:
    return Text(fitted(planned.lock_as_text(name, report), terminal_width()))


def plan_command(
    words: TargetWords,
    *,
    requirement: RequirementFiles = None,
    constraint: ConstraintFiles = None,
    package: Packages = None,
    extra: Extras = None,
    group: Groups = None,
    locked: Locked = False,
    upgrade: Upgrade = False,
    upgrade_package: UpgradeNames = None,
    lock: LockFile = None,
    stand_in: StandIn = None,
    arch: Arch = None,
    product: Product = None,
    exclude_newer: ExcludeNewer = None,
    build_from_source: FromSource = None,
    shape: Annotated[
        Format,
        typer.Option("--format", metavar="FORM", help="text, json, or markdown (for a merge request)."),
    ] = Format.TEXT,
    exit_code: Annotated[
        bool,
        typer.Option(
            "--exit-code", "--check", help=f"End with {LockOutdated.exit_code} where the lock would change."
        ),
    ] = False,
    as_json: Json = False,
    verbose: Verbose = False,
    progress: ProgressShown = Progress.AUTO,
) -> None:
    """Show what a build would resolve, fetch and change; nothing is written."""
    shape = Format.JSON if as_json else shape
    output.json, output.verbose = shape is Format.JSON, verbose
    what = WhatToBuild(
        words=tuple(words),
        files=tuple(requirement or ()),
        constraints=tuple(constraint or ()),
        packages=tuple(package or ()),
        extras=tuple(extra or ()),
        groups=tuple(group or ()),
        arch=arch,
        product=product,
        exclude_newer=exclude_newer,
        build_from_source=tuple(build_from_source or ()),
        command="plan",
    )
    how = HowToBuild(Path("dist"), lock, locked, upgrade, stand_in, tuple(upgrade_package or ()))
    _end(_plans(build_requests(what, how), shape, progress), exit_code=exit_code)


def _end(plans: list[BuildPlan], *, exit_code: bool) -> None:
    """Only after the plans were shown: the code is for a pipeline, the plan for whoever reads its log."""
    if exit_code and any(plan.changes.is_rewritten for plan in plans):
        raise typer.Exit(LockOutdated.exit_code)


def _plan_text(plan: BuildPlan) -> str:
    return fitted(planned.plan_as_text(plan), terminal_width())


def _plans(requests: list[BuildRequest], shape: Format, progress: Progress) -> list[BuildPlan]:
    """Make and show the plans."""
    with fleet_of() as engines, board(stderr(), verbose=output.verbose, progress=progress) as shown:
        outcomes = Runs(AtEngines(engines, plan_build), shown).all(requests)
    write = planned.plan_as_markdown if shape is Format.MARKDOWN else _plan_text
    tell("plans", requests, outcomes, lambda _, plan: Text(write(plan)), lambda _, plan: plan_document(plan))
    return [each for each in outcomes if not isinstance(each, RootError)]
