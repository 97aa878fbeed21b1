"""The smallest cases of `make realworld`, by the same code: used on the far side, or refused rightly."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.realworld.case import read_cases
from tests.realworld.row import Verdict
from tests.realworld.trial import Trial
from tests.support.cli import Parity

from parity.docker_engine import DockerEngine

pytestmark = pytest.mark.engine

CASES = {case.label: case for case in read_cases()}


@pytest.mark.usefixtures("debian11", "debian12", "debian13")
@pytest.mark.parametrize(
    ("label", "verdict"),
    [
        pytest.param("python-magic@debian11-py39", Verdict.FIRST_TRY, marks=pytest.mark.long),
        ("conflict@debian13-py313", Verdict.REFUSED_RIGHTLY),
    ],
)
def test_the_smallest_go_across_at_the_first_try(
    parity: Parity,
    engine: DockerEngine,
    tmp_path: Path,
    label: str,
    verdict: Verdict,
) -> None:
    trial = Trial(parity, engine, CASES[label], tmp_path)
    row = trial.run()
    assert (row.verdict, row.label) == (verdict, label), "\n".join(trial.log)


@pytest.mark.usefixtures("debian11")
def test_what_does_not_work_there_is_green_and_broken(
    parity: Parity, engine: DockerEngine, tmp_path: Path
) -> None:
    (tmp_path / "cases.yaml").write_text(
        "- {name: six, target: debian11-py39, kind: k, asked: {requirements: [six==1.17.0]}, "
        "use: python -c 'import seven'}\n"
    )
    (case,) = read_cases(tmp_path / "cases.yaml")
    row = Trial(parity, engine, case, tmp_path).run()
    assert row.verdict is Verdict.BROKEN
    assert row.reason.startswith("the first use ended with 1")
    assert "No module named 'seven'" in row.reason
