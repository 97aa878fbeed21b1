"""`parity outdated`: what could be newer, and who holds it back."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

from rich.text import Text

from parity.cli.review import sections
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
    LockFile,
    Packages,
    Product,
    ProgressShown,
    RequirementFiles,
    StandIn,
    TargetWords,
    Verbose,
)
from parity.cli.shared.output import output, stderr, terminal_width
from parity.cli.shared.runs import AtEngines, Runs, tell
from parity.cli.shared.world import fleet_of
from parity.pipeline.outdated import OutdatedReport, what_is_outdated
from parity.planning import Outdated
from parity.portable.texts import counted

EPILOG = """
`parity outdated rhel9-py39 -r requirements.txt` lists what the lock has and what there is

`parity lock rhel9-py39 -r requirements.txt -P NAME` then takes a newer one
"""


def outdated_command(
    words: TargetWords,
    *,
    requirement: RequirementFiles = None,
    constraint: ConstraintFiles = None,
    package: Packages = None,
    extra: Extras = None,
    group: Groups = None,
    arch: Arch = None,
    lock: LockFile = None,
    stand_in: StandIn = None,
    product: Product = None,
    exclude_newer: ExcludeNewer = None,
    build_from_source: FromSource = None,
    as_json: Json = False,
    verbose: Verbose = False,
    progress: ProgressShown = Progress.AUTO,
) -> None:
    """List newer versions that fit the target, and who holds them back; nothing is written."""
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
        command="outdated",
    )
    requests = build_requests(what, HowToBuild(Path("dist"), lock, stand_in=stand_in))
    # No keys: nothing is signed here, so none is looked for.
    with fleet_of() as engines, board(stderr(), verbose=verbose, progress=progress) as shown:
        outcomes = Runs(AtEngines(engines, what_is_outdated), shown).all(requests)
    tell("outdated", requests, outcomes, _people, _machines)


def _people(name: str, report: OutdatedReport) -> Text:
    return Text(sections.fitted(told_outdated(name, report), terminal_width()))


def told_outdated(name: str, report: OutdatedReport) -> str:
    """What could be newer, for people."""
    if not report.found:
        return f"{name}: {counted(report.packages, 'package')}, and no newer one fits\n"
    rows = [("package", "locked", "upgrade", "newest", "held back by")]
    rows += [_row(each, report.exclude_newer) for each in report.found]
    lines = [f"{name}: {len(report.found)} of {counted(report.packages, 'package')} could be newer"]
    return "\n".join([*lines, *sections.aligned(rows, "  ")]) + "\n"


def _row(one: Outdated, exclude_newer: str | None) -> tuple[str, str, str, str, str]:
    held = ", ".join(f"{each.by} ({each.specifier})" for each in one.holders)
    # Nobody excludes it by name. What is left is the date, or what the newest ones require of each other.
    if one.newest not in ("", one.upgraded) and not held:
        held = f"exclude-newer {exclude_newer}" if exclude_newer else "what others of the newest require"
    more = "a newer one is a source only" if one.source_only else ""
    said = "; ".join(part for part in (held, more) if part)
    return one.name, one.version, one.upgraded or "gone", one.newest or "none that fits", said


def _machines(name: str, report: OutdatedReport) -> dict[str, object]:
    return {
        "format": "parity-outdated/1",
        "profile": name,
        "ok": True,
        "packages": report.packages,
        "outdated": [asdict(each) for each in report.found],
    }
