"""The check that requested packages, when used, do not import what this Python has no more.

Their main modules can be imported, and one that is imported later, or inside a function, asks for `distutils`
or `pkg_resources`: that is seen at the first use. A warning, for nobody may come there.
"""

from __future__ import annotations

from collections.abc import Sequence

from parity.rehearse import users
from parity.rehearse.check import Case, Check, CheckVerdict, NewEnvironment, at_once
from parity.wire.rehearsing import ReadJob, ReadResult
from parity.wire.tasks import Task

READER = Task("gone_modules", ReadJob, ReadResult)


def _run(installed: NewEnvironment) -> list[dict[str, str]]:
    job: ReadJob = {
        "site_packages": installed.site_packages,
        "packages": sorted(installed.carried.requested),
    }
    return installed.room.ask(READER, job, users.JUDGE)["rows"]


def _judge(rows: Sequence[dict[str, str]], _case: Case) -> CheckVerdict:
    return CheckVerdict(
        document={"gone_modules": list(rows)} if rows else {},
        warnings=[
            f"{row['package']}: {row['file']} imports {row['module']}, which is not there: what uses it fails"
            for row in rows
        ],
    )


GONE_MODULES = Check(
    name="gone_modules",
    step="looking for imports of what this Python has no more",
    kind=list[dict[str, str]],
    begin=at_once(_run),
    judge=_judge,
    wanted=lambda installed: installed.room.plan.imports and bool(installed.carried.requested),
)
