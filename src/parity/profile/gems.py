"""The profile's `gems`: read, and judged beyond what the schema can say."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from parity.errors import Problem
from parity.model import GemsPlan
from parity.profile.layers import Layer, problem_at, resolved, value_at
from parity.profile.search import is_file

_KEY = "gems"
_EXACT = re.compile(r"[0-9][0-9A-Za-z.]*")
_ANY = "*"


def gems_plan(layer: Layer) -> GemsPlan:
    """The `gems` mapping of a document that fits the schema, its path absolute."""
    said: Mapping[str, Any] = layer.value.get(_KEY, {})
    return GemsPlan(
        wanted=tuple(sorted((name, _versions(text)) for name, text in said.get("list", {}).items())),
        sources=tuple(said.get("sources", ())),
        features=tuple(sorted((name, tuple(words)) for name, words in said.get("require", {}).items())),
        gemfile=_gemfile(layer) if "gemfile" in said else None,
    )


def _gemfile(layer: Layer) -> Path:
    trail = (_KEY, "gemfile")
    return resolved(layer, trail, str(value_at(layer, trail)))


def problems(layer: Layer, faulty: Collection[str]) -> list[Problem]:
    """What is wrong with `gems` beyond the schema; none where something of it is known to be wrong."""
    said = layer.value.get(_KEY)
    if not isinstance(said, dict) or any(path.startswith(_KEY) for path in faulty):
        return []
    # Both would be two answers to which versions are wanted.
    if ("list" in said) == ("gemfile" in said):
        return [problem_at(layer, (_KEY,), "name either a `list` or a `gemfile`")]
    if "gemfile" not in said:
        return []
    plan = GemsPlan(gemfile=_gemfile(layer))
    for path in (plan.gemfile, plan.gemfile_lock):
        if path is not None and not is_file(path):
            advice = "; `bundle lock` makes it, wherever bundler is" if path == plan.gemfile_lock else ""
            return [problem_at(layer, (_KEY, "gemfile"), f"there is no file {path}{advice}")]
    return []


def travelling(said: Mapping[str, Any]) -> dict[str, Any]:
    """The mapping as it travels in the bundle: no folder of this machine."""
    found = dict(said)
    if "gemfile" in found:
        # The profile is signed and travels: a path would tell strangers of this machine, and make bytes
        # differ.
        found["gemfile"] = Path(found["gemfile"]).name
    return found


def _versions(text: str) -> tuple[str, ...]:
    """As gem takes them: a bare version is that one alone."""
    # No requirement at all: gem reads `>= 0` so, which takes no prerelease.
    if text == _ANY:
        return ()
    return tuple(f"= {part}" if _EXACT.fullmatch(part) else part for part in re.split(", ?", text))
