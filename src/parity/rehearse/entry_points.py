"""The check that the scripts of requested packages have something to start: `module:object` can be loaded.

A wheel can install and be imported, and its command still end in a traceback: the module was renamed, or
left out of the wheel, or wants an extra that nobody asked for. Popular packages have such scripts, so it is
a warning, and the proof tells of those scripts alone. Nothing is started.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypedDict

from parity.rehearse import users
from parity.rehearse.check import Case, Check, CheckVerdict, NewEnvironment
from parity.rehearse.import_rule import shown
from parity.rehearse.imports import inside
from parity.rehearse.lanes import Package
from parity.wire.rehearsing import ReadJob, ReadResult
from parity.wire.tasks import Task

SCRIPTS = Task("entry_points", ReadJob, ReadResult)


class ScriptSeen(TypedDict):
    """A script that cannot be started: what it would start, and why it cannot."""

    package: str
    script: str
    target: str
    error: str


def _run(installed: NewEnvironment) -> list[ScriptSeen]:
    job: ReadJob = {
        "site_packages": installed.site_packages,
        "packages": sorted(installed.carried.requested),
    }
    scripts = installed.room.ask(SCRIPTS, job, users.JUDGE)["rows"]
    targets: dict[str, set[str]] = {}
    for row in scripts:
        targets.setdefault(row["package"], set()).add(row["target"])
    packages = [Package(name, tuple(sorted(wanted)), len(wanted)) for name, wanted in targets.items()]
    errors = {
        (name, target): shown(answer) for name, target, answer in installed.lanes.run(packages, again=True)
    }
    return [
        {"package": row["package"], "script": row["script"], "target": row["target"], "error": error}
        for row in scripts
        if (error := errors[row["package"], row["target"]])
    ]


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
    run=_run,
    judge=_judge,
    wanted=lambda installed: installed.room.plan.imports and bool(installed.carried.requested),
)
