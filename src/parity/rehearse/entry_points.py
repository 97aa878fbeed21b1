"""The check that the scripts of requested packages have something to start: `module:object` can be loaded.

A wheel can install and be imported, and its command still end in a traceback: the module was renamed, or
left out of the wheel, or wants an extra that nobody asked for. Popular packages have such scripts, so it is
a warning, and the proof tells of those scripts alone. Nothing is started.

One thing is an error: the command that bears its package's name starts a file of the package that imports
what this Python or setuptools has no more (datasette 0.65 and `pkg_resources`). No extra brings that back.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypedDict

from parity.portable.names import normalize_name
from parity.rehearse.check import Case, Check, CheckVerdict, NewEnvironment, when_due
from parity.rehearse.gone_modules import GONE_MODULES
from parity.rehearse.import_rule import is_accepted, shown
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


def _judge(rows: Sequence[ScriptSeen], case: Case) -> CheckVerdict:
    told_rows = [{**row, "error": inside(row["error"])} for row in rows]
    dead = {row["package"]: gone for row in rows if (gone := _gone(row, case))}
    return CheckVerdict(
        document={"entry_points": told_rows} if rows else {},
        reasons=[
            f"{name}: the command {name} cannot start: {name} imports {module}, which is not there any more"
            for name, (module, _) in dead.items()
        ],
        headline=f"the command {next(iter(dead))} cannot start" if dead else "",
        remedy=_remedy(dead) if dead else "",
        warnings=[
            f"{row['package']}: the script {row['script']} cannot start {row['target']}: {row['error']}"
            for row in told_rows
        ],
    )


def _gone(row: ScriptSeen, case: Case) -> tuple[str, str] | None:
    """What is gone for which a package's own command cannot start, and the module that cannot be imported."""
    module = row["target"].partition(":")[0]
    if normalize_name(row["script"]) != row["package"] or is_accepted(row["package"], module, case.plan):
        return None
    imports = [each for each in GONE_MODULES.of(case.seen) or () if each["package"] == row["package"]]
    lacking = [each["module"] for each in imports if f"No module named '{each['module']}'" in row["error"]]
    return (lacking[0], module) if lacking else None


def _remedy(dead: Mapping[str, tuple[str, str]]) -> str:
    """What brings a module back, or a newer package, or the word that accepts it."""
    options = " ".join(f"--allow import:{module}" for _, module in dead.values())
    old = any(gone == "pkg_resources" for gone, _ in dead.values())
    first = "write `requirements: [setuptools<82]` too, the last that have pkg_resources; or " if old else ""
    names = ", ".join(dead)
    return (
        f"{first}choose a newer version of {names}; if it is used as a library alone, accept it: `{options}`"
    )


ENTRY_POINTS = Check(
    name="entry_points",
    step="looking for what the packages' scripts start",
    kind=list[ScriptSeen],
    begin=when_due(_run),
    judge=_judge,
    wanted=lambda installed: installed.room.plan.imports and bool(installed.carried.requested),
)
