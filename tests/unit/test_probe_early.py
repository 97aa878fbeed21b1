"""What an image is, is known before its pip has answered, which may take a second to say what it takes."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

import pytest
from tests.support.facts import facts_of

from parity.engine import ExecResult
from parity.errors import ProbeFailed
from parity.model import MachineFacts, PinnedImage
from parity.pipeline import front
from parity.portable.machine import facts
from parity.probe import measure
from parity.profile import load_profile

IMAGE = PinnedImage("sha256:1", "", "debian:11", "linux/amd64", "local")
WHOLE = facts_of()
EARLY = {key: value for key, value in WHOLE.items() if key not in ("pip", "pip_tags", "has_venv")}


class AnEngine:
    """Its image says one thing at first; and at last, when that is due, another."""

    def __init__(self, first: Mapping[str, Any] = EARLY, due: threading.Event | None = None) -> None:
        self.first, self.due = first, due

    @contextmanager
    def container(self, _spec: object) -> Iterator[Any]:
        yield SimpleNamespace(put=lambda *_: None, start=lambda: None, exec=self.exec)

    def exec(
        self,
        command: list[str],
        *,
        stdin: bytes = b"",
        on_stdout: Callable[[bytes], object] = bool,
        **_: object,
    ) -> ExecResult:
        if command[0] == "sh":
            return ExecResult(0, b"/usr/bin/python3.9\n", b"")
        mark = json.loads(stdin)["mark"].encode()
        on_stdout(mark + json.dumps({"event": "machine", "machine": self.first}).encode() + b"\n")
        assert self.due is None or self.due.wait(10)
        on_stdout(mark + json.dumps({"event": "result", "result": WHOLE}).encode() + b"\n")
        return ExecResult(0, b"", b"")


def test_a_machine_tells_what_it_is_before_pip_is_heard() -> None:
    told: list[Any] = []
    whole = facts.measure(told=told.append)
    assert told == [{key: whole[key] for key in EARLY}]  # type: ignore[literal-required]


def test_an_image_that_is_another_at_last_is_refused() -> None:
    heard: list[MachineFacts] = []
    liar: Any = AnEngine({**EARLY, "python": "3.9.7"})
    with pytest.raises(ProbeFailed, match="not the same"):
        measure(liar, IMAGE, "3.9", heard.append)
    assert [each.python for each in heard] == ["3.9.7"]


def test_the_story_goes_on_while_pip_is_asked() -> None:
    answered = threading.Event()
    with front.measuring(_request(), IMAGE, _world(AnEngine(due=answered))) as (machine, measured):
        assert machine().arch == "x86_64"
        answered.set()
        assert measured().pip == "20.3.4"


def test_who_cannot_be_measured_says_so_at_both_ends() -> None:
    mute = AnEngine({"python": "3.9.2"})
    with front.measuring(_request(), IMAGE, _world(mute)) as (machine, measured):
        for each in (machine, measured):
            with pytest.raises(ProbeFailed, match="could not be measured"):
                each()


def _world(engine: AnEngine) -> Any:
    memory = SimpleNamespace(recall=lambda *_: None, keep=lambda *_: None)
    return SimpleNamespace(engine=engine, memory=memory)


def _request() -> Any:
    return SimpleNamespace(profile=load_profile("debian11-py39"))
