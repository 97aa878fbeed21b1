"""Exit codes and remedies are part of the interface."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeVar

from parity import errors
from parity.portable import errors as farside

T = TypeVar("T", bound=Exception)


def kinds(root: type[T]) -> Iterator[type[T]]:
    for kind in root.__subclasses__():
        yield kind
        yield from kinds(kind)


NEAR = list(kinds(errors.ParityError))
FAR = list(kinds(farside.FarsideError))


def test_every_error_has_an_exit_code_of_its_own() -> None:
    codes: dict[int, str] = {}
    for name, code in [(kind.__name__, kind.exit_code) for kind in NEAR] + [
        (kind.__name__, kind.exit_code) for kind in FAR
    ]:
        assert code not in codes, f"{name} and {codes[code]} share {code}"
        assert 2 < code < 160
        codes[code] = name


def test_what_reports_errors_catches_the_near_and_the_far_sides_by_one_root() -> None:
    assert {errors.ParityError, farside.FarsideError} <= set(farside.RootError.__subclasses__())
    near, far = errors.NoWheel("a", where="b", details=("c",)), farside.WrongHost("d")
    told = [(one.kind, one.message, one.where, one.details, one.exit_code) for one in (near, far)]
    assert told == [("NoWheel", "a", "b", ("c",), 41), ("WrongHost", "d", "", (), 62)]
    assert all(one.remedy and not one.ends_the_command for one in (near, far))


def test_the_far_side_keeps_to_its_range() -> None:
    assert all(60 <= kind.exit_code < 80 for kind in FAR)
    assert not any(60 <= kind.exit_code < 80 for kind in NEAR)


def test_every_error_says_what_to_do_next() -> None:
    for kind in NEAR:
        assert kind.default_remedy != errors.ParityError.default_remedy, kind
    assert all(kind.remedy for kind in FAR)


def test_a_problem_reads_as_place_path_message_and_hint() -> None:
    problem = errors.Problem("p.yaml", 3, "target.pyton", "unknown key", "python")
    assert str(problem) == "p.yaml:3: target.pyton: unknown key (did you mean 'python'?)"
