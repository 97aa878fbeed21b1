"""Several stories of one call side by side: the world that each gets, how long each took, how each ended."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Generic, Protocol, TypeVar

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
from parity.progress import Reporter
from parity.sign import SigningKey

Told = TypeVar("Told")
Told_co = TypeVar("Told_co", covariant=True)


class Places(Protocol[Told_co]):
    """Where the runs of a call are told: engines that this process speaks to, or workers of a scheduler."""

    @property
    def at_once(self) -> int:
        """Runs side by side."""

    @property
    def where(self) -> Mapping[str, str]:
        """Where each profile's run was told, in a call that named the places."""

    def told(self, request: BuildRequest, reporter: Reporter) -> Told_co:
        """Tell the story of one request."""

    def interrupt(self) -> None:
        """End whatever runs, so that waiting threads come back, and begin no more."""


class AtEngines(Generic[Told]):
    """Stories told by this process, on the engines of a fleet; `signers` are for stories that sign."""

    def __init__(
        self,
        fleet: Fleet,
        story: Callable[[BuildRequest, World], Told],
        signers: Sequence[SigningKey] = (),
        *,
        fresh: bool = False,
    ) -> None:
        self._fleet = fleet
        self._story = story
        self._signers = signers
        self._fresh = fresh
        self.at_once = fleet.at_once
        self.interrupt = fleet.interrupt
        self.where: dict[str, str] = {}

    def told(self, request: BuildRequest, reporter: Reporter) -> Told:
        """Tell it on the engine that fits, and on another where that one goes away."""

        def at(place: FleetEngine) -> Told:
            return self._story(request, self._world(request, place, reporter))

        return anywhere(self._fleet, request.profile.target.arch, at, partial(_moved, reporter))

    def _world(self, request: BuildRequest, place: FleetEngine, reporter: Reporter) -> World:
        """What this run may use there."""
        # The one engine of a call without --on has no name: nobody asked where.
        if place.name:
            self.where[request.profile.name] = place.name
            reporter.stage("engine", f"{place.name}, {place.platform}")
        return world_for(place.engine, request.profile, self._signers, reporter, fresh=self._fresh)


def _moved(reporter: Reporter, place: FleetEngine, error: RootError) -> None:
    reporter.warn(f"the engine {place.name} went away ({error}): this is tried on another")


class Runs(Generic[Told]):
    """The runs of one call."""

    def __init__(self, places: Places[Told], shown: Board) -> None:
        self._places = places
        self._board = shown
        self.watches: dict[str, Stopwatch] = {}
        self.seconds: dict[str, float] = {}

    @property
    def where(self) -> Mapping[str, str]:
        """Where each run was told, in a call that named the places."""
        return self._places.where

    def all(self, requests: Sequence[BuildRequest]) -> tuple[Told | RootError, ...]:
        """Tell the story of each request; see `run_all`."""
        places = self._places
        return run_all(self._one, requests, places.interrupt, self._finished, places.at_once)

    def _one(self, request: BuildRequest) -> Told:
        name = request.profile.name
        watch = self.watches[name] = Stopwatch(self._board.reporter(name))
        return self._places.told(request, watch)

    def _finished(self, request: BuildRequest, outcome: object) -> None:
        """This run is over."""
        name = request.profile.name
        self.seconds[name] = self.watches[name].stop()
        self._board.finished(name, ok=not isinstance(outcome, RootError))


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
