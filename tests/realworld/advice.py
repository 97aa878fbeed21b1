"""What an error advises, followed to the letter: options and lines of the profile that its remedy prints."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from copy import deepcopy
from typing import Any

import yaml

_ALLOW = re.compile(r"--allow ([a-z][a-z0-9-]*:[A-Za-z_][\w.-]*\w)")
_BUILD = re.compile(r"--build-from-source ([A-Za-z0-9][\w.-]*\w)")
_QUOTED = re.compile(r"`([^`]+)`")
_UNDER_INSTALL = {"build-from-source", "held-back", "requirements", "constraints"}
_KNOWN = {"install", "builder", "rehearsal", "system-packages", "indexes", *_UNDER_INSTALL}


def followed(profile: Mapping[str, Any], remedy: str) -> dict[str, Any] | None:
    """The profile with what the remedy prints; None where it prints nothing that changes it.

    Known are `--allow`, `--build-from-source`, and `key: value` in backquotes where the key is one of the
    profile's. Lists are added to, mappings merged.
    """
    changed = deepcopy(dict(profile))
    for found in _ALLOW.findall(remedy):
        _merge(changed, {"rehearsal": {"allow": [found]}})
    for found in _BUILD.findall(remedy):
        _merge(changed, {"install": {"build-from-source": found if found == "auto" else [found]}})
    for part in _lines(remedy):
        _merge(changed, part)
    return changed if changed != profile else None


def _lines(remedy: str) -> Iterator[dict[str, Any]]:
    """What stands in backquotes and is a line of the profile."""
    for quoted in _QUOTED.findall(remedy):
        try:
            found = yaml.safe_load(quoted)
        except yaml.YAMLError:
            continue
        if isinstance(found, dict) and len(found) == 1:
            key, value = next(iter(found.items()))
            first, *rest = str(key).split(".")
            if first in _KNOWN and value is not None:
                steps = ["install", first, *rest] if first in _UNDER_INSTALL else [first, *rest]
                yield _nested(steps, value)


def _nested(steps: list[str], value: Any) -> dict[str, Any]:
    return {steps[0]: _nested(steps[1:], value) if steps[1:] else value}


def _merge(into: dict[str, Any], more: Mapping[str, Any]) -> None:
    for key, value in more.items():
        there = into.get(key)
        if isinstance(there, dict) and isinstance(value, dict):
            _merge(there, value)
        elif isinstance(value, list) and there is not None:
            before = there if isinstance(there, list) else [there]
            into[key] = [*before, *(each for each in value if each not in before)]
        else:
            into[key] = value
