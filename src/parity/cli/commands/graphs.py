"""`parity tree` and `parity why`: who requires whom, in a bundle or in what a build would take."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from parity.cli.review.trees import above, graph_document, member, tree_lines, why_lines
from parity.cli.shared import complete
from parity.cli.shared.asked import HowToBuild, WhatToBuild, build_requests
from parity.cli.shared.display import Progress, board
from parity.cli.shared.options import (
    Extras,
    Groups,
    Json,
    LockFile,
    Packages,
    ProgressShown,
    RequirementFiles,
    StandIn,
    Verbose,
)
from parity.cli.shared.output import output, print_json, stderr, stdout
from parity.cli.shared.runs import Runs, tell
from parity.cli.shared.world import connected
from parity.graph import Graph
from parity.model.bundle import SUFFIX
from parity.pipeline.requires import requires
from parity.report import graph_of_bundle

TREE_EPILOG = """
Examples:

`parity tree dist/web-1.0-rhel9-py39.parity.tar` shows what a bundle holds and why

`parity tree rhel9-py39 -r requirements.txt` shows what a build would take, by its lock
"""
WHY_EPILOG = """
Examples:

`parity why urllib3 dist/web-1.0-rhel9-py39.parity.tar`

`parity why urllib3 rhel9-py39 -r requirements.txt`
"""
_Words = Annotated[
    list[str],
    typer.Argument(
        metavar="BUNDLE|TARGET [PACKAGE|FOLDER]",
        help="A *.parity.tar file; or targets and what to install, as for `parity build`.",
        autocompletion=complete.profiles,
    ),
]
_Name = Annotated[str, typer.Argument(metavar="NAME", help="The package.")]


def tree_command(
    words: _Words,
    *,
    requirement: RequirementFiles = None,
    package: Packages = None,
    extra: Extras = None,
    group: Groups = None,
    lock: LockFile = None,
    stand_in: StandIn = None,
    as_json: Json = False,
    verbose: Verbose = False,
    progress: ProgressShown = Progress.AUTO,
) -> None:
    """Show what requires what, as a tree; (*) marks a branch that is drawn elsewhere."""
    output.json, output.verbose = as_json, verbose
    what = _what(words, requirement, package, extra, group, "tree")
    shown = _Shown(tree_lines, lambda graph: graph.packages)
    _show(what, HowToBuild(lock=lock, stand_in=stand_in), shown, progress)


def why_command(
    name: _Name,
    words: _Words,
    *,
    requirement: RequirementFiles = None,
    package: Packages = None,
    extra: Extras = None,
    group: Groups = None,
    lock: LockFile = None,
    stand_in: StandIn = None,
    as_json: Json = False,
    verbose: Verbose = False,
    progress: ProgressShown = Progress.AUTO,
) -> None:
    """Show who requires a package, up to what was asked for."""
    output.json, output.verbose = as_json, verbose
    what = _what(words, requirement, package, extra, group, f"why {name}")
    shown = _Shown(lambda graph: why_lines(graph, name), lambda graph: above(graph, member(graph, name)))
    _show(what, HowToBuild(lock=lock, stand_in=stand_in), shown, progress)


class _Shown:
    """What of a graph is shown: lines for people, packages for machines."""

    def __init__(
        self, lines: Callable[[Graph], Iterable[str]], names: Callable[[Graph], Iterable[str]]
    ) -> None:
        self._lines = lines
        self._names = names

    def people(self, _: str, graph: Graph) -> Text:
        """The lines."""
        return Text("".join(f"{line}\n" for line in self._lines(graph)))

    def machines(self, name: str, graph: Graph) -> dict[str, object]:
        """The document."""
        return {"profile": name, **graph_document(graph, self._names(graph))}


def _what(
    words: Sequence[str],
    files: Sequence[Path] | None,
    packages: Sequence[str] | None,
    extras: Sequence[str] | None,
    groups: Sequence[str] | None,
    command: str,
) -> WhatToBuild:
    every = (tuple(each or ()) for each in (packages, extras, groups))
    named, of_project, of_groups = every
    return WhatToBuild(
        words=tuple(words),
        files=tuple(files or ()),
        packages=named,
        extras=of_project,
        groups=of_groups,
        command=command,
    )


def _show(what: WhatToBuild, how: HowToBuild, shown: _Shown, progress: Progress) -> None:
    if len(what.words) == 1 and what.words[0].endswith(SUFFIX):
        _show_bundle(Path(what.words[0]), shown)
        return
    requests = build_requests(what, how)
    with connected() as engine, board(stderr(), verbose=output.verbose, progress=progress) as seen:
        outcomes = Runs(engine, (), seen).all(requires, requests)
    tell("graphs", requests, outcomes, shown.people, shown.machines)


def _show_bundle(path: Path, shown: _Shown) -> None:
    graph = graph_of_bundle(path)
    if output.json:
        document = shown.machines("", graph)
        print_json({**document, "profile": None, "bundle": str(path), "verified": False})
        return
    stdout().print(shown.people("", graph), end="")
    stderr().print("nothing of this was verified: parity verify does that", style="yellow")
