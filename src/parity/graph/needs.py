"""Requires-Dist lines of a resolved set as a graph: which hold on the target, and whom they bring. Pure.

A set is closed: each package is one version, and what requires it was resolved before. So only lines
that lead to a package of the set count; a line that cannot be read is passed over, the resolver judged it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from packaging.markers import Marker
from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from parity.errors import InputFileError
from parity.markers import marker_holds

# These lines are strangers' words: what reading them may cost is bounded.
_LONGEST = 4096
_MOST_LINES = 2000
_MOST_EXTRAS = 100


@dataclass(frozen=True)
class SelfDescription:
    """A package of the set, and what it says of itself.

    Attributes:
        name: normalised.
        version: of its wheel.
        requires: Requires-Dist lines.
        requested: whether the user's own requirements name it.
        extras: those that the user's own requirements ask for.
    """

    name: str
    version: str
    requires: tuple[str, ...] = ()
    requested: bool = False
    extras: tuple[str, ...] = ()


@dataclass(frozen=True)
class Need:
    """`by` requires `of`.

    Attributes:
        by, of: names.
        specifier: of versions, empty for any.
        extras: of `of` that are asked for.
        marker: the line's, empty for none.
        extra: of `by`, without which the marker does not hold; empty for none.
    """

    by: str
    of: str
    specifier: str = ""
    extras: tuple[str, ...] = ()
    marker: str = ""
    extra: str = ""


@dataclass(frozen=True)
class Graph:
    """A set and its needs, both by name."""

    packages: Mapping[str, SelfDescription]
    needs: tuple[Need, ...]

    @cached_property
    def roots(self) -> tuple[str, ...]:
        """What was asked for, and what nothing else explains."""
        explained = {need.of for need in self.needs}
        return tuple(
            name for name, one in sorted(self.packages.items()) if one.requested or name not in explained
        )

    @cached_property
    def below(self) -> Mapping[str, tuple[Need, ...]]:
        """What each package requires."""
        return _grouped(self.packages, ((need.by, need) for need in self.needs))

    @cached_property
    def above(self) -> Mapping[str, tuple[Need, ...]]:
        """Who requires each package."""
        return _grouped(self.packages, ((need.of, need) for need in self.needs))


def _grouped(names: Iterable[str], pairs: Iterable[tuple[str, Need]]) -> dict[str, tuple[Need, ...]]:
    found: dict[str, list[Need]] = {name: [] for name in names}
    for name, need in pairs:
        found[name].append(need)
    return {name: tuple(needs) for name, needs in found.items()}


def graph_of(packages: Iterable[SelfDescription], markers: Mapping[str, str]) -> Graph:
    """The graph of a set on a target.

    Args:
        packages: all of the set.
        markers: the target's PEP 508 environment.
    """
    walk = _Walk({one.name: one for one in packages}, markers)
    walk.spread(one.name for one in walk.packages.values() if one.requested)
    # Extras that were asked for by what is not told here: they explain what nothing else does.
    while extras := walk.unexplained():
        for name, wanted in extras.items():
            walk.want(name, wanted)
    walk.spread(walk.packages)
    needs = {(need.by, need.of, need.extra): need for need in walk.needs()}
    return Graph(walk.packages, tuple(needs[key] for key in sorted(needs)))


@dataclass
class _Walk:
    """Which packages are reached, and with which extras."""

    packages: Mapping[str, SelfDescription]
    markers: Mapping[str, str]
    reached: dict[str, set[str]] = field(default_factory=dict)
    judged: dict[tuple[int, str], bool] = field(default_factory=dict)

    @cached_property
    def lines(self) -> Mapping[str, tuple[Requirement, ...]]:
        """The lines of each package that lead to one of the set."""
        return {name: tuple(self._read(one)) for name, one in self.packages.items()}

    def _read(self, one: SelfDescription) -> Iterator[Requirement]:
        for line in one.requires[:_MOST_LINES]:
            try:
                found = Requirement(line) if len(line) <= _LONGEST else None
            except (InvalidRequirement, RecursionError):
                continue
            if found is not None and canonicalize_name(found.name) in self.packages:
                yield found

    def spread(self, names: Iterable[str]) -> None:
        """Follow these packages, with the extras that were asked of them."""
        for name in names:
            if name not in self.reached:
                self.want(name, {canonicalize_name(extra) for extra in self.packages[name].extras})

    def want(self, name: str, extras: Collection[str]) -> None:
        """A package is required with these extras: follow what that brings."""
        waiting = [(name, set(extras))]
        while waiting:
            at, wanted = waiting.pop()
            known = self.reached.get(at)
            if known is not None and (wanted <= known or len(known) >= _MOST_EXTRAS):
                continue
            # So many are nobody's honest wish, and each costs a look at every line.
            known = self.reached.setdefault(at, set())
            known.update(sorted(wanted - known)[: _MOST_EXTRAS - len(known)])
            for line, _ in self._held(at):
                of = {canonicalize_name(extra) for extra in line.extras}
                waiting.append((canonicalize_name(line.name), set(of)))

    def unexplained(self) -> dict[str, set[str]]:
        """Extras of packages that are reached, without which others are not."""
        found: dict[str, set[str]] = {}
        for name in sorted(one for one, extras in self.reached.items() if len(extras) < _MOST_EXTRAS):
            for line in self.lines[name]:
                if line.marker is None or canonicalize_name(line.name) in self.reached:
                    continue
                extras = {each for each in _compared_with_extra(str(line.marker)) if self._holds(line, each)}
                if extras - self.reached[name]:
                    found.setdefault(name, set(self.reached[name])).update(extras)
        return found

    def needs(self) -> Iterator[Need]:
        """The needs that hold with what is reached."""
        for name in self.reached:
            for line, extra in self._held(name):
                yield Need(
                    name,
                    canonicalize_name(line.name),
                    str(line.specifier),
                    tuple(sorted(line.extras)),
                    str(line.marker or ""),
                    extra,
                )

    def _held(self, name: str) -> Iterator[tuple[Requirement, str]]:
        """The lines that hold, each with the extra that it takes."""
        for line in self.lines[name]:
            # Most markers ask for no extra, and one look is enough.
            asked = ("", *sorted(self.reached[name])) if "extra" in str(line.marker) else ("",)
            extra = next((one for one in asked if self._holds(line, one)), None)
            if extra is not None:
                yield line, extra

    def _holds(self, line: Requirement, extra: str) -> bool:
        if line.marker is None:
            return True
        # By identity: the lines live as long as this, and their own hash spells the whole line each time.
        key = (id(line), extra)
        if key not in self.judged:
            self.judged[key] = self._judge(line.marker, extra)
        return self.judged[key]

    def _judge(self, marker: Marker, extra: str) -> bool:
        try:
            return marker_holds(marker, {**self.markers, "extra": extra}, "")
        # What cannot be judged brings nobody: the set is complete without it.
        except InputFileError:
            return False


def extras_in(line: str) -> tuple[str, ...]:
    """The extras that a requirement line asks for, sorted; none of what is no requirement."""
    try:
        return tuple(sorted(Requirement(line).extras))
    except (InvalidRequirement, RecursionError):
        return ()


def _compared_with_extra(marker: str) -> list[str]:
    """The names that a marker compares with `extra`, normalised."""
    words = marker.replace("(", " ").replace(")", " ").split()
    quoted = [word[1:-1] for word in words if len(word) > 1 and word[0] in "\"'" and word[-1] == word[0]]
    return sorted({canonicalize_name(word) for word in quoted}) if "extra" in words else []
