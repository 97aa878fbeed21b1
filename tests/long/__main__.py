"""`make long`: the tests that take a minute or more, and their table; ends with 1 if one failed."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple
from xml.etree import ElementTree as ET

ROOT = Path(__file__).parents[2]
TABLE = ROOT / "tests" / "bench" / "results" / "long.md"
PYTEST = [*("-m", "pytest", "-n", "4", "--dist", "loadfile", "--no-loadscope-reorder"), "-m", "long"]


class Row(NamedTuple):
    """A test, and how it ended."""

    file: str
    name: str
    seconds: float
    passed: bool


def main() -> int:
    """Run them and write the table; nothing is written where they were interrupted."""
    begin = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="parity-long-") as folder:
        report = Path(folder) / "report.xml"
        ended = subprocess.run(
            [sys.executable, *PYTEST, f"--junitxml={report}", "tests"], cwd=ROOT, check=False
        ).returncode
        # 2 is pytest's word for an interruption.
        if ended in (0, 1):
            rows = sorted(rows_of(report.read_text(encoding="utf-8")))
            TABLE.write_text("\n".join(table(rows, time.monotonic() - begin)) + "\n", encoding="utf-8")
    return ended


def rows_of(report: str) -> Iterator[Row]:
    """The tests in a report of pytest's (JUnit's XML)."""
    # Our own child wrote it.
    for case in ET.fromstring(report).iter("testcase"):  # noqa: S314
        passed = case.find("failure") is None and case.find("error") is None
        file, name = case.get("classname", "").rpartition(".")[2], case.get("name", "")
        yield Row(file, name, float(case.get("time", "0")), passed)


def table(rows: list[Row], seconds: float) -> Iterator[str]:
    """The table's lines."""
    failed = sum(not row.passed for row in rows)
    yield "# The longest tests: `make long`"
    yield ""
    yield f"{len(rows)} tests in {seconds / 60:.0f} minutes, {failed} failed."
    yield ""
    yield "| file | test | seconds | ended |"
    yield "| --- | --- | ---: | --- |"
    for row in rows:
        name = row.name.replace("|", "/")
        yield f"| {row.file} | {name} | {row.seconds:.0f} | {'well' if row.passed else 'FAILED'} |"


if __name__ == "__main__":
    sys.exit(main())
