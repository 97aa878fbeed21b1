"""kill -9 at random moments of patch, join and split: old or new, and nothing half done stays."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from tests.support.kills import Carried, Kill, carry_pair, joins, patches, splits

KILLS = 10  # `make attack` kills more


@pytest.fixture(scope="module")
def carried(tmp_path_factory: pytest.TempPathFactory) -> Carried:
    return carry_pair(tmp_path_factory.mktemp("carried"))


def counted(kills: Iterator[Kill]) -> Counter[str]:
    found = Counter[str]()
    for kill in kills:
        found["half done"] += len(kill.half) > 0
        found[kill.state] += 1
    return found


def test_kills_of_patch_join_and_split_leave_nothing_half(carried: Carried, tmp_path: Path) -> None:
    ways = {"patch": patches, "join": joins, "split": splits}
    with ThreadPoolExecutor(3) as pool:
        lanes = [pool.submit(counted, way(carried, tmp_path / name, KILLS)) for name, way in ways.items()]
        patched, joined, cut = (lane.result() for lane in lanes)
    assert set(patched) | set(joined) <= {"old", "new", "half done"}
    assert set(cut) <= {"incomplete", "new", "half done"}
    for found in (patched, joined, cut):
        assert found["half done"] > 0, found
        assert found["new"] < KILLS, found
