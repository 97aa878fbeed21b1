"""Built versions that chase each other: the error shows the circle."""

from __future__ import annotations

from parity.model import LockedWheel
from parity.pipeline.locking.chasing import chase, is_chase
from parity.pipeline.sources.built import Built


def made(name: str, version: str, *requires: str) -> tuple[tuple[str, str], Built]:
    file = f"{name}-{version}-py3-none-any.whl"
    wheel = LockedWheel(name, version, file, f"https://h.example/{file}", "0" * 64, None, requested=False)
    return (name, version), Built(wheel, requires)


def test_the_error_shows_the_versions_in_their_order_and_what_they_require() -> None:
    versions = ["3.0", "1.0", "2.0", "1.5", "1.2"]
    built = dict([made("gui", "9", "box"), *(made("box", each, f"shot!={each}") for each in versions)])
    assert is_chase(built)
    error = chase(built)
    assert "box 3.0 → 1.0 → 2.0 → 1.5 → 1.2" in str(error)
    assert "box 1.0 requires shot!=1.0" in error.details
    assert "gui 9 requires box" in error.details
    assert "box==3.0" in error.remedy


def test_many_sources_of_one_version_each_are_no_chase() -> None:
    assert not is_chase(dict(made(f"one{number}", "1.0") for number in range(40)))
