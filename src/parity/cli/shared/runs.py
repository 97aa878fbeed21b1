"""Several stories of one call side by side: the world that each gets, how long each took, how each ended."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import TypeVar

import typer

from parity.cli.shared.display import Board
from parity.cli.shared.output import output
from parity.cli.shared.timing import Stopwatch
from parity.cli.shared.world import world_for
from parity.docker_engine import DockerEngine
from parity.errors import RootError, SomeFailed
from parity.pipeline.context.values import BuildRequest, World
from parity.pipeline.parallel import run_all
from parity.sign import SigningKey

Told = TypeVar("Told")


class Runs:
    """The runs of one call; `signers` are for stories that sign."""

    def __init__(
        self, engine: DockerEngine, signers: Sequence[SigningKey], shown: Board, *, fresh: bool = False
    ) -> None:
        self._engine = engine
        self._signers = signers
        self._board = shown
        self._fresh = fresh
        self.watches: dict[str, Stopwatch] = {}
        self.seconds: dict[str, float] = {}

    def all(
        self, story: Callable[[BuildRequest, World], Told], requests: Sequence[BuildRequest]
    ) -> tuple[Told | RootError, ...]:
        """Run a story for each request; see `run_all`."""
        return run_all(story, requests, self._world, self._engine.interrupt, self._finished)

    def _world(self, request: BuildRequest) -> World:
        """What this run may use."""
        name = request.profile.name
        watch = self.watches[name] = Stopwatch(self._board.reporter(name))
        return world_for(self._engine, request.profile, self._signers, watch, fresh=self._fresh)

    def _finished(self, request: BuildRequest, outcome: object) -> None:
        """This run is over."""
        name = request.profile.name
        self.seconds[name] = self.watches[name].stop()
        self._board.finished(name, ok=not isinstance(outcome, RootError))


def some_failed(failed: Collection[str], count: int) -> None:
    """End the command where some of several runs failed.

    Raises:
        SomeFailed: for people; for machines the one document is out already, so the exit code alone.
    """
    if output.json:
        raise typer.Exit(SomeFailed.exit_code)
    raise SomeFailed(f"{len(failed)} of {count} profiles failed: {', '.join(failed)}")
