"""What plan, lock, outdated, tree and why show on terminals of 80 and 120 columns, kept as text.

`python -m tests.unit.test_screens` writes the texts anew.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.support.targets import DEBIAN11
from tests.unit.test_planned import AFTER, BEFORE, plan

from parity.cli.commands.outdated import told_outdated
from parity.cli.review.planned import lock_as_text, plan_as_text
from parity.cli.review.sections import fitted
from parity.cli.review.trees import tree_lines, why_lines
from parity.cli.shared.asked import HowToBuild, WhatToBuild, build_requests
from parity.graph import SelfDescription, graph_of
from parity.pipeline.lock import LockReport
from parity.pipeline.outdated import OutdatedReport
from parity.planning import Holder, Outdated, lock_changes

GOLDEN = Path(__file__).parent / "golden" / "screens"
GRAPH = graph_of(
    [
        SelfDescription("web-framework", "4.2.1", ("router>=2,<3", "templates[fast]~=3.1"), requested=True),
        SelfDescription("router", "2.9.0", ("markup>=1",)),
        SelfDescription("templates", "3.1.6", ("markup>=2",)),
        SelfDescription("markup", "2.1.5"),
    ],
    dict(DEBIAN11.markers),
)
HELD = OutdatedReport(
    (
        Outdated("router", "2.9.0", "2.9.4", "3.1.0", False, (Holder("web-framework", ">=2,<3"),)),
        Outdated("markup", "2.1.5", "2.1.5", "3.0.2", True, (Holder("templates", "<3"),)),
    ),
    61,
    None,
)


def screens() -> dict[str, str]:
    how = HowToBuild(lock=Path("pylock.web.toml"))
    (request,) = build_requests(WhatToBuild(("debian11-py39", "alpha")), how)
    made = plan()
    locked = LockReport(request, made.image, made.facts, AFTER, lock_changes(BEFORE, AFTER), None)
    texts = {
        "plan": plan_as_text(plan()),
        "lock": lock_as_text("debian11-py39", locked),
        "outdated": told_outdated("debian11-py39", HELD),
        "tree": "\n".join(tree_lines(GRAPH)) + "\n",
        "why": "\n".join(why_lines(GRAPH, "markup")) + "\n",
    }
    return {f"{name}-{width}.txt": fitted(text, width) for name, text in texts.items() for width in (80, 120)}


COMMANDS = ("plan", "lock", "outdated", "tree", "why")


@pytest.mark.parametrize("name", [f"{each}-{width}.txt" for each in COMMANDS for width in (80, 120)])
def test_a_screen_is_as_agreed_and_nothing_runs_over_its_edge(name: str) -> None:
    shown = screens()[name]
    assert shown == (GOLDEN / name).read_text()
    assert max(map(len, shown.splitlines())) <= int(name.partition("-")[2][:-4])


def test_a_line_that_fits_stays_and_a_pipe_gets_whole_lines() -> None:
    text = plan_as_text(plan())
    assert fitted(text, 0) == text
    assert fitted(text, 500) == text
    assert "".join(fitted(text, 80).split()) == "".join(text.split())


if __name__ == "__main__":
    GOLDEN.mkdir(parents=True, exist_ok=True)
    for name, text in screens().items():
        (GOLDEN / name).write_text(text)
