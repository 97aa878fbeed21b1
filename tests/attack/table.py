"""Outcomes counted by campaign, as a table for people and a document for machines. Pure."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from tests.attack.outcome import Outcome


@dataclass(frozen=True)
class Row:
    """One campaign: inputs by kind, the outcomes that are wrong, and how long it took in seconds."""

    name: str
    title: str
    kinds: tuple[tuple[str, int], ...]
    wrong: tuple[Outcome, ...]
    seconds: float

    @property
    def tried(self) -> int:
        """How many inputs there were."""
        return sum(count for _, count in self.kinds)


def count(name: str, title: str, outcomes: Iterable[Outcome], begin: float) -> Row:
    """Take all outcomes of a campaign; `begin` is when it began (time.monotonic)."""
    kinds: Counter[str] = Counter()
    wrong = []
    for each in outcomes:
        kinds[each.kind] += 1
        if not each.right:
            wrong.append(each)
    return Row(name, title, tuple(sorted(kinds.items())), tuple(wrong), time.monotonic() - begin)


def markdown(rows: Sequence[Row], scale: float = 1.0) -> str:
    """The table, then each campaign's kinds, then what went wrong; another scale than 1 is said."""
    return "\n".join([*_summary(rows, scale), "", *_kinds(rows), "", *_wrong(rows), ""])


def document(rows: Sequence[Row]) -> str:
    """The same as JSON."""
    return json.dumps(
        {
            row.name: {
                "title": row.title,
                "seconds": round(row.seconds, 1),
                "kinds": dict(row.kinds),
                "wrong": [each._asdict() for each in row.wrong],
            }
            for row in rows
        },
        indent=1,
        ensure_ascii=False,
    )


def _summary(rows: Sequence[Row], scale: float) -> Iterator[str]:
    yield "# Attacks: `make attack`"
    yield ""
    if scale != 1:
        yield f"Not the whole run, but {scale:g} of its random inputs."
        yield ""
    yield "| campaign | what is tried | kinds | inputs | wrongly ended | seconds |"
    yield "| --- | --- | ---: | ---: | ---: | ---: |"
    for row in rows:
        cells = [row.name, row.title, len(row.kinds), row.tried, len(row.wrong), f"{row.seconds:.0f}"]
        yield f"| {' | '.join(map(str, cells))} |"
    total = sum(row.tried for row in rows), sum(len(row.wrong) for row in rows)
    yield f"| all | | | {total[0]} | {total[1]} | {sum(row.seconds for row in rows):.0f} |"


def _kinds(rows: Sequence[Row]) -> Iterator[str]:
    for row in rows:
        yield f"- **{row.name}**: " + ", ".join(f"{kind} {tried}" for kind, tried in row.kinds)


def _wrong(rows: Sequence[Row]) -> Iterator[str]:
    for row in rows:
        for each in row.wrong:
            yield f"- wrong: {row.name}: {each.kind}: {each.name}: {each.ended}"
