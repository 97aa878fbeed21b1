"""Several stories of one call side by side: the world that each gets, how long each took, how each ended."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TypeVar

import typer
from rich.console import RenderableType

from parity.cli.shared.display import Board
from parity.cli.shared.output import error_document, output, print_json, show_error, stdout
from parity.cli.shared.timing import Stopwatch
from parity.cli.shared.world import world_for
from parity.errors import RootError, SomeFailed
from parity.pipeline.context.values import BuildRequest, World
from parity.pipeline.fleet import Fleet, FleetEngine, anywhere
from parity.pipeline.parallel import run_all
from parity.sign import SigningKey

Told = TypeVar("Told")


class Runs:
    """The runs of one call; `signers` are for stories that sign."""

    def __init__(
        self, fleet: Fleet, signers: Sequence[SigningKey], shown: Board, *, fresh: bool = False
    ) -> None:
        self._fleet = fleet
        self._signers = signers
        self._board = shown
        self._fresh = fresh
        self.watches: dict[str, Stopwatch] = {}
        self.seconds: dict[str, float] = {}
        self.engines: dict[str, str] = {}
        """Where each run was told, in a call that named its engines."""

    def all(
        self, story: Callable[[BuildRequest, World], Told], requests: Sequence[BuildRequest]
    ) -> tuple[Told | RootError, ...]:
        """Run a story for each request; see `run_all`."""

        def one(request: BuildRequest) -> Told:
            watch = self._watch(request)

            def at(place: FleetEngine) -> Told:
                return story(request, self._world(request, place, watch))

            return anywhere(self._fleet, request.profile.target.arch, at, partial(_moved, watch))

        return run_all(one, requests, self._fleet.interrupt, self._finished, self._fleet.at_once)

    def _watch(self, request: BuildRequest) -> Stopwatch:
        name = request.profile.name
        watch = self.watches[name] = Stopwatch(self._board.reporter(name))
        return watch

    def _world(self, request: BuildRequest, place: FleetEngine, watch: Stopwatch) -> World:
        """What this run may use there."""
        # The one engine of a call without --on has no name: nobody asked where.
        if place.name:
            self.engines[request.profile.name] = place.name
            watch.stage("engine", f"{place.name}, {place.platform}")
        return world_for(place.engine, request.profile, self._signers, watch, fresh=self._fresh)

    def _finished(self, request: BuildRequest, outcome: object) -> None:
        """This run is over."""
        name = request.profile.name
        self.seconds[name] = self.watches[name].stop()
        self._board.finished(name, ok=not isinstance(outcome, RootError))


def _moved(watch: Stopwatch, place: FleetEngine, error: RootError) -> None:
    watch.warn(f"the engine {place.name} went away ({error}): this is tried on another")


def tell(
    key: str,
    requests: Sequence[BuildRequest],
    outcomes: Sequence[Told | RootError],
    people: Callable[[str, Told], RenderableType],
    machines: Callable[[str, Told], Mapping[str, object]],
) -> None:
    """Say how every run ended.

    Args:
        key: what the one JSON document calls the list of them.
        requests: what was asked.
        outcomes: what came of each.
        people: what to print of a profile's run.
        machines: the same as JSON values.

    Raises:
        RootError: the one run's own error, or SomeFailed where there were several.
    """
    documents, failed = [], []
    for request, outcome in zip(requests, outcomes, strict=True):
        name = request.profile.name
        if not isinstance(outcome, RootError):
            documents.append(machines(name, outcome))
            if not output.json:
                stdout().print(people(name, outcome), end="")
            continue
        # The one run's error is the command's own, with its exit code.
        if len(outcomes) == 1:
            raise outcome
        failed.append(name)
        documents.append({"profile": name, "ok": False, "error": error_document(outcome)})
        if not output.json:
            show_error(outcome, run=name)
    if output.json:
        print_json({key: documents})
    if failed and output.json:  # the one document is out already
        raise typer.Exit(SomeFailed.exit_code)
    if failed:
        raise SomeFailed(f"{len(failed)} of {len(outcomes)} profiles failed: {', '.join(failed)}")
