"""Several stories of one call side by side: the world that each gets, how long each took, how each ended."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

import typer
from rich.console import RenderableType

from parity.cli.shared.display import Board
from parity.cli.shared.output import error_document, output, print_json, show_error, stdout
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
