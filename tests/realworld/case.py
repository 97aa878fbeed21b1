"""One case: what somebody asks for on which target, how it is used there, and what must come of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

LIST = Path(__file__).with_name("cases.yaml")
TARGETS = ("debian11-py39", "debian12-py311", "debian13-py313")
_KEYS = {
    "name",
    "target",
    "kind",
    "asked",
    "profile",
    "files",
    "encoding",
    "lock",
    "checkout",
    "use",
    "tells",
}


class CaseInvalid(Exception):
    """The list holds something that is no case; says which."""


@dataclass(frozen=True)
class Refusal:
    """How a case must be refused: the error's class, and words that its text has."""

    kind: str
    says: tuple[str, ...]


@dataclass(frozen=True)
class Case:
    """One row of the list for one target.

    Attributes:
        name: what is carried, for people and the command line.
        target: the profile that it extends.
        kind: which of the kinds of issue 12 it stands for.
        profile: the profile's own keys, `install` among them.
        files: what lies beside the profile, by path.
        encoding: of those files that are not UTF-8.
        lock: what uv locks first, a folder or a script; empty for nothing.
        checkout: the folder that is set up as a project there; empty for a prefix.
        use: shell lines that use it there and end with 0.
        tells: words that the build must say.
        refused: how it must be refused; None where it must work.
    """

    name: str
    target: str
    kind: str
    profile: Mapping[str, Any]
    files: Mapping[str, str]
    encoding: Mapping[str, str]
    lock: str
    checkout: str
    use: str
    tells: tuple[str, ...]
    refused: Refusal | None

    @property
    def label(self) -> str:
        """Name and target, of which there is one each."""
        return f"{self.name}@{self.target}"


def read_cases(path: Path = LIST) -> tuple[Case, ...]:
    """The list, one case for each target of each row.

    Raises:
        CaseInvalid: a row has an unknown key or target, lacks one, or stands there twice.
    """
    found: dict[str, Case] = {}
    for row in yaml.safe_load(path.read_text(encoding="utf-8")):
        for case in _cases(row):
            if case.label in found:
                raise CaseInvalid(f"{case.label} stands there twice")
            found[case.label] = case
    return tuple(found.values())


def chosen(cases: Sequence[Case], names: Sequence[str], target: str) -> tuple[Case, ...]:
    """Those with one of these names (all where there is none) for that target (any where it is empty).

    Raises:
        CaseInvalid: nothing has such a name.
    """
    if unknown := set(names) - {case.name for case in cases}:
        raise CaseInvalid(f"no case is called {', '.join(sorted(unknown))}")
    return tuple(
        case for case in cases if case.name in (names or [case.name]) and target in ("", case.target)
    )


def _cases(row: Mapping[str, Any]) -> Iterator[Case]:
    name = row.get("name", "a case without a name")
    if unknown := set(row) - _KEYS - {"refused"}:
        raise CaseInvalid(f"{name}: {', '.join(sorted(unknown))} means nothing")
    refused = row.get("refused")
    if ("use" in row) == bool(refused):
        raise CaseInvalid(f"{name}: it is either used or refused")
    targets = row["target"] if isinstance(row["target"], list) else [row["target"]]
    for target in targets:
        if target not in TARGETS:
            raise CaseInvalid(f"{name}: no target {target}")
        yield Case(
            name,
            target,
            row["kind"],
            {**row.get("profile", {}), "install": row["asked"]},
            row.get("files", {}),
            row.get("encoding", {}),
            row.get("lock", ""),
            row.get("checkout", ""),
            row.get("use", ""),
            tuple(row.get("tells", ())),
            Refusal(refused["kind"], tuple(refused.get("says", ()))) if refused else None,
        )
