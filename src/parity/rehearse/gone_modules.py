"""The check that requested packages, when used, do not import what this Python has no more.

Their main modules can be imported, and one that is imported later, or inside a function, asks for `distutils`
or `pkg_resources`: that is seen at the first use. A warning, for nobody may come there.
"""

from __future__ import annotations

from collections.abc import Sequence

from parity.rehearse.check import Case, Check, CheckVerdict, EnvironmentReader, NewEnvironment, when_due
from parity.wire.rehearsing import ReadResult

READER = EnvironmentReader("gone_modules", ReadResult)


def _run(installed: NewEnvironment) -> list[dict[str, str]]:
    return installed.read(READER)["rows"]


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
    begin=when_due(_run),
    judge=_judge,
    reader=READER,
    wanted=lambda installed: installed.room.plan.imports and bool(installed.carried.requested),
)
