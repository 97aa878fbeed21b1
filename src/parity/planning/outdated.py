"""Newer releases than a lock has, and who holds them back. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.version import InvalidVersion, Version

from parity.graph import Graph
from parity.model import Lock
from parity.portable.names import normalize_name
from parity.wire.resolving import ProjectListed


@dataclass(frozen=True)
class Holder:
    """Who holds a package back, and by what specifier; `by` is a package, or `your own requirements`."""

    by: str
    specifier: str


@dataclass(frozen=True)
class Outdated:
    """A package of which there is something newer.

    Attributes:
        name: of the package.
        version: that the lock has.
        upgraded: that `--upgrade` would lock; empty where it would be gone.
        newest: the newest release on the package's index with a wheel that fits the target; empty for none.
        source_only: whether a still newer one is there as a source distribution alone.
        holders: who excludes the newest, where an upgrade does not give it.
    """

    name: str
    version: str
    upgraded: str
    newest: str
    source_only: bool
    holders: tuple[Holder, ...]


def outdated(
    lock: Lock,
    upgraded: Lock,
    listed: Mapping[str, ProjectListed],
    graph: Graph,
    own: Sequence[str],
) -> tuple[Outdated, ...]:
    """The packages that could be newer, by name.

    Args:
        lock: as it is.
        upgraded: as `--upgrade` would make it.
        listed: what the index says, by name.
        graph: who requires whom in `lock`.
        own: the user's requirement and constraint lines.
    """
    later = {wheel.name: wheel.version for wheel in upgraded.wheels}
    found = []
    for wheel in lock.wheels:
        said, after = listed.get(wheel.name), later.get(wheel.name, "")
        newest, source_only = (said["newest"], said["source_only"]) if said else ("", False)
        if not (is_newer(after, wheel.version) or is_newer(newest, wheel.version) or source_only):
            continue
        # An upgrade would give less than there is, so somebody's word stands in between.
        held = is_newer(newest, after or wheel.version)
        holders = tuple(_holders(wheel.name, newest, graph, own)) if held else ()
        found.append(Outdated(wheel.name, wheel.version, after, newest, source_only, holders))
    return tuple(found)


def is_newer(one: str, other: str) -> bool:
    """Whether a version comes after another one; what is no version does not."""
    try:
        return Version(one) > Version(other)
    except InvalidVersion:
        return False


def _holders(name: str, newest: str, graph: Graph, own: Sequence[str]) -> Iterator[Holder]:
    for line in own:
        try:
            asked = Requirement(line)
        # An address or a path: it names no version that could be excluded.
        except InvalidRequirement:
            continue
        if normalize_name(asked.name) == name and _excludes(str(asked.specifier), newest):
            yield Holder("your own requirements", str(asked.specifier))
    for need in graph.above.get(name, ()):
        if _excludes(need.specifier, newest):
            yield Holder(need.by, need.specifier)


def _excludes(specifier: str, version: str) -> bool:
    try:
        return not SpecifierSet(specifier).contains(version, prereleases=True)
    except (InvalidSpecifier, InvalidVersion):
        return False
