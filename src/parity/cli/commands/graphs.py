"""`parity tree` and `parity why`: who requires whom, in a bundle or in what a build would take."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from parity.cli.review.trees import above, graph_document, member, tree_lines, why_lines
from parity.cli.shared import complete
from parity.cli.shared.asked import HowToBuild, WhatToBuild, build_requests
from parity.cli.shared.display import Progress, board
from parity.cli.shared.options import (
    Arch,
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
from parity.cli.shared.runs import AtEngines, Runs, tell
from parity.cli.shared.world import fleet_of
from parity.errors import InputFileError
from parity.graph import Graph
from parity.model.bundle import SUFFIX
from parity.pipeline.requires import requires, requires_by_lock
from parity.profile import available
from parity.report.contents import graph_of_bundle
from parity.resolve import read_lock

TREE_EPILOG = """
`parity tree dist/web-1.0-rhel9-py39.parity.tar` shows what a bundle holds and why

`parity tree rhel9-py39 -r requirements.txt` shows what a build would take

`parity tree pylock.web-rhel9-py39.toml` shows what a lock holds
"""
WHY_EPILOG = """
`parity why urllib3 dist/web-1.0-rhel9-py39.parity.tar` tells who brought a package into a bundle

`parity why urllib3 rhel9-py39 -r requirements.txt` tells who would
"""
_Words = Annotated[
    list[str],
    typer.Argument(
        metavar="BUNDLE|LOCK|TARGET [PACKAGE|FOLDER]",
        help="A *.parity.tar file; a lock of parity's; or what `parity build` takes.",
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
    arch: Arch = None,
    lock: LockFile = None,
    stand_in: StandIn = None,
    as_json: Json = False,
    verbose: Verbose = False,
    progress: ProgressShown = Progress.AUTO,
) -> None:
    """Show what requires what, as a tree; (*) marks a branch that is drawn elsewhere."""
    output.json, output.verbose = as_json, verbose
    what = _what(words, requirement, package, extra, group, arch=arch, command="tree")
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
    arch: Arch = None,
    lock: LockFile = None,
    stand_in: StandIn = None,
    as_json: Json = False,
    verbose: Verbose = False,
    progress: ProgressShown = Progress.AUTO,
) -> None:
    """Show who requires a package, up to what was asked for."""
    output.json, output.verbose = as_json, verbose
    what = _what(words, requirement, package, extra, group, arch=arch, command=f"why {name}")
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
    *,
    arch: str | None,
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
        arch=arch,
        command=command,
    )


def _show(what: WhatToBuild, how: HowToBuild, shown: _Shown, progress: Progress) -> None:
    if len(what.words) == 1 and what.words[0].endswith(SUFFIX):
        _show_bundle(Path(what.words[0]), shown)
        return
    lock = next((Path(word) for word in what.words if _is_lock(word)), None)
    if lock is None:
        story, requests = requires, build_requests(what, how)
    else:
        story, requests = requires_by_lock, build_requests(*_of_lock(what, how, lock))
    with fleet_of() as engines, board(stderr(), verbose=output.verbose, progress=progress) as seen:
        outcomes = Runs(AtEngines(engines, story), seen).all(requests)
    tell("graphs", requests, outcomes, shown.people, shown.machines)


def _is_lock(word: str) -> bool:
    path = Path(word)
    return path.name.startswith("pylock") and path.suffix == ".toml" and path.is_file()


def _of_lock(what: WhatToBuild, how: HowToBuild, path: Path) -> tuple[WhatToBuild, HowToBuild]:
    """A lock by itself: its target, which its name tells unless it was said, and what it was asked for.

    Raises:
        LockInvalid: it is none of parity's.
        InputFileError: nobody says whose it is.
    """
    lock = read_lock(path)
    targets = [word for word in what.words if word != str(path)]
    # The longest: a target's name may be the end of another one's.
    named = sorted((one for one in available() if path.stem.endswith((f".{one}", f"-{one}"))), key=len)
    if not targets and not named:
        raise InputFileError(
            f"{path.name} does not tell which target it is for",
            where=str(path),
            remedy=f"name it: `parity {what.command} TARGET {path}`",
        )
    # Exactly what it holds by name, so that nothing of the profile's own list is asked for besides.
    asked = tuple(f"{one.name}=={one.version}" for one in (lock.wheels if lock else ()) if one.requested)
    words = tuple(targets or named[-1:])
    return replace(what, words=words, packages=(*what.packages, *asked)), replace(how, lock=path)


def _show_bundle(path: Path, shown: _Shown) -> None:
    graph = graph_of_bundle(path)
    if output.json:
        document = shown.machines("", graph)
        print_json({**document, "profile": None, "bundle": str(path), "verified": False})
        return
    stdout().print(shown.people("", graph), end="")
    stderr().print("nothing of this was verified: parity verify does that", style="yellow")
