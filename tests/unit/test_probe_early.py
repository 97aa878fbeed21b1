"""What an image is, is known before its pip has answered, which may take a second to say what it takes."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest
from tests.support.facts import facts_of

from parity.errors import ProbeFailed
from parity.model import MachineFacts, PinnedImage
from parity.pipeline import front
from parity.pipeline.rehearsal import cache
from parity.portable.machine import facts
from parity.probe import parse_facts
from parity.probe.stage import measured_by
from parity.profile import load_profile

IMAGE = PinnedImage("sha256:1", "", "debian:11", "linux/amd64", "local")
WHOLE = facts_of()
EARLY = {key: value for key, value in WHOLE.items() if key not in ("pip", "pip_tags", "has_venv")}


class AnImage:
    """A guest that says one thing first and another at last."""

    python = "python3"

    def __init__(self, first: dict[str, Any], last: dict[str, Any]) -> None:
        self.first, self.last = first, last

    def ask(self, _task: object, _job: object, *, on_event: Callable[[Any], None], timeout: float) -> Any:
        del timeout
        on_event({"event": "machine", "machine": self.first})
        return self.last


def test_a_machine_tells_what_it_is_before_it_waits_for_pip(monkeypatch: pytest.MonkeyPatch) -> None:
    order: list[Any] = []
    end = facts._end

    def ended(child: Any) -> str | None:
        order.append("pip")
        return end(child)

    monkeypatch.setattr(facts, "_end", ended)
    whole = facts.measure(told=order.append)
    assert order[1:] == ["pip", "pip"]
    assert order[0] == {key: whole[key] for key in EARLY}  # type: ignore[literal-required]


def test_what_was_said_first_is_heard() -> None:
    heard: list[MachineFacts] = []
    said: Any = measured_by(AnImage(EARLY, WHOLE), IMAGE, heard.append)  # type: ignore[arg-type]
    assert said == WHOLE
    assert [each.python for each in heard] == ["3.9.2"]


def test_an_image_that_is_another_at_last_is_refused() -> None:
    other: Any = AnImage({**EARLY, "python": "3.9.7"}, WHOLE)
    with pytest.raises(ProbeFailed, match="not the same"):
        measured_by(other, IMAGE, bool)


def test_the_story_goes_on_while_pip_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    answered = threading.Event()
    all_of_it = parse_facts(WHOLE, "here")

    def slow(*given: Any) -> Any:
        given[-1](all_of_it)
        assert answered.wait(10)
        return all_of_it

    monkeypatch.setattr(cache, "facts_of", slow)
    with front._measuring(_request(), IMAGE, None) as (machine, measured):  # type: ignore[arg-type]
        assert machine().arch == "x86_64"
        answered.set()
        assert measured().pip == "20.3.4"


def test_who_cannot_be_measured_says_so_at_both_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: Any) -> Any:
        raise ProbeFailed("it has no Python", where="here")

    monkeypatch.setattr(cache, "facts_of", broken)
    with front._measuring(_request(), IMAGE, None) as (machine, measured):  # type: ignore[arg-type]
        for each in (machine, measured):
            with pytest.raises(ProbeFailed, match="no Python"):
                each()


def _request() -> Any:
    class Request:
        profile = load_profile("debian11-py39")

    return Request
