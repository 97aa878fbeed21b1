"""The rows as a document for machines and a table for people, in `tests/bench/results`."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path

from tests.reach.row import Row, Verdict

RESULTS = Path(__file__).parents[1] / "bench" / "results"

Rows = Mapping[str, tuple[Row, ...]]


def read_rows(folder: Path) -> dict[str, tuple[Row, ...]]:
    """The rows of each group, as the last run left them in `folder`; none where there was none."""
    path = folder / "reach.json"
    told = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    return {
        group: tuple(Row(**{**row, "verdict": Verdict(row["verdict"])}) for row in rows)
        for group, rows in told.items()
    }


def write_rows(folder: Path, rows: Rows) -> None:
    """Write both files into `folder`."""
    told = {
        group: [{**row._asdict(), "verdict": row.verdict.value} for row in rows[group]]
        for group in sorted(rows)
    }
    document = json.dumps(told, indent=1, ensure_ascii=False) + "\n"
    (folder / "reach.json").write_text(document, encoding="utf-8")
    (folder / "reach.md").write_text("\n".join(_table(rows)) + "\n", encoding="utf-8")


def _table(rows: Rows) -> Iterator[str]:
    yield "# Reach: `make reach`"
    yield ""
    yield "| group | subject | story | verdict | seconds | note |"
    yield "| --- | --- | --- | --- | ---: | --- |"
    for group in sorted(rows):
        for row in rows[group]:
            cells = (group, row.subject, row.story, row.verdict.value, f"{row.seconds:.0f}", row.note)
            yield f"| {' | '.join(cell.replace('|', '/') for cell in cells)} |"
