"""Requirements of indexes and of sources resolved together; each source is built when it is met."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from parity.errors import HostileSource, InputFileError, Unresolvable
from parity.fetch import fetch_wheels
from parity.model import Lock, LockedWheel, Origin, SourcePackage
from parity.model.project import told_address
from parity.pipeline.locking.chasing import chase, is_chase
from parity.pipeline.locking.lock_file import locked
from parity.pipeline.sources.builder import SourceBuilder
from parity.pipeline.sources.built import NOTHING, Built, is_wheel, known_of
from parity.portable.names import normalize_name
from parity.resolve import (
    DirectRequirement,
    Known,
    RequirementLine,
    ResolveInputs,
    inputs_digest,
    lock_state,
    require_fresh,
    resolve_lock,
    resolver,
    split_requirements,
)


@dataclass
class Gathering:
    """What is asked for, and what was built of it.

    Attributes:
        builder: where sources are built.
        base: the folder that paths of sources start at.
        where: what asks, for messages.
        replaced: the `tool.uv.sources` of a project: sources of packages that requirements only name.
        left_out: names that requirement lines may say and that are not taken from an index.
        requested: names that the user asks for; those of `want` besides.
    """

    builder: SourceBuilder
    base: Path
    where: str
    replaced: Mapping[str, object] = field(default_factory=dict)
    left_out: Collection[str] = ()
    requested: frozenset[str] = frozenset()
    _lines: list[RequirementLine] = field(default_factory=list)
    _built: dict[str, Built] = field(default_factory=dict)
    _extras: dict[str, set[str]] = field(default_factory=dict)
    _addresses: dict[str, str] = field(default_factory=dict)
    _own: set[str] = field(default_factory=set)
    _named: dict[str, SourcePackage] = field(default_factory=dict)
    _told: Lock = field(default=NOTHING)

    def take(self, lines: Sequence[str]) -> None:
        """Take requirement lines (PEP 508) of the user's own project."""
        plain, direct = split_requirements(lines, self.where, self.builder.run.machine.markers, (), self.base)
        self.want(self._without_sources(plain), direct)

    def want(self, plain: Iterable[RequirementLine], direct: Iterable[DirectRequirement]) -> None:
        """Take lines for an index, and those that name their source, if their markers hold."""
        self._lines += [line for line in plain if line.name not in self.left_out]
        held = [each for each in direct if each.holds(self.builder.run.machine.markers)]
        sources = [replace(each.source(self.base), requested=True) for each in held]
        self._named.update({source.name: source for source in sources if source.name})
        for each, source in zip(held, sources, strict=True):
            self.build(source, each.extras)

    def build(self, source: SourcePackage, extras: Iterable[str]) -> Built:
        """Build a source, and what it requires of other sources; gives it with the extras that it has."""
        name = source.name or self._addresses.get(source.address, "")
        if name not in self._built:
            wanted = source.requested or source.name in self.requested
            there = self._locked_origin(source)
            pinned = replace(_pinned(source, there), requested=wanted)
            built = self.builder.build(pinned, self.base, there if self.builder.run.request.locked else None)
            name = built.wheel.name
            self._built[name], self._addresses[source.address] = built, name
            self._extras[name] = set()
            if self._is_own(source):
                self._own.add(name)
            self._follow(built, ())
        fresh = {normalize_name(extra) for extra in extras} - self._extras[name]
        self._extras[name] |= fresh
        if fresh:
            self._follow(self._built[name], fresh)
        return self._built[name]

    def resolved(
        self, constraints: tuple[RequirementLine, ...], asked: object
    ) -> tuple[Lock, tuple[Built, ...]]:
        """The lock of all that was taken, and everything in it that was built.

        Args:
            constraints: limits of versions.
            asked: what decides about the lock besides, as JSON.

        Raises:
            LockOutdated: `locked` was asked, and the lock is missing or was made of something else.
            ParityError: from resolving, fetching or building.
        """
        request = self.builder.run.request
        inputs = self._inputs(constraints, asked)
        if request.locked:
            require_fresh(self.builder.run.existing, inputs_digest(inputs, resolver()), request.lock_path)
        indexed, sdists = self._chosen(inputs)
        built = {**self._built, **{each.wheel.name: each for each in sdists}}
        kept = [
            replace(wheel, requested=wheel.name in self.requested)
            for wheel in indexed
            if wheel.name not in built
        ]
        lock = locked(inputs, [*kept, *(each.wheel for each in built.values())])
        lock = replace(lock, held_back=self._told.held_back, notes=self._told.notes)
        return lock, tuple(built.values())

    def _inputs(self, constraints: tuple[RequirementLine, ...], asked: object) -> ResolveInputs:
        run, profile = self.builder.run, self.builder.run.profile
        origins = [built.wheel.origin for _, built in sorted(self._built.items())]
        return ResolveInputs(
            what=replace(run.request.what, requirements=tuple(self._lines), constraints=constraints),
            facts=run.machine,
            tags=run.tags,
            index=profile.index,
            exclude_newer=profile.exclude_newer,
            prereleases=profile.prereleases,
            project=json.dumps([asked, [origin.document() for origin in origins if origin]]),
            sources=tuple(name for name in profile.sources.names if name not in self._built),
            auto=profile.sources.auto,
        )

    def _chosen(self, inputs: ResolveInputs) -> tuple[Sequence[LockedWheel], Sequence[Built]]:
        """The wheels of indexes, and the source distributions built: of the lock there is, or resolved."""
        existing = self.builder.run.existing
        fresh = lock_state(existing, inputs_digest(inputs, resolver())) == "fresh"
        if existing is not None and fresh and not self.builder.run.request.is_fresh_start:
            again = [
                _again(wheel, wheel.origin)
                for wheel in existing.wheels
                if wheel.origin and wheel.origin.kind == "sdist"
            ]
            indexed = [wheel for wheel in existing.wheels if wheel.origin is None]
            self._told = existing
            return indexed, [self.builder.build(source, self.base) for source in again]
        if not inputs.what.requirements and not self._built:
            return (), ()
        return self._resolved_anew(inputs)

    def _resolved_anew(self, inputs: ResolveInputs) -> tuple[Sequence[LockedWheel], Sequence[Built]]:
        """Resolve and build in turns, until nothing is chosen that was not built."""
        run, sdists = self.builder.run, dict[tuple[str, str], Built]()
        kept = _indexed(self.builder.run.existing)
        direct = self._known_by_path()
        while not is_chase(sdists):
            known = (*direct, *(known_of(each, (), "") for each in sdists.values()))
            lock = resolve_lock(
                run.guest,
                inputs,
                kept,
                upgrade=run.request.upgrade,
                renewed=run.request.renewed,
                timeout=run.world.limits.resolving,
                known=known,
                thorough=True,
                ahead=not run.request.dry,
            )
            self._told = lock
            chosen = {(wheel.name, wheel.version): wheel for wheel in lock.wheels if not is_wheel(wheel)}
            if chosen.keys() <= sdists.keys():
                found = [wheel for wheel in lock.wheels if is_wheel(wheel)]
                return found, [sdists[each] for each in chosen]
            for key in chosen.keys() - sdists.keys():
                sdists[key] = self._built_sdist(chosen[key])
        raise chase(sdists)

    def _built_sdist(self, file: LockedWheel) -> Built:
        source = SourcePackage(
            file.name, file.version, "sdist", file.url, sha256=file.sha256,
            requested=file.name in self.requested, index=file.index, path=file.path,
        )  # fmt: skip
        built = self.builder.build(source, self.base)
        _, direct = split_requirements(built.requires, file.filename, self.builder.run.machine.markers)
        if direct:
            raise Unresolvable(
                f"{file.name} {file.version} requires {direct[0].name} from an address, not from an index",
                where=file.name,
                remedy="name that source among your own requirements, or use another version",
            )
        return built

    def _known_by_path(self) -> list[Known]:
        """What was built of sources that requirements name: the resolver takes those very wheels."""
        if not self._built:
            return []
        wheels = tuple(self._built[name].wheel for name in sorted(self._built))
        folder = fetch_wheels(self.builder.run.guest, wheels).folder
        return [
            known_of(self._built[wheel.name], sorted(self._extras[wheel.name]), f"{folder}/{wheel.filename}")
            for wheel in wheels
        ]

    def _follow(self, built: Built, extras: Collection[str]) -> None:
        """Build the sources that a built package requires; what it requires of indexes the resolver sees."""
        where = built.wheel.filename
        markers = self.builder.run.machine.markers
        plain, direct = split_requirements(built.requires, where, markers, sorted(extras), self.base)
        self._without_sources(plain)
        for each in direct:
            if each.is_local and built.wheel.name not in self._own:
                self.build(self._named_by_the_user(each, built), each.extras)
            else:
                self.build(each.source(self.base), each.extras)

    def _named_by_the_user(self, each: DirectRequirement, built: Built) -> SourcePackage:
        """What the user names, or has named, where a package would have this machine's own files."""
        if each.name in self._named or each.name in self._built:
            return self._named.get(each.name, SourcePackage(each.name, "", "path", "."))
        raise HostileSource(
            f"{built.wheel.name} requires {each.name} from this machine's own files",
            where=built.wheel.filename,
            remedy="only your own folders may name others of this machine: if you trust it, name "
            f"the source of {each.name} among your own requirements",
        )

    def _is_own(self, source: SourcePackage) -> bool:
        """Whether it is a folder of the user's, whose words are the user's."""
        return source.kind == "path" and (self.base / source.address).is_dir()

    def _without_sources(self, plain: Iterable[RequirementLine]) -> list[RequirementLine]:
        """Build those lines whose source the project names elsewhere; the others."""
        rest = []
        for line in plain:
            source = _named_source(line.name, self.replaced.get(line.name), self.where)
            if source is None or line.name in self.left_out:
                rest.append(line)
            else:
                self.build(source, _extras_of(line.text))
        return rest

    def _locked_origin(self, source: SourcePackage) -> Origin | None:
        """What the existing lock has for a source; None where it has none, or where all is to be new."""
        if self.builder.run.existing is None:
            return None
        for wheel in self.builder.run.existing.wheels:
            origin = wheel.origin
            same = (
                origin
                and origin.kind == source.kind
                and origin.address == told_address(source.kind, source.address)
            )
            if same and source.name in ("", wheel.name):
                return None if self.builder.run.request.is_renewed(wheel.name) else origin
        return None


