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
    """One campaign: inputs by kind, the outcomes that are wrong, its seconds, and the commit tried."""

    name: str
    title: str
    kinds: tuple[tuple[str, int], ...]
    wrong: tuple[Outcome, ...]
    seconds: float
    commit: str = ""

    @property
    def tried(self) -> int:
        """How many inputs there were."""
        return sum(count for _, count in self.kinds)


def count(name: str, title: str, outcomes: Iterable[Outcome], begin: float, commit: str = "") -> Row:
    """Take all outcomes of a campaign; `begin` is when it began (time.monotonic), `commit` what was tried."""
    kinds: Counter[str] = Counter()
    wrong = []
    for each in outcomes:
        kinds[each.kind] += 1
        if not each.right:
            wrong.append(each)
    return Row(name, title, tuple(sorted(kinds.items())), tuple(wrong), time.monotonic() - begin, commit)


def markdown(rows: Sequence[Row]) -> str:
    """The table, then each campaign's kinds, then what went wrong."""
    return "\n".join([*_summary(rows), "", *_kinds(rows), "", *_wrong(rows), ""])


def read_rows(text: str) -> dict[str, Row]:
    """The rows of a `document`, by name."""
    return {
        name: Row(
            name,
            said["title"],
            tuple(said["kinds"].items()),
            tuple(Outcome(**each) for each in said["wrong"]),
            said["seconds"],
            said.get("commit", ""),
        )
        for name, said in json.loads(text).items()
    }


def document(rows: Sequence[Row]) -> str:
    """The same as JSON."""
    return json.dumps(
        {
            row.name: {
                "title": row.title,
                "seconds": round(row.seconds, 1),
                "kinds": dict(row.kinds),
                "wrong": [each._asdict() for each in row.wrong],
                "commit": row.commit,
            }
            for row in rows
        },
        indent=1,
        ensure_ascii=False,
    )


def _summary(rows: Sequence[Row]) -> Iterator[str]:
    yield "# Attacks: `make attack`"
    yield ""
    if not all(row.commit for row in rows):
        yield "A row without a commit is older than this column."
        yield ""
    yield "| campaign | what is tried | kinds | inputs | wrongly ended | seconds | commit |"
    yield "| --- | --- | ---: | ---: | ---: | ---: | --- |"
    for row in rows:
        numbers = (len(row.kinds), row.tried, len(row.wrong), f"{row.seconds:.0f}")
        yield f"| {' | '.join(map(str, (row.name, row.title, *numbers, row.commit)))} |"
    total = sum(row.tried for row in rows), sum(len(row.wrong) for row in rows)
    yield f"| all | | | {total[0]} | {total[1]} | {sum(row.seconds for row in rows):.0f} | |"


def _kinds(rows: Sequence[Row]) -> Iterator[str]:
    for row in rows:
        yield f"- **{row.name}**: " + ", ".join(f"{kind} {tried}" for kind, tried in row.kinds)


def _wrong(rows: Sequence[Row]) -> Iterator[str]:
    for row in rows:
        for each in row.wrong:
            yield f"- wrong: {row.name}: {each.kind}: {each.name}: {each.ended}"
