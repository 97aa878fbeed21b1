"""What a build would do, as values. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from packaging.specifiers import InvalidSpecifier, SpecifierSet

from parity.model import Facts, Lock, LockedWheel, PinnedImage
from parity.planning.changes import LockChanges
from parity.portable.names import parse_wheel_name
from parity.portable.wheel.wheelset import REFUSED
from parity.wire.resolving import ProjectListed
from parity.wire.store import AuditFinding, FileTold


@dataclass(frozen=True)
class PlannedWheel:
    """A package that would be carried.

    Attributes:
        wheel: as the lock names it.
        size: bytes, None where nobody tells.
        held: whether the store has it, so that nothing is fetched.
        tag: the best of its tags that the target takes; empty where none is.
    """

    wheel: LockedWheel
    size: int | None
    held: bool
    tag: str


@dataclass(frozen=True)
class Concern:
    """Something that whoever reviews should look at.

    Attributes:
        kind: a stable word: `yanked`, `requires-python`, `unlisted`, `unknown`, `held-back`, `note`,
            or the kind of a finding of the audit.
        subject: the package, or the wheel; of a note, what said it.
        message: a sentence.
        stops: whether a build would stop there.
    """

    kind: str
    subject: str
    message: str
    stops: bool = False


@dataclass(frozen=True)
class BuildPlan:
    """What a build would do.

    Attributes:
        product, profile: what for.
        lock_path: the lock's file, as one would type it here.
        image, facts: where it would be resolved and rehearsed.
        lock: what would be carried.
        changes: against the lock there is.
        wheels: in the lock's order.
        concerns: the gravest first.
    """

    product: str
    profile: str
    lock_path: str
    image: PinnedImage
    facts: Facts
    lock: Lock
    changes: LockChanges
    wheels: tuple[PlannedWheel, ...]
    concerns: tuple[Concern, ...]

    @cached_property
    def fetched(self) -> tuple[PlannedWheel, ...]:
        """What would come over the network."""
        return tuple(one for one in self.wheels if not one.held)

    @property
    def built(self) -> tuple[LockedWheel, ...]:
        """What is built from source."""
        return tuple(wheel for wheel in self.lock.wheels if wheel.origin is not None)

    @property
    def stops(self) -> bool:
        """Whether it is known already that a build would stop."""
        return any(one.stops for one in self.concerns)


def planned_wheels(
    lock: Lock, told: Sequence[FileTold], listed: Mapping[str, ProjectListed], tags: Sequence[str]
) -> tuple[PlannedWheel, ...]:
    """The packages of a lock, with what the store and the index say of them.

    Args:
        lock: what would be carried.
        told: what the store says, in the lock's order.
        listed: what the index says, by name.
        tags: that the target takes, best first.
    """
    ranks = {tag: rank for rank, tag in enumerate(tags)}
    return tuple(
        PlannedWheel(wheel, _size(wheel, each, listed.get(wheel.name)), each["held"], _tag(wheel, ranks))
        for wheel, each in zip(lock.wheels, told, strict=True)
    )


def _size(wheel: LockedWheel, told: FileTold, listed: ProjectListed | None) -> int | None:
    # What the store has was measured; an index only says a size.
    if told["held"]:
        return told["size"]
    return wheel.size if wheel.size is not None or listed is None else listed["size"]


def _tag(wheel: LockedWheel, ranks: Mapping[str, int]) -> str:
    name = parse_wheel_name(wheel.filename)
    fitting = [tag for tag in name.tags if tag in ranks] if name else []
    return min(fitting, key=lambda tag: ranks[tag]) if fitting else ""


def concerns(
    lock: Lock, listed: Mapping[str, ProjectListed], findings: Sequence[AuditFinding], facts: Facts
) -> tuple[Concern, ...]:
    """All that should be looked at, what stops a build first.

    Args:
        lock: what would be carried.
        listed: what the index says, by name.
        findings: of the audit, for the wheels that the store has.
        facts: of the image.
    """
    found = [
        *(Concern(one["kind"], one["wheel"], one["message"], one["level"] == REFUSED) for one in findings),
        *(each for wheel in lock.wheels for each in _said(wheel, listed.get(wheel.name), facts)),
        *(Concern("held-back", sentence.partition(" ")[0], sentence) for sentence in lock.held_back),
    ]
    told = {one.message for one in found}
    # The resolver tells of what was yanked, too; a lock that was resolved before does not.
    found += [Concern("note", "resolving", each) for each in lock.notes if each not in told]
    return tuple(sorted(found, key=lambda one: not one.stops))


def _said(wheel: LockedWheel, listed: ProjectListed | None, facts: Facts) -> Iterator[Concern]:
    """What the index says of a package that should be looked at."""
    if listed is None:
        return
    name = f"{wheel.name} {wheel.version}"
    if listed["trouble"]:
        yield Concern("unknown", wheel.name, f"the index does not tell of it: {listed['trouble']}")
        return
    if not listed["listed"]:
        yield Concern("unlisted", wheel.name, f"the index no longer has the file of {name} that is locked")
    if listed["yanked"]:
        why = f": {listed['reason']}" if listed["reason"] else ", without a reason"
        yield Concern("yanked", wheel.name, f"{name} was yanked by its authors{why}")
    if not _takes(listed["requires_python"], facts.python):
        said = listed["requires_python"]
        yield Concern("requires-python", wheel.name, f"{name} is for Python {said}, here is {facts.python}")


def _takes(specifier: str, python: str) -> bool:
    try:
        return SpecifierSet(specifier).contains(python, prereleases=True)
    except InvalidSpecifier:
        return True  # what nobody can read holds nobody back, as with installers
