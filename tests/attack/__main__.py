"""`make attack`: every campaign against parity, one table in results/; ends with 1 if one was accepted.

A campaign is a module of `tests.attack.campaigns` with a `TITLE` and `run(scale) -> Iterator[Outcome]`;
`scale` multiplies how many random inputs it makes (1.0 is the whole run). To add one is to add its file.
"""

from __future__ import annotations

import argparse
import importlib
import pkgutil
import sys
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import ModuleType

from tests.attack import campaigns
from tests.attack.outcome import Outcome
from tests.attack.table import Row, count, document, markdown

RESULTS = Path(__file__).parents[2] / "results"


def main() -> int:
    """Run the campaigns that were named (all by default), write the table, tell how it ended."""
    words = argparse.ArgumentParser(prog="python -m tests.attack", description=__doc__)
    words.add_argument("campaign", nargs="*", help="only these")
    words.add_argument(
        "--scale", type=float, default=1.0, help="how many random inputs, 1.0 for the whole run"
    )
    asked = words.parse_args()
    rows: list[Row] = []
    for name, campaign in _campaigns(asked.campaign):
        _say(f"attack: {name}: {campaign.TITLE}")
        rows.append(count(name, campaign.TITLE, _told(campaign.run(asked.scale)), time.monotonic()))
        _say(f"attack: {name}: {rows[-1].tried} tried, {len(rows[-1].wrong)} wrong")
    if not asked.campaign:
        (RESULTS / "attack.md").write_text(markdown(rows), encoding="utf-8")
        (RESULTS / "attack.json").write_text(document(rows), encoding="utf-8")
    return 1 if any(row.wrong for row in rows) else 0


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def _campaigns(asked: Iterable[str]) -> Iterator[tuple[str, ModuleType]]:
    found = sorted(each.name for each in pkgutil.iter_modules(campaigns.__path__) if each.name[0] != "_")
    for name in list(asked) or found:
        yield name, importlib.import_module(f"{campaigns.__name__}.{name}")


def _told(outcomes: Iterable[Outcome]) -> Iterator[Outcome]:
    """The outcomes, those that are wrong said as they come."""
    for each in outcomes:
        if not each.right:
            _say(f"attack: WRONG: {each.kind}: {each.name}: {each.ended}")
        yield each


if __name__ == "__main__":
    sys.exit(main())
