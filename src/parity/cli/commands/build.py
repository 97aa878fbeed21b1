"""`parity build`: the main job."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.text import Text

from parity.cli.shared import summary
from parity.cli.shared.asked import HowToBuild, WhatToBuild, build_requests
from parity.cli.shared.display import Board, Progress, board
from parity.cli.shared.keyring import signing_keys
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
    SigningKeys,
    StandIn,
    TargetWords,
    Upgrade,
    UpgradeNames,
    Verbose,
)
from parity.cli.shared.output import output, stderr
from parity.cli.shared.runs import AtEngines, Runs, tell
from parity.cli.shared.world import fleet_of
from parity.errors import OptionConflict, RootError, WriteFailed
from parity.files import sweep_leftovers
from parity.host.folders import cache_folder
from parity.pipeline.build import build as build_bundle
from parity.pipeline.context.values import BuildReport, BuildRequest
from parity.pipeline.fleet import Fleet
from parity.profile import read_engines_file
from parity.sign import SigningKey

if TYPE_CHECKING:
    from parity.cluster import Cluster
    from parity.pipeline.elsewhere.scheduled import Scheduled

EPILOG = """
`parity build rhel9-py39 -r requirements.txt` builds what a file lists into dist/

`parity build rhel9-py39 pandas 'scikit-learn>=1.4'` builds a few packages

`parity build debian12-py311 apache-airflow -c constraints.txt` takes the versions that a file of pins allows

`parity build debian11-py39 ./myproject` carries a project, as its uv.lock pins it where it has one

`parity build debian11-py39 -r pyproject.toml --extra cli --group docs` carries its requirements alone

`parity build debian11-py39 debian12-py311 -r web.txt` builds one set for two targets, side by side

`parity build debian11-py39 debian12-py311 -r web.txt --on default --on build-2` uses two engines

`parity build plant.yaml --locked --key release.key --serial 42` is what a pipeline runs

