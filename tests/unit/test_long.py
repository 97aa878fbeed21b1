"""The table of the longest tests names what failed, and what was skipped."""

from __future__ import annotations

from pathlib import Path

from tests.long.__main__ import table
from tests.support.junit import read_cases

REPORT = """<testsuites><testsuite>
<testcase classname="tests.integration.test_gems" name="test_a[x|y]" time="61.4" />
<testcase classname="tests.integration.test_old" name="test_b" time="9"><failure>said</failure></testcase>
<testcase classname="tests.integration.test_old" name="test_c" time="0"><skipped /></testcase>
</testsuite></testsuites>"""


def test_each_test_is_a_row_that_says_how_it_ended(tmp_path: Path) -> None:
    (tmp_path / "report.xml").write_text(REPORT)
    lines = list(table(sorted(read_cases(tmp_path / "report.xml")), 130))
    assert lines[2] == "3 tests in 2 minutes, 2 failed."
    assert lines[-3:] == [
        "| test_gems | test_a[x/y] | 61 | well |",
        "| test_old | test_b | 9 | FAILED |",
        "| test_old | test_c | 0 | FAILED |",
    ]
