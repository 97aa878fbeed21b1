"""The profile's `gems`, read."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from parity.model import GemsPlan

_EXACT = re.compile(r"[0-9][0-9A-Za-z.]*")
_ANY = "*"


def gems_plan(said: Mapping[str, Any]) -> GemsPlan:
    """The `gems` mapping of a checked document."""
    return GemsPlan(
        wanted=tuple(sorted((name, _versions(text)) for name, text in said.get("list", {}).items())),
        sources=tuple(said.get("sources", ())),
        features=tuple(sorted((name, tuple(words)) for name, words in said.get("require", {}).items())),
    )


def _versions(text: str) -> tuple[str, ...]:
    """As gem takes them: a bare version is that one alone."""
    if text == _ANY:
        return ()
    return tuple(f"= {part}" if _EXACT.fullmatch(part) else part for part in re.split(", ?", text))
