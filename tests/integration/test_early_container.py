"""A rehearsal's container that was made before there was anything to rehearse."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from tests.support.recorder import Recorder
from tests.support.rehearsals import DEBIAN11, facts_of, tar_of_folder
from tests.support.unpacked import unpacked, uv_wheel
from tests.support.wheels import make_wheel

from parity.engine import Engine
from parity.model import PinnedImage, RehearsalPlan
from parity.rehearse import Carried, ContainerNeeds, ready, rehearse

pytestmark = pytest.mark.engine


def test_it_is_used_where_it_suits_and_is_as_cut_off_as_any(
    engine: Engine, debian11: PinnedImage, tmp_path: Path
) -> None:
    facts, plan = facts_of(engine, debian11), RehearsalPlan()
    wheel = make_wheel(tmp_path, "alpha", "1.0", {"alpha.py": b""})
    data = tar_of_folder(unpacked(tmp_path / "b", [wheel], aim=DEBIAN11, uv=uv_wheel()))
    carried = Carried(lambda: [data], None, ("alpha",), len(data))
    needs = ContainerNeeds(debian11, plan, None, in_memory=True)
    others = replace(needs, plan=replace(plan, memory=plan.memory // 2))
    with ready(engine, needs, waits=60) as early, ready(engine, others) as other:
        seen = rehearse(engine, debian11, facts, plan, carried, Recorder(), early=early)
        again = rehearse(engine, debian11, facts, plan, carried, Recorder(), early=other)
        used = [at.container.exec(["ls", "/carry/bundle"]).stdout.split() for at in (early, other)]
    assert b"manifest.json" in used[0]
    assert used[1] == []  # it has other limits
    assert all(seen["isolation"].values())
    assert seen["checks"] == again["checks"]
    assert seen["isolation"] == again["isolation"]
