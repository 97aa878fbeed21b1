"""How a case ended: a verdict, figures and a reason; all of them as a table. Pure."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from enum import Enum


class Verdict(str, Enum):
    """What came of a case."""

    FIRST_TRY = "first try"
    ONE_ADVICE = "with one advice"
    REFUSED_RIGHTLY = "refused rightly"
    REFUSED_WRONGLY = "refused wrongly"
    BROKEN = "green and broken"
    NOT_JUDGED = "not judged"
    NOT_RUN = "not run"


_TRIED = (
    Verdict.FIRST_TRY,
    Verdict.REFUSED_RIGHTLY,
    Verdict.ONE_ADVICE,
    Verdict.REFUSED_WRONGLY,
    Verdict.BROKEN,
)
_ORDER = (
    Verdict.BROKEN,
    Verdict.REFUSED_WRONGLY,
    Verdict.ONE_ADVICE,
    Verdict.NOT_JUDGED,
    Verdict.REFUSED_RIGHTLY,
    Verdict.FIRST_TRY,
    Verdict.NOT_RUN,
)
_HELD = 0.9


@dataclass(frozen=True)
class Row:
    """One case's end.

    Attributes:
        name, target, kind: the case's own.
        verdict: see `Verdict`.
        seconds: what the builds took, refused ones too.
        megabytes: the bundle's size; 0 where there is none.
        reason: why it is not at the first try, or how it was refused.
        commit: the commit of parity that it ran with.
    """

    name: str
    target: str
    kind: str
    verdict: Verdict
    seconds: float = 0.0
    megabytes: float = 0.0
    reason: str = ""
    commit: str = ""

    @property
    def label(self) -> str:
        """Name and target."""
        return f"{self.name}@{self.target}"


def markdown(rows: Sequence[Row]) -> str:
    """The figures against the goal, then every row, those that went wrong first."""
    return "\n".join([*_figures(rows), "", *_table(rows), ""])


def document(rows: Sequence[Row]) -> str:
    """The rows as JSON."""
    return json.dumps([asdict(row) for row in rows], indent=1, ensure_ascii=False) + "\n"


def read_rows(text: str) -> dict[str, Row]:
    """Rows by their label, out of what `document` wrote."""
    rows = (Row(**{**each, "verdict": Verdict(each["verdict"])}) for each in json.loads(text))
    return {row.label: row for row in rows}


def _figures(rows: Sequence[Row]) -> Iterator[str]:
    counts = Counter(row.verdict for row in rows)
    tried = sum(counts[verdict] for verdict in _TRIED)
    to_work = tried - counts[Verdict.REFUSED_RIGHTLY]
    first = counts[Verdict.FIRST_TRY]
    yield "# Real software: `make realworld`"
    yield ""
    yield "Built with `auto` for sources, builder and system packages, carried into a fresh container without"
    yield "network, installed by its own install.sh and used there. The cases: `tests/realworld/cases.yaml`."
    yield ""
    yield "| figure | measured | goal | |"
    yield "| --- | ---: | ---: | --- |"
    for verdict in (Verdict.BROKEN, Verdict.REFUSED_WRONGLY):
        yield f"| {verdict.value} | {counts[verdict]} | 0 | {_met(not counts[verdict])} |"
    share = first / to_work if to_work else 0.0
    goal = f"{_HELD:.0%} | {_met(share >= _HELD)}"
    yield f"| at the first try, of {to_work} that must work | {share:.0%} | {goal} |"
    yield ""
    others = (Verdict.ONE_ADVICE, Verdict.REFUSED_RIGHTLY, Verdict.NOT_JUDGED, Verdict.NOT_RUN)
    yield ", ".join(f"{verdict.value}: {counts[verdict]}" for verdict in (Verdict.FIRST_TRY, *others)) + "."
    yield ""
    commits = Counter(row.commit or "none told" for row in rows if row.verdict is not Verdict.NOT_RUN)
    yield "By commit: " + ", ".join(f"{name} {number}" for name, number in commits.most_common()) + "."


def _met(met: bool) -> str:
    return "met" if met else "**missed**"


def _table(rows: Sequence[Row]) -> Iterator[str]:
    yield "| what | kind | target | verdict | build s | MB | reason |"
    yield "| --- | --- | --- | --- | ---: | ---: | --- |"
    order = {verdict: place for place, verdict in enumerate(_ORDER)}
    shown = sorted(rows, key=lambda row: (order[row.verdict], row.kind, row.label))
    for row in shown:
        reason = " ".join(row.reason.replace("|", "\\|").split())
        size = f"{row.megabytes:.1f}" if row.megabytes else ""
        cells = [row.name, row.kind, row.target, row.verdict.value, f"{row.seconds:.0f}", size, reason]
        yield f"| {' | '.join(cells)} |"
