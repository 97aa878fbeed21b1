"""The rehearsal's container ahead of the rehearsal: when it is begun, and for which wheels it suits."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from tests.support.fake_engine import FakeEngine
from tests.unit.test_added import locked
from tests.unit.test_completing import run_in

from parity.engine import ExecResult, ImageInfo
from parity.model import Limits, Lock, RehearsalPlan
from parity.pipeline.context.run import BuildRun
from parity.pipeline.rehearsal.early import made_early
from parity.progress import Silent
from parity.rehearse import fits_memory

IMAGE = "sha256:1"
FEW = locked(alpha="1")
MANY = replace(FEW, wheels=tuple(replace(wheel, size=1 << 40) for wheel in FEW.wheels))
UNKNOWN = replace(FEW, wheels=tuple(replace(wheel, size=None) for wheel in FEW.wheels))


@pytest.fixture
def engine(tmp_path: Path) -> FakeEngine:
    (tmp_path / "engine").mkdir()
    made = FakeEngine(tmp_path / "engine", images={IMAGE: ImageInfo(IMAGE, (), "linux/amd64", 1)})
    made.handlers["sh"] = lambda *_: ExecResult(0, b"", b"")
    return made


def run_of(folder: Path, engine: FakeEngine, existing: Lock | None = None) -> BuildRun:
    image: Any = SimpleNamespace(id=IMAGE, platform="linux/amd64")
    world: Any = SimpleNamespace(engine=engine, reporter=Silent(), limits=Limits())
    return replace(run_in(folder, existing=existing), image=image, world=world)


def test_it_is_begun_before_the_wheels_are_known_and_is_the_one_for_a_few(
    tmp_path: Path, engine: FakeEngine
) -> None:
    with made_early(run_of(tmp_path, engine)) as early:
        assert early() is None
        early.guess()
        made = early()
        early.settle(FEW)
        assert early() is made
        assert len(engine.containers) == 1
    assert engine.containers == {}


def test_many_wheels_get_another_container(tmp_path: Path, engine: FakeEngine) -> None:
    with made_early(run_of(tmp_path, engine)) as early:
        early.guess()
        few = early()
        early.settle(MANY)
        many = early()
        assert few
        assert many
        assert (few.needs.in_memory, many.needs.in_memory) == (True, False)
    assert engine.containers == {}


@pytest.mark.parametrize(("memory", "fits"), [(4 << 30, True), (256 << 20, False)])
def test_what_numpy_unpacks_to_does_not_fill_the_memory(memory: int, fits: bool) -> None:
    # Its 19.5 MB took more than 128 MiB: the copy, the files, what is compiled of them.
    assert fits_memory(RehearsalPlan(memory=memory), 19_500_000) is fits


def test_where_there_is_a_lock_it_waits_for_the_new_one(tmp_path: Path, engine: FakeEngine) -> None:
    existing = locked(alpha="2")
    with made_early(run_of(tmp_path, engine, existing)) as early:
        early.guess()
        early.settle(existing)
        assert early() is None
        early.settle(FEW)
        assert early() is not None


def test_nothing_is_made_for_wheels_of_unknown_size(tmp_path: Path, engine: FakeEngine) -> None:
    with made_early(run_of(tmp_path, engine)) as early:
        early.settle(UNKNOWN)
        assert early() is None
