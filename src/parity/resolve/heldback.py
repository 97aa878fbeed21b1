"""What is older than it would be if sources were built: which, why, and what would change it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from parity.errors import InputFileError
from parity.markers import marker_holds
from parity.model import Lock
from parity.resolve.asking import SOURCES, Guess, GuestUv
from parity.resolve.blame import wanted_by
from parity.resolve.lockfile import preferences, write_lock
from parity.resolve.select import versions_in, without_wheel


def held_back(uv: GuestUv, lock: Lock, guess: Guess, existing: Lock | None) -> tuple[str, ...]:
    """A sentence for each package that wheels alone hold back.

    Resolving once more costs something, so it is done only where it may matter: where a project was seen
    whose newest version has no wheel, where uv had to go behind what was guessed and no requirement of
    what it chose says why, or without a guess.

    Args:
        uv: what resolved.
        lock: what it resolved.
        guess: what was seen before.
        existing: the lock whose versions were preferred, where there was no guess.
    """
    have = {wheel.name: wheel.version for wheel in lock.wheels}
    if not uv.can_offer or (guess.made and not guess.source_only and _is_explained(uv, have, guess)):
        return ()
    answer = uv.compile(uv.requirements, lock=_preferred(guess, existing), offer=SOURCES)
    if answer["lock"] is None:
        return ()
    newer = _newer(have, versions_in(answer["lock"], uv.inputs))
    lacking = without_wheel(answer["lock"], uv.inputs, answer["offered"])
    if not newer or not lacking:
        return ()
    parents = wanted_by(uv, answer, SOURCES)
    requested = {wheel.name for wheel in lock.wheels if wheel.requested}
    order = sorted(newer, key=lambda name: (name not in requested, name))
    return tuple(_sentence(name, have[name], newer[name], lacking, parents) for name in order)


def _is_explained(uv: GuestUv, have: Mapping[str, str], guess: Guess) -> bool:
    """Whether a requirement of the user, or of what was chosen as guessed, excludes each newer version."""
    guessed = {one.name: one.version for one in guess.told}
    lines = [line for one in guess.told if have.get(one.name) == one.version for line in one.requires]
    lines += [line.text for line in (*uv.inputs.what.requirements, *uv.inputs.what.constraints)]
    limits: dict[str, list[Requirement]] = {}
    for line in lines:
        with suppress(InvalidRequirement):
            limits.setdefault(canonicalize_name(Requirement(line).name), []).append(Requirement(line))
    markers = {**uv.inputs.facts.markers, "extra": ""}
    return all(
        any(_excludes(limit, version, markers) for limit in limits.get(name, ()))
        for name, version in _newer(have, guessed).items()
    )


def _excludes(limit: Requirement, version: str, markers: Mapping[str, str]) -> bool:
    try:
        counts = marker_holds(limit.marker, markers, limit.name)
    except InputFileError:  # a stranger's, which excludes nothing then
        return False
    return counts and not limit.specifier.contains(version, prereleases=True)


def _preferred(guess: Guess, existing: Lock | None) -> str | None:
    """The versions that are preferred, without those that wheels alone hold back, as far as that is known."""
    if existing is not None and not guess.made:
        return preferences_of(existing, sources=True)
    versions = {one.name: one.version for one in guess.told if one.name not in guess.source_only}
    return preferences(versions) if versions else None


def preferences_of(existing: Lock, *, sources: bool) -> str | None:
    """A lock as uv prefers its versions; with sources without those that wheels alone have held back."""
    held = {sentence.partition(" ")[0] for sentence in existing.held_back} if sources else set()
    wheels = tuple(one for one in existing.wheels if one.name not in held)
    return write_lock(replace(existing, wheels=wheels)) if wheels else None


def _newer(have: Mapping[str, str], could: Mapping[str, str]) -> dict[str, str]:
    """Those that could be newer, with the version that they could be."""
    return {name: could[name] for name, version in have.items() if _is_older(version, could.get(name))}


def _is_older(version: str, than: str | None) -> bool:
    try:
        return than is not None and Version(version) < Version(than)
    except InvalidVersion:
        return False


def _sentence(
    name: str,
    version: str,
    newer: str,
    lacking: Mapping[str, tuple[str, str]],
    parents: Mapping[str, Sequence[str]],
) -> str:
    if name in lacking:
        why = "of that there is a source distribution only"
    else:
        needed = [each for each in sorted(lacking) if name in _above(each, parents)] or sorted(lacking)
        have = "has" if len(needed) == 1 else "have"
        why = f"that needs {', '.join(needed)}, which {have} no wheel that fits"
    return f"{name} is {version} here, not {newer}: {why}; `build-from-source: auto` takes {newer}"


def _above(name: str, parents: Mapping[str, Sequence[str]]) -> set[str]:
    """Everything that requires a package, directly or not."""
    found: set[str] = set()
    waiting = [name]
    while waiting:
        for parent in parents.get(waiting.pop(), ()):
            if parent not in found:
                found.add(parent)
                waiting.append(parent)
    return found
