"""When the index is asked once more for what wheels alone hold back: only where that may be the reason."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from tests.support.targets import DEBIAN11

from parity.resolve.asking import Guess
from parity.resolve.heldback import held_back
from parity.resolve.known import Known

REQUESTS = Known("requests", "2.31", ("urllib3<2",))


class Asked(Exception):
    """uv was asked again."""


def asked_again(guess: Guess, have: dict[str, str], *lines: str) -> bool:
    def compile_again(*_: object, **__: object) -> None:
        raise Asked

    what = SimpleNamespace(requirements=[SimpleNamespace(text=line) for line in lines], constraints=[])
    uv: Any = SimpleNamespace(
        can_offer=True,
        compile=compile_again,
        requirements="",
        inputs=SimpleNamespace(what=what, facts=SimpleNamespace(markers=DEBIAN11.markers)),
    )
    lock: Any = SimpleNamespace(wheels=[SimpleNamespace(name=n, version=v) for n, v in have.items()])
    try:
        held_back(uv, lock, guess, None)
    except Asked:
        return True
    return False


def guessed(*known: Known, source_only: tuple[str, ...] = ()) -> Guess:
    return Guess(told=known, source_only=frozenset(source_only), made=True)


NEW = Known("urllib3", "2.6", ())


def test_what_a_chosen_package_excludes_is_no_question() -> None:
    assert not asked_again(guessed(REQUESTS, NEW), {"requests": "2.31", "urllib3": "1.26"})


def test_what_the_user_excludes_is_no_question() -> None:
    assert not asked_again(guessed(NEW), {"urllib3": "1.26"}, "urllib3", "urllib3<2")


@pytest.mark.parametrize(
    ("known", "have"),
    [
        ((NEW,), {"urllib3": "1.26"}),
        ((REQUESTS, NEW), {"requests": "2.30", "urllib3": "1.26"}),
        ((Known("a", "1", ("urllib3<2; python_version < '3'",)), NEW), {"a": "1", "urllib3": "1.26"}),
        ((Known("a", "1", ("urllib3<2; extra == 'x'",)), NEW), {"a": "1", "urllib3": "1.26"}),
        ((Known("a", "1", ("urllib3<3",)), NEW), {"a": "1", "urllib3": "1.26"}),
    ],
)
def test_what_nothing_explains_is_asked(known: tuple[Known, ...], have: dict[str, str]) -> None:
    assert asked_again(guessed(*known), have)


def test_a_project_that_has_something_newer_without_a_wheel_is_always_asked_for() -> None:
    assert asked_again(guessed(REQUESTS, source_only=("b",)), {"requests": "2.31"})
