"""The workers of imports: who is blamed when one breaks off, and who runs as whom."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from typing import Any, cast

import pytest

from parity.engine.guests import GuestFailed
from parity.errors import RehearsalFailed
from parity.model import RehearsalPlan
from parity.rehearse import import_workers
from parity.rehearse.import_workers import ImportWorkers, Package, together
from parity.rehearse.room import Room
from parity.wire.shapes import Malformed
from parity.wire.tasks import IMPORTS, LEAVE

GOOD = dict.fromkeys(("module", "error", "at", "text", "wants", "missing"), "")
PACKAGES = [Package(name, (name,), weight) for weight, name in enumerate("abcdefg")]


class FakeRoom:
    """Answers as the guest would; `breaks` tells which packages end their worker, and when."""

    plan = RehearsalPlan()

    def __init__(self, breaks: Callable[[str, list[str]], bool] = lambda *_: False) -> None:
        self.asked: list[tuple[int, list[str]]] = []
        self.ended: list[int] = []
        self.left: list[int] = []
        self._breaks = breaks
        self._lock = threading.Lock()
        self._next = 0
        self._held = threading.Event()

    def ask(
        self, task: Any, job: Mapping[str, Any], user: int, *, on_event: Any = None, python: Any = None
    ) -> Any:
        if task is LEAVE:
            self.left.append(user)
            return {}
        modules = dict(job["packages"])
        names = [name for name, _ in job["packages"]]
        with self._lock:
            self.asked.append((user, names))
        before: list[str] = []
        while (number := self._number(len(before), len(names), tickets=job["tickets"])) is not None:
            on_event({"event": "begin", "package": number})
            if self._breaks(names[number], before):
                self._held.wait(0.01)
                raise GuestFailed("imports", 137, "")
            rows = [{**GOOD, "module": each} for each in modules[names[number]]]
            on_event({"event": "tried", "package": number, "answers": rows})
            before.append(names[number])
        return {}

    def end_all(self, user: int) -> None:
        self.ended.append(user)

    def end_leftovers(self, user: int) -> None:
        self.ended.append(user)

    def _number(self, done: int, count: int, *, tickets: bool) -> int | None:
        if not tickets:
            return done if done < count else None
        with self._lock:
            self._next += 1
            return self._next - 1 if self._next <= count else None


def run(room: FakeRoom, *, hidden: bool = True) -> dict[str, str]:
    found = ImportWorkers(cast(Room, room), "/p", "/p/site-packages", "door", hidden=hidden)
    return {module: answer["error"] for _, module, answer in found.run(PACKAGES)}


@pytest.mark.parametrize("hidden", [True, False])
def test_it_is_told_how_many_of_how_many_were_tried(hidden: bool) -> None:
    """A group counts as all of its members, whether they are tried together or, once it broke off, each."""
    told: list[tuple[int, int, str]] = []
    for breaks in (lambda name, _before: name == "", lambda *_: False):
        told.clear()
        room = FakeRoom(breaks)
        found = ImportWorkers(
            cast(Room, room),
            "/p",
            "/p/site-packages",
            "door",
            hidden=hidden,
            tell=lambda *words: told.append(words),
        )
        list(found.run([*PACKAGES[:3], together(PACKAGES[3:])]))
        assert told[-1] == (7, 7, "packages imported")
        assert [done for done, *_ in told] == sorted(done for done, *_ in told)


def test_two_lanes_share_the_packages_and_no_user() -> None:
    room = FakeRoom()
    assert set(run(room).values()) == {""}
    assert len({user for user, _ in room.asked}) == len(room.asked) == 2


def test_where_nobody_can_hide_each_package_is_alone_with_its_user() -> None:
    room = FakeRoom()
    assert set(run(room, hidden=False).values()) == {""}
    assert sorted(names for _, names in room.asked) == [[each.name] for each in PACKAGES]
    assert len({user for user, _ in room.asked}) == len(PACKAGES)


@pytest.mark.parametrize("hidden", [True, False])
def test_who_ends_its_lane_is_blamed_and_all_others_are_tried(hidden: bool) -> None:
    found = run(FakeRoom(lambda name, _: name in "be"), hidden=hidden)
    blamed = {name for name, error in found.items() if error}
    assert (blamed, len(found)) == ({"b", "e"}, 7)
    assert found["b"] == "Crash: the import ended the processes around it (exit code 137)"


def test_who_spoils_its_lane_for_others_does_not_get_them_blamed() -> None:
    """The package after it ends the worker, whichever that is."""
    found = run(FakeRoom(lambda _, before: before[-1:] == ["d"]))
    assert not any(found.values())


def test_nothing_of_a_lane_that_broke_off_is_left() -> None:
    room = FakeRoom(lambda name, _: name == "c")
    run(room)
    broken = [user for user, names in room.asked if "c" in names]
    assert broken
    assert room.left == room.ended
    assert set(room.left) <= set(broken)


def test_a_lane_that_never_begins_is_told_of_each_package() -> None:
    room = FakeRoom()
    room.ask = lambda task, *_, **__: _fail(task)  # type: ignore[method-assign]
    assert all(error.startswith("Crash") for error in run(room).values())


def _fail(task: Any) -> None:
    if task is IMPORTS:
        raise GuestFailed("imports", 127, "")


def test_a_lane_that_says_nothing_any_more_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(import_workers, "_TIMEOUT", 0)
    monkeypatch.setattr(import_workers, "_PATIENCE", 0.05)

    def slow(name: str, _: list[str]) -> bool:
        if name == "c":
            time.sleep(0.5)
        return name == "c"

    room = FakeRoom(slow)
    assert run(room)["c"].startswith("Crash")
    assert room.ended


def test_answers_for_modules_that_were_not_asked_for_are_none() -> None:
    room = FakeRoom()
    original = room.ask

    def forging(
        task: Any, job: Mapping[str, Any], user: int, *, on_event: Any = None, python: Any = None
    ) -> Any:
        def say(event: Any) -> None:
            on_event(
                {**event, "answers": [{"module": "ghost", "error": ""}]} if "answers" in event else event
            )

        return original(task, job, user, on_event=say, python=python)

    room.ask = forging  # type: ignore[method-assign]
    with pytest.raises(Malformed):
        run(room)


def test_what_is_imported_together_is_told_by_its_packages() -> None:
    room = FakeRoom()
    found = ImportWorkers(cast(Room, room), "/p", "/p/site-packages", "door", hidden=True)
    told = [row[:2] for row in found.run([PACKAGES[0], together(PACKAGES[1:])])]
    assert told == [(each.name, each.name) for each in PACKAGES]
    assert sorted(name for _, names in room.asked for name in set(names)) == ["", "", "a", "a"]


def test_where_packages_together_end_their_lane_each_gets_its_own_turn_and_one_the_blame() -> None:
    room = FakeRoom(lambda name, _: name in ("", "d"))
    found = ImportWorkers(cast(Room, room), "/p", "/p/site-packages", "door", hidden=True)
    told = {name: answer["error"] for name, _, answer in found.run([PACKAGES[0], together(PACKAGES[1:])])}
    assert [name for name, error in told.items() if error] == ["d"]
    assert len(told) == len(PACKAGES)


def test_a_lane_that_ends_well_and_tells_nothing_is_no_reason_to_go_on_for_ever() -> None:
    room = FakeRoom()
    room.ask = lambda *_, **__: {}  # type: ignore[method-assign]
    with pytest.raises(RehearsalFailed, match="without a word"):
        run(room)


def test_two_lanes_share_the_packages_again_without_tickets() -> None:
    room = FakeRoom()
    found = ImportWorkers(cast(Room, room), "/p", "/p/site-packages", "door", hidden=True)
    for _ in range(2):
        assert len(list(found.run(PACKAGES, again=True))) == len(PACKAGES)
    assert sorted(len(names) for _, names in room.asked) == [3, 3, 4, 4]
    assert len({user for user, _ in room.asked}) == 4
