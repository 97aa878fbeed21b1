"""Which engine of several a run goes to, and what happens where one goes away."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

import pytest

from parity.errors import BuildFailed, EngineLost, Interrupted, NoEngineServes, OptionConflict, RootError
from parity.pipeline.fleet import AT_ONCE, Fleet, FleetEngine, anywhere, read_engines


class Answering:
    """An engine that answers until it is dead."""

    def __init__(self) -> None:
        self.dead = False
        self.interrupted = 0

    def info(self) -> Any:
        if self.dead:
            raise EngineLost("the container engine went away")
        return SimpleNamespace()

    def interrupt(self) -> None:
        self.info()
        self.interrupted += 1


def member(name: str, platform: str = "linux/amd64", serves: Sequence[str] = ()) -> FleetEngine:
    engine: Any = Answering()
    return FleetEngine(name, engine, platform, frozenset(serves))


def told(fleet: Fleet, arch: str, moves: list[str] | None = None) -> str:
    return anywhere(fleet, arch, lambda place: place.name, lambda place, _: (moves or []).append(place.name))


def test_a_target_goes_to_an_engine_of_its_architecture() -> None:
    fleet = Fleet([member("here"), member("there", "linux/arm64")])
    assert told(fleet, "x86_64") == "here"
    assert told(fleet, "aarch64") == "there"
    assert told(fleet, "i686") == "here"  # whose processor runs it by itself


def test_one_that_was_said_to_serve_it_comes_before_one_that_may_and_after_a_native_one() -> None:
    may, said = member("may"), member("said", serves=["x86_64", "aarch64"])
    assert told(Fleet([may, said]), "aarch64") == "said"
    assert told(Fleet([may, said, member("own", "linux/arm64")]), "aarch64") == "own"
    assert told(Fleet([may]), "aarch64") == "may"  # where the image itself shows whether it can


def test_who_was_said_to_serve_others_is_not_asked_for_what_it_could() -> None:
    fleet = Fleet([member("here", serves=["aarch64"])])
    with pytest.raises(NoEngineServes, match="x86_64: here"):
        told(fleet, "x86_64")


def test_runs_are_shared_out_and_no_engine_has_more_than_it_does_at_once() -> None:
    fleet = Fleet([member("one"), member("two")])
    most, now, lock = {"one": 0, "two": 0}, {"one": 0, "two": 0}, threading.Lock()
    full = threading.Barrier(2 * AT_ONCE)

    def story(place: FleetEngine) -> None:
        with lock:
            now[place.name] += 1
            most[place.name] = max(most[place.name], now[place.name])
        full.wait(10)
        with lock:
            now[place.name] -= 1

    threads = [
        threading.Thread(target=anywhere, args=(fleet, "x86_64", story, lambda *_: None))
        for _ in range(4 * AT_ONCE)
    ]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert most == {"one": AT_ONCE, "two": AT_ONCE}
    assert fleet.at_once == 2 * AT_ONCE


def test_what_ran_where_an_engine_died_is_tried_on_another_and_nothing_more_goes_there() -> None:
    one, two = member("one"), member("two")
    fleet, moves, seen = Fleet([one, two]), [], []

    def story(place: FleetEngine) -> str:
        seen.append(place.name)
        if place is one:
            one.engine.dead = True  # type: ignore[attr-defined]
            raise BuildFailed("a stream broke off")  # whatever a dying engine looks like from here
        return place.name

    assert (
        anywhere(fleet, "x86_64", story, lambda place, error: moves.append((place.name, str(error)))) == "two"
    )
    assert told(fleet, "x86_64") == "two"
    assert (seen, moves) == (["one", "two"], [("one", "a stream broke off")])


def test_what_fails_on_an_engine_that_lives_is_its_own_fault() -> None:
    fleet, seen = Fleet([member("one"), member("two")]), []

    def story(place: FleetEngine) -> str:
        seen.append(place.name)
        raise BuildFailed("no")

    with pytest.raises(BuildFailed):
        anywhere(fleet, "x86_64", story, lambda *_: None)
    assert seen == ["one"]


def test_the_last_engine_that_dies_says_so_itself() -> None:
    fleet = Fleet([one := member("one"), member("arm", "linux/arm64", serves=["aarch64"])])

    def story(_: FleetEngine) -> str:
        one.engine.dead = True  # type: ignore[attr-defined]
        raise EngineLost("the container engine went away")

    with pytest.raises(EngineLost):
        anywhere(fleet, "x86_64", story, lambda *_: None)
    with pytest.raises(NoEngineServes, match="arm"):
        told(fleet, "x86_64")


def test_ctrl_c_ends_every_engine_and_wakes_who_waits_for_room() -> None:
    one, dead = member("one"), member("dead")
    dead.engine.dead = True  # type: ignore[attr-defined]
    fleet, ended = Fleet([one, dead]), []
    inside, out = threading.Barrier(2 * AT_ONCE + 1), threading.Event()

    def story(_: FleetEngine) -> None:
        inside.wait(10)
        out.wait(10)

    def run() -> None:
        try:
            anywhere(fleet, "x86_64", story, lambda *_: None)
        except RootError as error:
            ended.append(type(error))

    threads = [threading.Thread(target=run) for _ in range(2 * AT_ONCE)]
    for each in threads:
        each.start()
    inside.wait(10)
    waiting = threading.Thread(target=run)
    waiting.start()
    fleet.interrupt()
    waiting.join(10)
    out.set()
    assert ended == [Interrupted]
    assert one.engine.interrupted == 1  # type: ignore[attr-defined]


def test_words_name_engines_and_what_they_serve() -> None:
    assert read_engines(["default", "tcp://10.0.0.5:2376=aarch64,armv7l", "farm-2"]) == {
        "default": frozenset(),
        "tcp://10.0.0.5:2376": frozenset({"aarch64", "armv7l"}),
        "farm-2": frozenset(),
    }


@pytest.mark.parametrize(
    "words", [[""], ["a="], ["=aarch64"], ["a=arm64"], ["a", "a=aarch64"], ["-x"], ["a b"], ["a\x1b[31m"]]
)
def test_words_that_name_none_say_how_to_write_it(words: list[str]) -> None:
    with pytest.raises(OptionConflict) as raised:
        read_engines(words)
    assert raised.value.remedy
