"""A source that has become a wheel, and how."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import TypedDict

from parity.model import Lock, LockedWheel
from parity.project import FetchedSaid
from parity.resolve import Known, parse_lock, write_lock

NOTHING = Lock((), "", "", "")
"""A lock of no wheels."""


class MakingSaid(TypedDict):
    """A `Making` as it is remembered; locks as their texts."""

    image: str
    same_twice: bool
    build: str
    editable: str
    tools: str
    commands: list[str]
    grafted: list[str]
    left_out: list[str]
    brought: list[str]
    fetched: FetchedSaid | None


class BuiltSaid(MakingSaid):
    """A wheel that was built before, and how."""

    filename: str
    sha256: str


@dataclass(frozen=True)
class Making:
    """How a wheel came to be.

    Attributes:
        image: the id of the image that it was built in; empty for a wheel that was found ready.
        build: the wheels that its build was given.
        editable: those that an editable install of it needs.
        tools: those that made it suit the plain target.
        commands: what was run, a line each.
        grafted: libraries that were copied into it, by their paths there.
        left_out: libraries that the target's system packages bring.
        brought: packages of the distribution that its build turned out to need.
        fetched: what builder.fetch brought for it, None for nothing.
        same_twice: whether two builds gave the same bytes.
    """

    image: str = ""
    build: Lock = NOTHING
    editable: Lock = NOTHING
    tools: Lock = NOTHING
    commands: tuple[str, ...] = ()
    grafted: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()
    brought: tuple[str, ...] = ()
    fetched: FetchedSaid | None = None
    same_twice: bool = True

    def document(self) -> MakingSaid:
        """For `read`, in a later run."""
        return {
            "image": self.image,
            "same_twice": self.same_twice,
            "build": _text(self.build),
            "editable": _text(self.editable),
            "tools": _text(self.tools),
            "commands": list(self.commands),
            "grafted": list(self.grafted),
            "left_out": list(self.left_out),
            "brought": list(self.brought),
            "fetched": self.fetched,
        }

    @classmethod
    def read(cls, said: MakingSaid) -> Making:
        """The inverse of `document`."""
        return cls(
            image=said["image"],
            same_twice=said["same_twice"],
            build=_lock(said["build"]),
            editable=_lock(said["editable"]),
            tools=_lock(said["tools"]),
            commands=tuple(said["commands"]),
            grafted=tuple(said["grafted"]),
            left_out=tuple(said["left_out"]),
            brought=tuple(said["brought"]),
            fetched=said["fetched"],
        )


@dataclass(frozen=True)
class Built:
    """A source that has become a wheel in the store.

    Attributes:
        wheel: as it stands in the lock.
        requires: its Requires-Dist lines.
        requires_python: its Requires-Python, or empty.
        provides_extra: the extras that it has.
        making: how it came to be.
    """

    wheel: LockedWheel
    requires: tuple[str, ...]
    requires_python: str = ""
    provides_extra: tuple[str, ...] = ()
    making: Making = field(default_factory=Making)


def is_wheel(file: LockedWheel) -> bool:
    """Whether it is a wheel, not a source distribution that is to be built."""
    return file.filename.endswith(".whl")


def known_of(built: Built, extras: Sequence[str], path: str) -> Known:
    """What the resolver is told of a built package."""
    wheel = built.wheel
    return Known(
        wheel.name,
        wheel.version,
        built.requires,
        built.requires_python,
        built.provides_extra,
        tuple(extras),
        path,
    )


def _text(lock: Lock) -> str:
    return write_lock(lock) if lock.wheels else ""


def _lock(text: str) -> Lock:
    return parse_lock(text, "what was built before") if text else NOTHING


def together(locks: Iterable[Lock]) -> tuple[LockedWheel, ...]:
    """The wheels of several locks, each file once."""
    found = {wheel.filename: wheel for lock in locks for wheel in lock.wheels}
    return tuple(found[name] for name in sorted(found))
