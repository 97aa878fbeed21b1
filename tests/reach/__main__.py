"""`make reach`: engines, families and machines beyond those of `make test`; ends with 1 where one failed.

A group is a module of `tests.reach.groups` with a `TITLE` and `run() -> Iterator[Row]`: it sets up what it
needs, says so, tells each row as soon as it ended, and takes down what it started. To add one is to add its
file. The table is written after each group; GROUP… runs only some, and the other rows stay as they were.
"""

from __future__ import annotations

import argparse
import importlib
import pkgutil
import signal
import sys
import traceback
from collections.abc import Iterator

from tests.reach import groups
from tests.reach.row import Row, Verdict
from tests.reach.say import say
from tests.reach.table import RESULTS, read_rows, write_rows


def main() -> int:
    """Run the groups that were named (all by default), write the table after each."""
    words = argparse.ArgumentParser(prog="python -m tests.reach", description=__doc__)
    words.add_argument("group", nargs="*", help="only these")
    asked = words.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that no engine is left
    found = sorted(each.name for each in pkgutil.iter_modules(groups.__path__) if each.name[0] != "_")
    rows = {name: old for name, old in read_rows(RESULTS).items() if name in found}
    chosen = list(asked.group) or found
    for name in chosen:
        rows[name] = tuple(_told(name))
        write_rows(RESULTS, rows)
    return 1 if any(row.verdict is Verdict.FAILED for name in chosen for row in rows[name]) else 0


def _told(name: str) -> Iterator[Row]:
    """The rows of one group, each said as it comes; a group that breaks is a row that failed."""
    group = importlib.import_module(f"{groups.__name__}.{name}")
    say(f"reach: {name}: {group.TITLE}")
    try:
        for row in group.run():
            say(f"reach: {name}: {row.subject}: {row.story}: {row.verdict.value} {row.note}".rstrip())
            yield row
    except Exception as fault:  # noqa: BLE001 - the other groups go on
        say("".join(traceback.format_exception(fault)))
        yield Row(name, "the group itself", Verdict.FAILED, 0, f"it broke: {fault!r}"[:300])


if __name__ == "__main__":
    sys.exit(main())