def _pinned(source: SourcePackage, locked: Origin | None) -> SourcePackage:
    """A branch keeps the commit that it was locked to, an address its digest."""
    if locked is None or source.kind == "path" or locked.revision != source.revision:
        return source
    return replace(source, commit=locked.commit, sha256=source.sha256 or locked.sha256)


def _indexed(lock: Lock | None) -> Lock | None:
    """What the resolver may prefer: all that came from an index; None where that is nothing."""
    wheels = lock.wheels if lock else ()
    kept = tuple(wheel for wheel in wheels if wheel.origin is None or wheel.origin.kind == "sdist")
    return replace(lock, wheels=kept) if lock and kept else None


def _again(wheel: LockedWheel, origin: Origin) -> SourcePackage:
    """The source distribution that a locked wheel was built from."""
    return SourcePackage(
        wheel.name, wheel.version, "sdist", origin.address, sha256=origin.sha256,
        requested=wheel.requested, index=wheel.index, path=wheel.path,
    )  # fmt: skip


def _named_source(name: str, entry: object, where: str) -> SourcePackage | None:
    """The source that tool.uv.sources names for a package; None where an index has it."""
    if not isinstance(entry, dict) or "index" in entry:
        if isinstance(entry, list):
            raise InputFileError(
                f"several sources for {name}", where=where, remedy="run `uv lock`: uv knows which one counts"
            )
        return None
    inside = str(entry.get("subdirectory", ""))
    if "git" in entry:
        revision = str(entry.get("rev") or entry.get("tag") or entry.get("branch") or "")
        return SourcePackage(name, "", "git", str(entry["git"]), revision=revision, subdirectory=inside)
    if "path" in entry:
        return SourcePackage(name, "", "path", str(entry["path"]), subdirectory=inside)
    if "url" in entry:
        return SourcePackage(name, "", "url", str(entry["url"]), subdirectory=inside)
    raise InputFileError(
        f"{name}: workspaces need a lock",
        where=where,
        remedy="run `uv lock`, so that it is known what counts",
    )


def _extras_of(text: str) -> tuple[str, ...]:
    _, opened, rest = text.partition("[")
    return tuple(part.strip() for part in rest.partition("]")[0].split(",")) if opened else ()
