"""The check that requested packages, when used, do not import what this Python has no more.

Their main modules can be imported, and one that is imported later, or inside a function, asks for `distutils`
or `pkg_resources`: that is seen at the first use. A warning, for nobody may come there.
"""

from __future__ import annotations

from collections.abc import Sequence

from parity.model import SUCCESSORS
from parity.rehearse.check import Case, Check, CheckVerdict, EnvironmentReader, NewEnvironment, when_due
from parity.wire.rehearsing import ReadResult

READER = EnvironmentReader("gone_modules", ReadResult)


def _run(installed: NewEnvironment) -> list[dict[str, str]]:
    return installed.read(READER)["rows"]


def bringing(module: str) -> str:
    """The line of the profile that brings a module back; empty where no known package does."""
    if module == "pkg_resources":
        return "write `requirements: [setuptools<82]` too, the last that have pkg_resources"
    if module == "distutils":
        return "write `requirements: [setuptools]` too, which brings distutils"
    package = SUCCESSORS.get(module)
    return f"write `requirements: [{package}]` too, which brings {module}" if package else ""


def _judge(rows: Sequence[dict[str, str]], _case: Case) -> CheckVerdict:
    return CheckVerdict(
        document={"gone_modules": list(rows)} if rows else {},
        warnings=[
            f"{row['package']}: {row['file']} imports {row['module']}, which is not there: what uses it fails"
            f"{_way(row['module'])}"
            for row in rows
        ],
    )


def _way(module: str) -> str:
    way = bringing(module)
    return f" ({way})" if way else ""


GONE_MODULES = Check(
    name="gone_modules",
    step="looking for imports of what this Python has no more",
    kind=list[dict[str, str]],
    begin=when_due(_run),
    judge=_judge,
    reader=READER,
    wanted=lambda installed: installed.room.plan.imports and bool(installed.carried.requested),
)
