"""A login that must reach the index alone: ten runs on the real engine, every place searched."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.attack.outcome import Outcome
from tests.attack.trial import TINY, scratch
from tests.support.canary import (
    LOGIN,
    SEARCH_STORE,
    history,
    leaks,
    spellings,
    texts,
    watched,
    with_address,
    with_netrc,
)
from tests.support.faults import User, in_store
from tests.support.index import PackageIndex, gateway, tiny_wheel

from parity.docker_engine import DockerEngine, connect

TITLE = "secrets in ten runs: outputs, containers' configurations, command lines, bundles, locks, the store"
FAILURE = 500


@dataclass(frozen=True)
class Run:
    """One run of a build: its options, what the index does wrong, how it must end."""

    name: str
    options: Sequence[str]
    code: int
    faults: Sequence[dict[str, Any]] = field(default_factory=tuple)


def _fault(ending: str, **what: Any) -> dict[str, Any]:
    return {"ending": ending, **what}


RUNS = (
    Run("the first build", ("--verbose", "--fresh"), 0),
    Run("again, as JSON", ("--json", "--verbose"), 0),
    Run("the page refused", ("--verbose", "--upgrade"), 42, [_fault("/simple/alpha/", status=403)]),
    Run("the page broken", ("--json", "--upgrade"), 42, [_fault("/simple/alpha/", status=FAILURE)]),
    Run("a page that repeats what it was sent", ("--upgrade",), 42,
        [_fault("/simple/alpha/", status=401, body=f"Bearer {':'.join(LOGIN)}".encode())]),
)  # fmt: skip


def run(scale: float) -> Iterator[Outcome]:
    """Five runs of a user with the login in the address, five of one with a netrc; fewer at small scales."""
    count = max(1, round(len(RUNS) * scale))
    engine = connect()
    try:
        image = engine.image("parity/debian11-py39:latest")
        assert image, "make images"
        for told in (with_address,) if scale < TINY else (with_address, with_netrc):
            with scratch("canaries") as folder:
                yield from _runs(engine, image.id, told.__name__.replace("_", " "), folder, RUNS[:count])
    finally:
        engine.close()


def _runs(
    engine: DockerEngine, image: str, kind: str, folder: Path, runs: Sequence[Run]
) -> Iterator[Outcome]:
    tiny_wheel(folder / "wheels", "alpha", requires=["beta"], padding=50_000)
    tiny_wheel(folder / "wheels", "beta")
    with PackageIndex(folder / "wheels", host=gateway(), login=LOGIN) as index:
        user = (with_address if kind == "with address" else with_netrc)(index, folder / "user")
        for each in runs:
            index.heal()
            for fault in each.faults:
                index.fail(**fault)
            yield _one(engine, image, kind, user, each)


def _one(engine: DockerEngine, image: str, kind: str, user: User, each: Run) -> Outcome:
    done, watch = watched(user.start_build(*each.options))
    places = {
        "output": done.output,
        "engine": watch.seen,
        "image": history(image),
        **dict(texts(user.folder)),
    }
    wrong = [f"{place}: {secret}" for place, secret in leaks(places)]
    if in_store(engine, image, SEARCH_STORE, *spellings(*LOGIN)):
        wrong.append("the store")
    if done.code != each.code or "Traceback" in done.output:
        wrong.append(f"ended with {done.code}: {done.output[-300:]}")
    return Outcome(kind, each.name, not wrong, "; ".join(wrong) or f"ended with {done.code}, found nowhere")
