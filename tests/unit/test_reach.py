"""What `make reach` makes of the tests that ran against an engine."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.reach.row import Verdict
from tests.reach.suite import STORIES, _row
from tests.support.engine import ROOT
from tests.support.junit import Case, read_cases

BUILD = STORIES["build"]


def cases_of(folder: Path, *ended: str) -> list[Case]:
    """Tests of one module, each with what stands inside its element: `<failure/>`, or nothing."""
    inner = "".join(
        f'<testcase classname="tests.{BUILD[0]}" name="test_{number}" time="1.5">{word}</testcase>'
        for number, word in enumerate(ended)
    )
    report = folder / "report.xml"
    report.write_text(f"<testsuites><testsuite>{inner}</testsuite></testsuites>")
    return [case for case in read_cases(report) if case.module in BUILD]


@pytest.mark.parametrize(
    ("ended", "verdict", "note"),
    [
        (["", ""], Verdict.PASSED, "2 of 2 tests"),
        (["", "<failure/>"], Verdict.FAILED, "1 of 2 tests; not: test_1"),
        (["<skipped/>"], Verdict.FAILED, "0 of 1 tests; not: test_0"),
        (["<error/>"] * 6, Verdict.FAILED, "0 of 6 tests; not: test_0, test_1, test_2, test_3 and 2 more"),
        ([], Verdict.FAILED, "no test of it ended; see engine.log"),
    ],
)
def test_a_story_passes_only_where_all_of_its_tests_ran_and_passed(
    tmp_path: Path, ended: list[str], verdict: Verdict, note: str
) -> None:
    row = _row("engine", "build", cases_of(tmp_path, *ended), Path("engine.log"))
    assert (row.verdict, row.note, row.seconds) == (verdict, note, 1.5 * len(ended))


def test_every_story_names_modules_that_there_are() -> None:
    named = [module for modules in STORIES.values() for module in modules]
    assert [name for name in named if not (ROOT / "tests" / f"{name.replace('.', '/')}.py").exists()] == []
