"""`make long`: the tests that take a minute or more, and their table; ends with 1 if one failed.

python -m tests.long [pytest OPTION...]
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from tests.support.junit import Case, read_cases

ROOT = Path(__file__).parents[2]
TABLE = ROOT / "tests" / "bench" / "results" / "long.md"


def main() -> int:
    """Run them and write the table; nothing is written where they were interrupted."""
    begin, pytest = time.monotonic(), sys.argv[1:] or ["pytest"]
    with tempfile.TemporaryDirectory(prefix="parity-long-") as folder:
        report = Path(folder) / "report.xml"
        ended = subprocess.run(
            [sys.executable, "-m", *pytest, "-m", "long", f"--junitxml={report}", "tests"],
            cwd=ROOT,
            check=False,
        ).returncode
        # 2 is pytest's word for an interruption.
        if ended in (0, 1):
            rows = sorted(read_cases(report))
            TABLE.write_text("\n".join(table(rows, time.monotonic() - begin)) + "\n", encoding="utf-8")
    return ended


def table(rows: list[Case], seconds: float) -> Iterator[str]:
    """The table's lines."""
    failed = sum(not row.passed for row in rows)
    yield "# The longest tests: `make long`"
    yield ""
    yield f"{len(rows)} tests in {seconds / 60:.0f} minutes, {failed} failed."
    yield ""
    yield "| file | test | seconds | ended |"
    yield "| --- | --- | ---: | --- |"
    for row in rows:
        file, name = row.module.rpartition(".")[2], row.name.replace("|", "/")
        yield f"| {file} | {name} | {row.seconds:.0f} | {'well' if row.passed else 'FAILED'} |"


if __name__ == "__main__":
    sys.exit(main())
