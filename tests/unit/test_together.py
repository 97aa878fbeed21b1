"""Containers that are ended together: a trial's, where its target fails and others are built beside it."""

from __future__ import annotations

import threading
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from tests.support.fake_engine import FakeContainer, FakeEngine

from parity.engine import ContainerSpec, ImageInfo, Network
from parity.engine.together import Together
from parity.errors import Interrupted, OptionConflict
from parity.pipeline.exporting.making import tried_beside

SPEC = ContainerSpec(image="i", network=Network.NONE, purpose="trial", platform="linux/amd64")


@pytest.fixture
def engine(tmp_path: Path) -> FakeEngine:
    return FakeEngine(tmp_path / "engine", images={"i": ImageInfo("i", (), "linux/amd64", 1)})


def test_a_target_that_fails_ends_its_own_trial_and_nobody_elses(engine: FakeEngine) -> None:
    site: Any = SimpleNamespace(engine=engine)
    begun, killed = threading.Event(), threading.Event()

    def trial(together: Together) -> None:
        with together.started(SPEC) as container:
            begun.set()
            while container.exec(["true"]):  # type: ignore[truthy-bool] # until it is refused
                pass

    def target() -> None:
        with tried_beside(trial, killed.set, site, "here"):
            assert begun.wait(10)
            raise OptionConflict("the prefix is in the way")

    with engine.container(SPEC) as other:
        other.start()
        with pytest.raises(OptionConflict):
            target()
        assert killed.is_set()
        assert other.running
        with engine.container(SPEC) as another:
            another.start()


def test_none_begins_after_the_end(engine: FakeEngine) -> None:
    together = Together(engine)
    together.end()
    with pytest.raises(Interrupted), together.started(SPEC):
        pass
    assert not engine.containers


def test_one_that_starts_while_all_are_ended_goes_as_well(
    engine: FakeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    together, start = Together(engine), FakeContainer.start

    def ends_before(container: FakeContainer) -> None:
        together.end()
        start(container)

    monkeypatch.setattr(FakeContainer, "start", ends_before)
    with pytest.raises(Interrupted), together.started(SPEC):
        pass
    assert not engine.containers
