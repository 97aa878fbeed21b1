"""The check that the scripts of requested packages have something to start: `module:object` can be loaded.

A wheel can install and be imported, and its command still end in a traceback: the module was renamed, or
left out of the wheel, or wants an extra that nobody asked for. Popular packages have such scripts, so it is
a warning, and the proof tells of those scripts alone. Nothing is started.

One thing is an error: a package's own commands all start files of it that import what this Python or
setuptools has no more (datasette 0.65, supervisor 4.2 and `pkg_resources`). No extra brings that back, and
whoever names such a package wants to start it. Its own is the command that bears its name; where none does,
those whose names begin so. What is used as a library beside its other commands (Babel, Cython) goes on.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TypedDict

from parity.portable.names import normalize_name
from parity.rehearse.check import Case, Check, CheckVerdict, NewEnvironment, when_due
from parity.rehearse.gone_modules import GONE_MODULES, bringing
from parity.rehearse.import_rule import is_accepted, shown
from parity.rehearse.import_workers import Package
from parity.rehearse.imports import inside
from parity.wire.rehearsing import DistributionFound


class ScriptSeen(TypedDict):
    """A script that cannot be started: what it would start, and why it cannot.

    `own`: whether it is one of its package's own commands, none of which can.
    """

    package: str
    script: str
    target: str
    error: str
    own: bool


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
    return [row for each in found for row in _failed(installed, each)]


def _failed(installed: NewEnvironment, found: DistributionFound) -> list[ScriptSeen]:
    """The scripts of a package that cannot be started."""
    name, scripts = found["name"], dict(found["scripts"])
    errors = {script: _error(installed, name, target) for script, target in scripts.items()}
    own = own_commands(name, scripts)
    dead = own if all(errors[script] for script in own) else frozenset()
    return [
        {"package": name, "script": script, "target": target, "error": error, "own": script in dead}
        for script, target in scripts.items()
        if (error := errors[script])
    ]


def own_commands(package: str, scripts: Iterable[str]) -> frozenset[str]:
    """Those that bear a package's (normalised) name; where there is none, those that begin with it."""
    names = {script: normalize_name(script) for script in scripts}
    same = frozenset(script for script, name in names.items() if name == package)
    return same or frozenset(script for script, name in names.items() if name.startswith(package))


def _error(installed: NewEnvironment, package: str, target: str) -> str | None:
    """How the latest try of a target ended, empty where it worked; None where it was not tried."""
    answer = installed.workers.told.get((package, target))
    return None if answer is None else shown(answer)


def _judge(rows: Sequence[ScriptSeen], case: Case) -> CheckVerdict:
    told_rows = [{key: inside(text) for key, text in row.items() if isinstance(text, str)} for row in rows]
    dead = [(row, gone) for row in rows if (gone := _gone(row, case))]
    return CheckVerdict(
        document={"entry_points": told_rows} if rows else {},
        reasons=[
            f"{row['package']}: the command {row['script']} cannot start: {row['package']} imports {gone}, "
            "which is not there any more"
            for row, gone in dead
        ],
        headline=f"the command {dead[0][0]['script']} cannot start" if dead else "",
        remedy=_remedy(dead) if dead else "",
        warnings=[
            f"{row['package']}: the script {row['script']} cannot start {row['target']}: {row['error']}"
            for row in told_rows
        ],
    )


def _gone(row: ScriptSeen, case: Case) -> str:
    """The module that is gone for which a package's own command cannot start; empty for none."""
    if not row["own"] or is_accepted(row["package"], _module(row), case.plan):
        return ""
    imports = [each for each in GONE_MODULES.of(case.seen) or () if each["package"] == row["package"]]
    lacking = (each["module"] for each in imports if f"No module named '{each['module']}'" in row["error"])
    return next(lacking, "")


def _module(row: ScriptSeen) -> str:
    return row["target"].partition(":")[0]


def _remedy(dead: Sequence[tuple[ScriptSeen, str]]) -> str:
    """What brings a module back, or a newer package, or the words that accept it."""
    options = " ".join(dict.fromkeys(f"--allow import:{_module(row)}" for row, _ in dead))
    ways = [way for gone in dict.fromkeys(gone for _, gone in dead) if (way := bringing(gone))]
    first = f"{'; '.join(ways)}; or " if ways else ""
    names = ", ".join(dict.fromkeys(row["package"] for row, _ in dead))
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
