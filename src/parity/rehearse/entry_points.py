"""The check that the scripts of requested packages have something to start: `module:object` can be loaded.

A wheel can install and be imported, and its command still end in a traceback: the module was renamed, or
left out of the wheel, or wants an extra that nobody asked for. Popular packages have such scripts, so it is
a warning, and the proof tells of those scripts alone. Nothing is started.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypedDict

from parity.rehearse.check import Case, Check, CheckVerdict, NewEnvironment, when_due
from parity.rehearse.import_rule import shown
from parity.rehearse.import_workers import Package
from parity.rehearse.imports import inside


class ScriptSeen(TypedDict):
    """A script that cannot be started: what it would start, and why it cannot."""

    package: str
    script: str
    target: str
    error: str


def _run(installed: NewEnvironment) -> list[ScriptSeen]:
    asked = frozenset(installed.carried.requested)
    found = [each for each in installed.found["distributions"] if each["name"] in asked]
    # The imports have tried most of them in passing; what failed may work in the profile's environment.
    again = bool(installed.room.plan.environment)
    left = {
        each["name"]: sorted(
            {
                target
                for _, target in each["scripts"]
                if (error := _error(installed, each["name"], target)) is None or (error and again)
            }
        )
        for each in found
    }
    packages = [Package(name, tuple(targets), len(targets)) for name, targets in left.items() if targets]
    for _ in installed.workers.run(packages, again=True) if packages else ():
        pass
    return [
        {"package": each["name"], "script": script, "target": target, "error": error}
        for each in found
        for script, target in each["scripts"]
        if (error := _error(installed, each["name"], target))
    ]


def _error(installed: NewEnvironment, package: str, target: str) -> str | None:
    """How the latest try of a target ended, empty where it worked; None where it was not tried."""
    answer = installed.workers.told.get((package, target))
    return None if answer is None else shown(answer)


def _judge(rows: Sequence[ScriptSeen], _case: Case) -> CheckVerdict:
    told_rows = [{**row, "error": inside(row["error"])} for row in rows]
    return CheckVerdict(
        document={"entry_points": told_rows} if rows else {},
        warnings=[
            f"{row['package']}: the script {row['script']} cannot start {row['target']}: {row['error']}"
            for row in told_rows
        ],
    )


ENTRY_POINTS = Check(
    name="entry_points",
    step="looking for what the packages' scripts start",
    kind=list[ScriptSeen],
    begin=when_due(_run),
    judge=_judge,
    wanted=lambda installed: installed.room.plan.imports and bool(installed.carried.requested),
)
