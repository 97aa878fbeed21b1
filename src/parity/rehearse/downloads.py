"""The check that says what requested packages fetch from the network when they are first used.

They install, their imports work, their commands start; then they want a browser or a model from an address.
No file of theirs tells that reliably, so a table does. A warning: people may have carried it by themselves.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from importlib import resources

from parity.rehearse.check import Case, Check, CheckVerdict, NewEnvironment, when_due

_FETCHED: Mapping[str, tuple[str, str]] = json.loads(
    resources.files("parity.rehearse").joinpath("downloads.json").read_bytes()
)["packages"]


def _run(installed: NewEnvironment) -> list[str]:
    asked = frozenset(installed.carried.requested)
    return sorted(
        each["name"] for each in installed.found["distributions"] if each["name"] in asked & _FETCHED.keys()
    )


def _judge(names: Sequence[str], _case: Case) -> CheckVerdict:
    lines = [_line(name) for name in names if name in _FETCHED]
    return CheckVerdict(document={"downloads": list(names)} if names else {}, warnings=lines)


def _line(name: str) -> str:
    what, way = _FETCHED[name]
    return f"{name}: fetches {what} from the network when it is used: carry that too (`files`); {way}"


DOWNLOADS = Check(
    name="downloads",
    step="looking for what packages fetch when they are used",
    kind=list[str],
    begin=when_due(_run),
    judge=_judge,
    wanted=lambda installed: not _FETCHED.keys().isdisjoint(installed.carried.requested),
)
