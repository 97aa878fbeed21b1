"""`parity build`: the main job."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from parity.cli.shared import summary
from parity.cli.shared.asked import HowToBuild, WhatToBuild, build_requests
from parity.cli.shared.display import Board, Progress, board
from parity.cli.shared.keyring import signing_keys
from parity.cli.shared.options import (
    ExcludeNewer,
    Extras,
    FromSource,
    Groups,
    Json,
    LockFile,
    Packages,
    ProgressShown,
    RequirementFiles,
    SigningKeys,
    StandIn,
    TargetWords,
    Verbose,
)
from parity.cli.shared.output import error_document, output, print_json, show_error, stderr, stdout
from parity.cli.shared.timing import Stopwatch
from parity.cli.shared.world import connected, world_for
from parity.docker_engine import DockerEngine
from parity.errors import RootError, SomeFailed
from parity.files import sweep_leftovers
from parity.host.folders import cache_folder
from parity.pipeline.context.values import BuildReport, BuildRequest, World
from parity.pipeline.parallel import Outcome, build_all
from parity.sign import SigningKey

EPILOG = """
Examples:

`parity build rhel9-py39 -r requirements.txt` builds what a file lists into dist/

`parity build rhel9-py39 pandas 'scikit-learn>=1.4'` builds a few packages

`parity build debian11-py39 ./myproject` carries a project as its uv.lock pins it

`parity build debian11-py39 -r pyproject.toml --extra cli --group docs` what a project requires, without it

`parity build debian11-py39 debian12-py311 -r web.txt` builds one set for two targets, side by side

`parity build plant.yaml --locked --key release.key --serial 42` is what CI runs, with a profile of your own

`parity build rhel9-py39 -r requirements.txt --stand-in debian11-py39` where no container registry answers
"""


_OutputFolder = Annotated[Path, typer.Option("-o", "--output", metavar="DIR", help="Where the bundles go.")]
_Locked = Annotated[bool, typer.Option("--locked", help="Use the lock as it is, or fail.")]
_Upgrade = Annotated[bool, typer.Option("--upgrade", help="Resolve anew to the newest versions.")]
_Fresh = Annotated[
    bool, typer.Option("--fresh", help="Probe and rehearse again, even where nothing has changed.")
]
_Product = Annotated[
    str | None,
    typer.Option(
        metavar="NAME", help="What the bundle is called; if not given: the project's or list's own name."
    ),
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


def build(
    words: TargetWords,
    *,
    requirement: RequirementFiles = None,
    package: Packages = None,
    extra: Extras = None,
    group: Groups = None,
    output_folder: _OutputFolder = Path("dist"),
    key: SigningKeys = None,
    locked: _Locked = False,
    upgrade: _Upgrade = False,
    lock: LockFile = None,
    stand_in: StandIn = None,
    fresh: _Fresh = False,
    product: _Product = None,
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
        packages=tuple(package or ()),
        extras=tuple(extra or ()),
        groups=tuple(group or ()),
        product=product,
        version=bundle_version,
        serial=serial,
        exclude_newer=exclude_newer,
        build_from_source=tuple(build_from_source or ()),
        allow=tuple(allow or ()),
    )
    requests = build_requests(what, HowToBuild(output_folder, lock, locked, upgrade, stand_in))
    with connected() as engine:
        keys = signing_keys(key or ())
        # Before the work, so that a disk which a killed run has filled is free again.
        for folder in _written_to(output_folder, requests):
            sweep_leftovers(folder)
        with board(stderr(), verbose=verbose, progress=progress) as shown:
            runs = _Runs(engine, [signer for signer, _ in keys], shown, fresh=fresh)
            outcomes = build_all(requests, runs.world, engine.interrupt, runs.finished)
        _report(requests, outcomes, runs, [path for _, path in keys])


def _written_to(output_folder: Path, requests: list[BuildRequest]) -> set[Path]:
    """The folders in which a build that was killed may have left a file half written."""
    cache = cache_folder()
    locks = {request.lock_path.parent for request in requests}
    return {output_folder, cache / "tools", *(cache / "memory").glob("*"), *locks}


class _Runs:
    """The runs of one call: the world that each gets, and how long each took."""

    def __init__(
        self, engine: DockerEngine, signers: Sequence[SigningKey], shown: Board, *, fresh: bool
    ) -> None:
        self._engine = engine
        self._signers = signers
        self._board = shown
        self._fresh = fresh
        self.watches: dict[str, Stopwatch] = {}
        self.seconds: dict[str, float] = {}

    def world(self, request: BuildRequest) -> World:
        """What this run may use."""
        name = request.profile.name
        watch = self.watches[name] = Stopwatch(self._board.reporter(name))
        return world_for(self._engine, request.profile, self._signers, watch, fresh=self._fresh)

    def finished(self, request: BuildRequest, outcome: Outcome) -> None:
        """This run is over."""
        name = request.profile.name
        self.seconds[name] = self.watches[name].stop()
        self._board.finished(name, ok=isinstance(outcome, BuildReport))


def _report(
    requests: list[BuildRequest], outcomes: tuple[Outcome, ...], runs: _Runs, key_paths: Sequence[Path]
) -> None:
    """Say how every run ended.

    Raises:
        RootError: the one run's own error, or SomeFailed where there were several.
    """
    names = [request.profile.name for request in requests]
    every = zip(names, outcomes, strict=True)
    failed = {name: each for name, each in every if not isinstance(each, BuildReport)}
    if len(outcomes) == 1 and failed:
        raise failed[names[0]]
    documents = []
    for name, outcome in zip(names, outcomes, strict=True):
        if not isinstance(outcome, BuildReport):
            documents.append({"profile": name, "ok": False, "error": error_document(outcome)})
            if not output.json:
                show_error(outcome, run=name)
            continue
        watch, seconds = runs.watches[name], runs.seconds[name]
        documents.append(summary.machines(outcome, watch, seconds, key_paths))
        if not output.json:
            stdout().print(summary.people(outcome, watch, seconds, key_paths))
    if output.json:
        print_json({"bundles": documents})
    if failed:
        _some_failed(failed, len(outcomes))


def _some_failed(failed: dict[str, RootError], count: int) -> None:
    if output.json:  # the one document is out already
        raise typer.Exit(SomeFailed.exit_code)
    raise SomeFailed(f"{len(failed)} of {count} profiles failed: {', '.join(failed)}")
