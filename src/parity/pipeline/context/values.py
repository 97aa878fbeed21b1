"""What a run is asked, what it may use, and what it gives back."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Protocol

from parity.engine import Container, Engine
from parity.export.kept import KeptFiles
from parity.images import ImageMaker, Machine
from parity.model import (
    AskedFile,
    AskedText,
    BuiltBundle,
    BundleFile,
    BundleIdentity,
    Facts,
    GemSettings,
    ImageSource,
    Limits,
    Lock,
    PinnedImage,
    Profile,
    Proof,
    PythonPlaces,
    WheelSet,
)
from parity.model.network import HostNetwork
from parity.pack import VEHICLES, Draft, asked_files
from parity.portable.bundle.envelope import Envelope, Payload
from parity.portable.canonical import is_name
from parity.progress import Reporter
from parity.resolve import WhatToInstall

Sealer = Callable[[Payload], Envelope]


class Remembers(Protocol):
    """Documents of earlier runs; losing them costs time, never correctness."""

    def recall(self, kind: str, key: str) -> Mapping[str, object] | None:
        """What was kept under this key."""

    def keep(self, kind: str, key: str, document: Mapping[str, object]) -> None:
        """Keep a document."""


class UvOnHost(Protocol):
    """The pinned uv on this machine."""

    def prepare(self, arch: str) -> None:
        """Begin to fetch uv for that architecture, beside whatever comes first."""

    def carry_uv(self, container: Container, arch: str, folder: str = "/") -> None:
        """Put uv's program for that architecture into a container, at `folder` + `parity.resolve.UV_PATH`."""

    def uv_file(self, arch: str) -> BundleFile:
        """The wheel of uv as a file of the payload; ToolUnavailable where it cannot be had."""


@dataclass(frozen=True)
class BuildRequest:
    """One bundle to build.

    Attributes:
        profile: what for, with what its requirements files ask for besides.
        what: the requirement lines and constraints of the profile and its files, read.
        identity: product, version, serial and profile name.
        version_of: the package whose version the bundle has, where nobody said one; maybe none.
        output: the folder that gets the bundle.
        lock_path: the lock that is used, or written.
        base: the folder of what is built, never of parity's: paths in the lock and the bundle start at it.
        locked: use the lock as it is, or fail.
        upgrade: resolve anew, whatever the lock says.
        renewed: packages that are resolved anew, whatever the lock says of them; others are kept.
        dry: nothing is kept: no lock is written, no wheel fetched before it is asked for.
        stand_in: the image (and its name) that replaces the profile's own.
        root: the folder that stands for the `/` of whoever asked, where that was on another machine.
    """

    profile: Profile
    what: WhatToInstall
    identity: BundleIdentity
    output: Path
    lock_path: Path
    base: Path
    locked: bool = False
    upgrade: bool = False
    renewed: frozenset[str] = frozenset()
    dry: bool = False
    stand_in: ImageSource | None = None
    version_of: str = ""
    root: Path = Path("/")

    def asked_files(self, more: Sequence[AskedText] = ()) -> tuple[AskedFile, ...]:
        """What was asked for, as it travels; `more` is what a project says besides. Errors as there."""
        texts = [replace(each, path=each.path and self._own(each.path)) for each in (*self.what.asked, *more)]
        return asked_files(texts, self._own(self.base))

    def _own(self, path: Path) -> Path:
        """The path as whoever asked has it; the bundle must not tell where it was built."""
        return Path("/") / path.relative_to(self.root) if path.is_relative_to(self.root) else path

    def settled(self, lock: Lock) -> BundleIdentity:
        """The identity, with the version of the product's own wheel where only that tells it."""
        own = [wheel.version.replace("!", "-") for wheel in lock.wheels if wheel.name == self.version_of]
        return replace(self.identity, version=own[0]) if own and is_name(own[0]) else self.identity

    @property
    def is_fresh_start(self) -> bool:
        """Whether something is resolved anew although nothing has changed."""
        return self.upgrade or bool(self.renewed)

    def is_renewed(self, name: str) -> bool:
        """Whether a package is resolved anew, whatever the lock says of it."""
        return self.upgrade or name in self.renewed

    @property
    def filename(self) -> str:
        """What the file will be called."""
        return VEHICLES[self.profile.vehicle.form].filename(self.identity)


@dataclass(frozen=True)
class Site:
    """Where a story happens: the engine, this machine, what is remembered, and who listens.

    `layers` are those of base images, which an export keeps for the next one.
    """

    engine: Engine
    machine: Machine
    memory: Remembers
    reporter: Reporter
    layers: KeptFiles = field(default_factory=KeptFiles, kw_only=True)

    @property
    def maker(self) -> ImageMaker:
        """What makes images present here."""
        return ImageMaker(self.engine, self.machine, self.reporter)


@dataclass(frozen=True)
class World(Site):
    """A site where bundles can be built: with the index's settings, uv, and what signs.

    `sealer` is asked with the identity, the profile's digest and the statement's format.
    """

    network: HostNetwork
    tools: UvOnHost
    sealer: Callable[[BundleIdentity, str, str], Sealer]
    limits: Limits = field(default_factory=Limits)
    gems: GemSettings = field(default_factory=GemSettings)
    pythons: PythonPlaces = field(default_factory=lambda: PythonPlaces(Path()))


@dataclass(frozen=True)
class BuildReport:
    """A finished build: what was put into the bundle, what was proved of it, and where its lock lies."""

    draft: Draft
    proof: Proof
    bundle: BuiltBundle
    lock_path: Path

    @property
    def profile(self) -> Profile:
        """What it is for."""
        return self.draft.profile

    @property
    def image(self) -> PinnedImage:
        """Where it was proved."""
        return self.draft.image

    @property
    def facts(self) -> Facts:
        """Of that image."""
        return self.draft.facts

    @property
    def lock(self) -> Lock:
        """What is installed."""
        return self.draft.lock

    @property
    def wheels(self) -> WheelSet:
        """The files of it."""
        return self.draft.wheels
