"""Several stories side by side: one that fails does not stop the others."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import TypeVar

from parity.errors import RootError
from parity.pipeline.context.values import BuildRequest

Told = TypeVar("Told")


def run_all(
    story: Callable[[BuildRequest], Told],
    requests: Sequence[BuildRequest],
    interrupt: Callable[[], None],
    finished: Callable[[BuildRequest, Told | RootError], None],
    at_once: int,
) -> tuple[Told | RootError, ...]:
    """Run a story for everything that is asked for.

    Args:
        story: such as `parity.pipeline.build.build`, in a world that it gives itself.
        requests: at least one.
        interrupt: ends whatever runs in containers, so that waiting threads come back.
        finished: hears each outcome as it is known, from the run's own thread.
        at_once: runs side by side, at most.

    Returns:
        a report or an error for each request, in their order. What is no error of parity's, and any
        signal, is raised after all runs have ended and cleaned up.
    """

    def one(request: BuildRequest) -> Told | RootError:
        outcome: Told | RootError
        try:
            outcome = story(request)
        except RootError as error:
            outcome = error
            if error.ends_the_command:
                raise
        finished(request, outcome)
        return outcome

    if len(requests) == 1:  # in this thread, where signals arrive
        return (one(requests[0]),)
    with ThreadPoolExecutor(min(len(requests), at_once)) as pool:
        futures: list[Future[Told | RootError]] = [pool.submit(one, request) for request in requests]
        try:
            wait(futures)
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            interrupt()
            raise
    return tuple(future.result() for future in futures)
