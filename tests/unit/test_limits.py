"""What happens when the near side's own limits are met: the error names the key that allows more."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.support.fake_engine import FakeEngine

from parity.engine import ImageInfo
from parity.engine.guests import GuestFailed
from parity.engine.workshop import out_of_memory, workshop
from parity.errors import EngineLost, EngineRefused, FetchFailed
from parity.model import Limits
from parity.model.limits import spelt


@pytest.mark.parametrize(("seconds", "text"), [(90, "90s"), (600, "10m"), (86400, "24h"), (0.5, "0s")])
def test_seconds_are_told_as_a_profile_has_them(seconds: float, text: str) -> None:
    assert spelt(seconds) == text


def engine_in(folder: Path) -> FakeEngine:
    return FakeEngine(folder, {"x:latest": ImageInfo("sha256:x", (), "linux/amd64", 1)})


def test_a_workshop_whose_time_is_over_says_so_and_names_the_key(tmp_path: Path) -> None:
    engine = engine_in(tmp_path)
    with (
        pytest.raises(EngineLost, match="lived for 0s") as caught,
        workshop(engine, "sha256:x", "linux/amd64", Limits(workshop=0)),
    ):
        raise EngineRefused("no such container")
    assert "workshop" in caught.value.remedy


def test_another_trouble_with_the_engine_stays_what_it_is(tmp_path: Path) -> None:
    with (
        pytest.raises(EngineRefused, match="no such container"),
        workshop(engine_in(tmp_path), "sha256:x", "linux/amd64", Limits()),
    ):
        raise EngineRefused("no such container")


def test_a_guest_that_the_kernel_ended_lacked_memory() -> None:
    error = out_of_memory(GuestFailed("audit", 137, ""))
    assert isinstance(error, FetchFailed)
    assert "memory" in error.remedy
    assert out_of_memory(GuestFailed("audit", 1, "")) is None


def test_the_workshop_is_bounded_as_the_profile_says(tmp_path: Path) -> None:
    engine = engine_in(tmp_path)
    with workshop(engine, "sha256:x", "linux/amd64", Limits(workshop=77, memory=1 << 30)):
        (made,) = engine.containers.values()
    assert (made.spec.lifetime, made.spec.memory) == (77, 1 << 30)
