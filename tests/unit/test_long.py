"""The table of the longest tests names what failed."""

from __future__ import annotations

from tests.long.__main__ import rows_of, table

REPORT = """<testsuites><testsuite>
<testcase classname="tests.integration.test_gems" name="test_a[x|y]" time="61.4" />
<testcase classname="tests.integration.test_old" name="test_b" time="9"><failure>said</failure></testcase>
</testsuite></testsuites>"""


def test_each_test_is_a_row_that_says_how_it_ended() -> None:
    lines = list(table(sorted(rows_of(REPORT)), 130))
    assert lines[2] == "2 tests in 2 minutes, 1 failed."
    assert lines[-2:] == [
        "| test_gems | test_a[x/y] | 61 | well |",
        "| test_old | test_b | 9 | FAILED |",
    ]
