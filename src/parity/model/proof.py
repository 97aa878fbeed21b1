"""The proof: what the rehearsal saw."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class ImportResult:
    """One import that was tried. `error` is empty where it worked; `library` names a missing one."""

    package: str
    module: str
    requested: bool
    error: str = ""
    library: str = ""


@dataclass(frozen=True)
class Proof:
    """What was proved, in which image, under which isolation.

    `document` is what travels as proof.json: deterministic, without clock, host name or duration.
    `seconds` is for the summary only. `reused` tells that nothing had changed since it was made.
    """

    installed: int
    imports: tuple[ImportResult, ...]
    missing_libraries: tuple[str, ...]
    warnings: tuple[str, ...]
    document: Mapping[str, object]
    seconds: float = 0.0
    reused: bool = False
