"""What whoever asked should know of what was resolved: extras that are not there, yanked releases, hashes."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from parity.errors import InputFileError
from parity.model import Lock
from parity.resolve import added
from parity.resolve.inputs import ResolveInputs
from parity.resolve.known import Known
from parity.resolve.requirements import WhatToInstall

_EXTRA = re.compile(
    r"warning: The package `([A-Za-z0-9._-]+)(?:==| @ )?[^`]*` does not have an extra named `([^`]+)`"
)
_YANKED = re.compile(r"warning: `([A-Za-z0-9._-]+)==([^`]+)` is yanked(?: \(reason: \"(.*)\"\))?")
_LONGEST = 300


def remarks(stderr: str, inputs: ResolveInputs, known: Sequence[Known]) -> tuple[str, ...]:
    """Sentences about what uv warned of, where the user's own lines asked for it.

    Args:
        stderr: uv's.
        inputs: what was asked.
        known: what is known of packages: the extras that they have, and that are wanted of them.
    """
    found = [*_missing_extras(stderr, inputs, known), *_yanked(stderr), *added.told(inputs.what)]
    return tuple(dict.fromkeys(found))


def _missing_extras(stderr: str, inputs: ResolveInputs, known: Sequence[Known]) -> Iterator[str]:
    asked = {(one.name, canonicalize_name(extra)) for one in known for extra in one.extras}
    for line in inputs.what.requirements:
        asked |= {(line.name, canonicalize_name(extra)) for extra in Requirement(line.text).extras}
    there = {one.name: one.provides_extra for one in known}
    for name, extra in _EXTRA.findall(stderr):
        if (canonicalize_name(name), canonicalize_name(extra)) in asked:
            has = there.get(canonicalize_name(name), ())
            told = f" (it has {', '.join(has)})" if has else ""
            yield f"{name} has no extra named {extra}, so it brings nothing{told}"


def _yanked(stderr: str) -> Iterator[str]:
    for name, version, reason in _YANKED.findall(stderr):
        said = "".join(char if char.isprintable() else " " for char in reason)[:_LONGEST]
        why = f": {said}" if said.strip() else ", without a reason"
        yield f"{name} {version} was yanked by its authors{why}"


def demand_hashes(what: WhatToInstall, lock: Lock) -> None:
    """Where one requirement has hashes pip wants them for all that is installed, what they require included.

    Raises:
        InputFileError: some have none; names each.
    """
    hashed = next((line for line in what.requirements if line.sha256), None)
    allowed = what.hashes()
    missing = [wheel.name for wheel in lock.wheels if wheel.name not in allowed]
    if hashed is None or not missing:
        return
    raise InputFileError(
        f"no hash for {', '.join(missing)}, where {hashed.where} has one: pip then demands one for all "
        "that is installed, what packages require included",
        where=hashed.where,
        remedy="write down all packages with their hashes (`uv pip compile --generate-hashes` does), "
        "or leave the hashes out",
        details=tuple(
            f"{wheel.name}=={wheel.version} has none" for wheel in lock.wheels if wheel.name in missing
        ),
    )