`parity build rhel9-py39 -r requirements.txt --stand-in debian11-py39` is for where no registry answers
"""


_OutputFolder = Annotated[Path, typer.Option("-o", "--output", metavar="DIR", help="Where the bundles go.")]
_Fresh = Annotated[
    bool, typer.Option("--fresh", help="Probe and rehearse again, even where nothing has changed.")
]
_BundleVersion = Annotated[
    str | None,
    typer.Option(
        metavar="VERSION", help="The bundle's version; the project's own, else today's date, if not given."
    ),
]
_Serial = Annotated[
    int | None,
    typer.Option(metavar="N", help="Only grows, per product; the time in seconds if not given."),
]
_Allow = Annotated[
    list[str] | None,
    typer.Option(
        metavar="KIND:NAME", help="Accept this finding, as `rehearsal.allow` does (may be repeated)."
    ),
]
_Engines = Annotated[
    list[str] | None,
    typer.Option(
        "--on",
        metavar="ENGINE[=ARCH,...]",
        help="An engine to build on: a context's name or an address, and architectures that it serves "
        "(may be repeated: each target goes to one of its architecture).",
    ),
]
_Scheduler = Annotated[
    str | None,
    typer.Option(
        metavar="ADDRESS|FILE",
        help="Build by the workers of a dask scheduler (tcp://HOST:PORT), or by a local one for the engines "
        "that a file names.",
    ),
]


def build(
    words: TargetWords,
    *,
    requirement: RequirementFiles = None,
    constraint: ConstraintFiles = None,
    package: Packages = None,
    extra: Extras = None,
    group: Groups = None,
    output_folder: _OutputFolder = Path("dist"),
    key: SigningKeys = None,
    locked: Locked = False,
    upgrade: Upgrade = False,
    upgrade_package: UpgradeNames = None,
    lock: LockFile = None,
    stand_in: StandIn = None,
    fresh: _Fresh = False,
    engines: _Engines = None,
    scheduler: _Scheduler = None,
    arch: Arch = None,
    product: Product = None,
    bundle_version: _BundleVersion = None,
    serial: _Serial = None,
    exclude_newer: ExcludeNewer = None,
    build_from_source: FromSource = None,
    allow: _Allow = None,
    as_json: Json = False,
    verbose: Verbose = False,
    progress: ProgressShown = Progress.AUTO,
) -> None:
    """Build signed bundles whose install was rehearsed with the network cut."""
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
        version=bundle_version,
        serial=serial,
        exclude_newer=exclude_newer,
        build_from_source=tuple(build_from_source or ()),
        allow=tuple(allow or ()),
    )
    how = HowToBuild(output_folder, lock, locked, upgrade, stand_in, tuple(upgrade_package or ()))
    requests = _swept(output_folder, build_requests(what, how))
    shown = board(stderr(), verbose=verbose, progress=progress)
    _build_all((engines or (), scheduler), requests, key or (), shown, fresh=fresh)


def _build_all(
    where: tuple[Sequence[str], str | None],
    requests: Sequence[BuildRequest],
    key_files: Sequence[Path],
    shown: AbstractContextManager[Board],
    *,
    fresh: bool,
) -> None:
    with ExitStack() as stack:
        place = _place(stack, *where)
        keys = signing_keys(key_files)
        signers = [signer for signer, _ in keys]
        with shown as drawn:
            runs = Runs[BuildReport](_built_at(place, signers, fresh=fresh), drawn)
            outcomes = runs.all(requests)
        _tell(requests, outcomes, runs, [path for _, path in keys])


def _place(stack: ExitStack, engines: Sequence[str], scheduler: str | None) -> Fleet | Cluster:
    """Where to build, open until the stack is left.

    Raises:
        OptionConflict: both were named.
        EngineUnavailable, SchedulerUnavailable: nobody answers.
    """
    if scheduler is None:
        return stack.enter_context(fleet_of(engines))
    if engines:
        raise OptionConflict("--on and --scheduler both say where to build: choose one")
    # Imported where it is asked for: few builds have a scheduler.
    from parity.cluster import local_scheduler, scheduler_at  # noqa: PLC0415

    if "://" in scheduler:
        return stack.enter_context(scheduler_at(scheduler))
    return stack.enter_context(local_scheduler(read_engines_file(Path(scheduler))))


def _built_at(
    place: Fleet | Cluster, signers: Sequence[SigningKey], *, fresh: bool
) -> AtEngines[BuildReport] | Scheduled:
    if isinstance(place, Fleet):
        return AtEngines(place, build_bundle, signers, fresh=fresh)
    from parity.pipeline.elsewhere.scheduled import Scheduled  # noqa: PLC0415 - as in `_place`

    return Scheduled(place, signers, fresh=fresh, verbose=output.verbose)


def _tell(
    requests: Sequence[BuildRequest],
    outcomes: Sequence[BuildReport | RootError],
    runs: Runs[BuildReport],
    paths: Sequence[Path],
) -> None:
    """Say how every run ended; errors as `tell`."""

    def people(name: str, report: BuildReport) -> Text:
        return summary.people(report, runs.watches[name], runs.seconds[name], paths).append("\n")

    def machines(name: str, report: BuildReport) -> dict[str, object]:
        found = summary.machines(report, runs.watches[name], runs.seconds[name], paths)
        return {**found, **({"engine": runs.where[name]} if name in runs.where else {})}

    tell("bundles", requests, outcomes, people, machines)


def _swept(output_folder: Path, requests: list[BuildRequest]) -> list[BuildRequest]:
    """The requests, after what killed builds left half written is removed: the disk is free again then."""
    if output_folder.exists() and not output_folder.is_dir():
        raise WriteFailed("this is no folder", where=str(output_folder), remedy="name a folder with -o")
    cache = cache_folder()
    locks = {request.lock_path.parent for request in requests}
    for folder in {output_folder, cache / "tools", *(cache / "memory").glob("*"), *locks}:
        sweep_leftovers(folder)
    return requests
