"""`make attack`: every campaign against parity, one table of all; ends with 1 if one was accepted.

A campaign is a module of `tests.attack.campaigns` with a `TITLE` and `run(scale) -> Iterator[Outcome]`;
`scale` multiplies how many random inputs it makes (1.0 is the whole run). To add one is to add its file.
"""

from __future__ import annotations

import argparse
import importlib
import pkgutil
import signal
import sys
import time
import traceback
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import ModuleType

from tests.attack import campaigns
from tests.attack.outcome import Outcome
from tests.attack.table import Row, count, document, markdown, read_rows
from tests.support.commit import this_commit

RESULTS = Path(__file__).parents[2] / "tests" / "bench" / "results"


def main() -> int:
    """Run the campaigns that were named (all by default), write the table after each, tell how it ended."""
    words = argparse.ArgumentParser(prog="python -m tests.attack", description=__doc__)
    words.add_argument("campaign", nargs="*", help="only these")
    words.add_argument(
        "--scale", type=float, default=1.0, help="how many random inputs, 1.0 for the whole run"
    )
    asked = words.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that nothing is left in /tmp
    ended: list[Row] = []
    for name, campaign in _campaigns(asked.campaign):
        _say(f"attack: {name}: {campaign.TITLE}")
        begin = time.monotonic()
        row = count(name, campaign.TITLE, _told(campaign.run(asked.scale)), begin, this_commit())
        _say(f"attack: {name}: {row.tried} tried, {len(row.wrong)} wrong")
        ended.append(row)
        if asked.scale == 1:
            _write(row)
    return 1 if any(row.wrong for row in ended) else 0


def _write(row: Row) -> None:
    """Put it in the place of its campaign's last one; each row says of which commit it is."""
    path = RESULTS / "attack.json"
    known = read_rows(path.read_text(encoding="utf-8")) if path.exists() else {}
    there = dict(_campaigns(())).keys()
    rows = [found for name, found in sorted({**known, row.name: row}.items()) if name in there]
    (RESULTS / "attack.md").write_text(markdown(rows), encoding="utf-8")
    path.write_text(document(rows), encoding="utf-8")


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def _campaigns(asked: Iterable[str]) -> Iterator[tuple[str, ModuleType]]:
    found = sorted(each.name for each in pkgutil.iter_modules(campaigns.__path__) if each.name[0] != "_")
    for name in list(asked) or found:
        yield name, importlib.import_module(f"{campaigns.__name__}.{name}")


def _told(outcomes: Iterable[Outcome]) -> Iterator[Outcome]:
    """The outcomes, those that are wrong said as they come; a campaign that breaks is one, too."""
    for each in _whole(outcomes):
        if not each.right:
            _say(f"attack: WRONG: {each.kind}: {each.name}: {each.ended}")
        yield each


def _whole(outcomes: Iterable[Outcome]) -> Iterator[Outcome]:
    try:
        yield from outcomes
    except Exception as fault:  # noqa: BLE001 - the other campaigns go on
        _say("".join(traceback.format_exception(fault)))
        yield Outcome("campaign", "itself", False, f"it broke: {fault!r}"[:300])


if __name__ == "__main__":
    sys.exit(main())
