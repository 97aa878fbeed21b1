"""A whole project's lock: what it pins, its sources built, and what travels about it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from parity.engine import Container
from parity.errors import InputFileError, LockOutdated
from parity.farside.names import normalize_name
from parity.fetch import fetch_wheels
from parity.files import write_atomic
from parity.model import BundleFile, Lock, LockedWheel, SourcePackage, WheelSet
from parity.model.network import clean_url
from parity.pack import file_in_archive, file_of_bytes
from parity.pipeline.sources import Built, Shop, together
from parity.pipeline.values import BuildRequest
from parity.project import (
    NO_LOCK,
    UV_LOCK,
    Project,
    describe,
    export_lock,
    project_files,
    read_project,
    sync_arguments,
)
from parity.resolve import (
    UV_PATH,
    DirectRequirement,
    ResolveInputs,
    WhatToInstall,
    inputs_digest,
    lock_state,
    read_lock,
    read_requirements,
    resolve_lock,
    resolver,
    select_project,
    split_requirements,
    write_lock,
)

SOURCES = "sources.json"


@dataclass(frozen=True)
class Resolved:
    """A lock, and the files that travel beside its wheels."""

    lock: Lock
    files: tuple[BundleFile, ...] = ()
    sync: str = ""


def project_lock(shop: Shop) -> Resolved:
    """The lock of the profile's project, its sources built into the store.

    Raises:
        LockOutdated: the project's own lock is stale; or `locked` was asked and parity's would change.
        ParityError: from reading, resolving, fetching or building.
    """
    request = shop.request
    if request.profile.project is None:
        raise InputFileError("the profile names no project", where=str(request.profile.path))
    project = read_project(request.profile.project)
    shop.world.tools.carry_uv(shop.room, shop.facts.arch)
    if project.lock == NO_LOCK:
        lock, built = _Unlocked(shop, project).lock()
    else:
        lock, built = _pinned(shop, project)
    lock = _kept(request, lock)
    if project.lock == UV_LOCK and project.direct:
        shop.world.reporter.warn(
            "the packages are carried, but uv will not work in a checkout on the far side: "
            f"{project.direct[0].partition('@')[0].strip()} names its source itself, not in tool.uv.sources"
        )
    words = [".parity/uv sync --locked", *sync_arguments(project)] if project.is_workable else []
    return Resolved(lock, _travelling(shop, project, lock, built), " ".join(words))


def _pinned(shop: Shop, project: Project) -> tuple[Lock, tuple[Built, ...]]:
    """What uv.lock or a PEP 751 lock says, to the letter."""
    if _own_requirements(shop.request).requirements:
        raise InputFileError(
            f"install.project has a {project.lock}, so install.requirements and install.files cannot join in",
            where=str(shop.request.profile.path),
            remedy="add them to the project, or leave them out here "
            "(`requirements: []` and `files: []` where a base profile has some)",
        )
    text = project.lock_text
    if project.lock == UV_LOCK:
        text = export_lock(shop.room, shop.facts.executable, UV_PATH, project, shop.world.reporter)
    inputs = _inputs(shop, (), project.digest())
    extras = () if project.lock == UV_LOCK else project.plan.extras
    groups = () if project.lock == UV_LOCK else project.groups
    selection = select_project(text, inputs, project.requested(), extras, groups)
    built = tuple(shop.build(source, project.plan.folder) for source in selection.sources)
    return _lock(inputs, [*selection.wheels, *(each.wheel for each in built)]), built


class _Unlocked:
    """A project without a lock: its requirements resolved, its sources built as they are met."""

    def __init__(self, shop: Shop, project: Project) -> None:
        self._shop = shop
        self._project = project
        self._existing = read_lock(shop.request.lock_path)
        self._where = str(project.plan.folder / "pyproject.toml")
        self._lines = list(_own_requirements(shop.request).requirements)
        self._built: dict[str, Built] = {}
        self._requested = project.requested()

    def lock(self) -> tuple[Lock, tuple[Built, ...]]:
        """Resolve; see `project_lock` for errors."""
        project, shop = self._project, self._shop
        if project.is_package:
            own = SourcePackage(project.name, "", "path", ".", requested=True)
            self._build(own, project.plan.extras)
        else:
            self._take(project.dependencies(), ())
        self._take(project.group_lines(), ())
        built = tuple(self._built[name] for name in sorted(self._built))
        inputs = _inputs(shop, self._lines, self._digest(built))
        found = self._resolved(inputs)
        kept = [
            replace(wheel, requested=wheel.requested and wheel.name in self._requested)
            for wheel in found
            if wheel.name not in self._built
        ]
        return _lock(inputs, [*kept, *(each.wheel for each in built)]), built

    def _resolved(self, inputs: ResolveInputs) -> tuple[LockedWheel, ...]:
        shop, world, existing = self._shop, self._shop.world, self._existing
        fresh = lock_state(existing, inputs_digest(inputs, resolver())) == "fresh"
        if existing is not None and fresh and not shop.request.upgrade:
            return existing.wheels
        if not inputs.what.requirements:
            return ()
        indexed = _without_built(existing)
        lock = resolve_lock(
            shop.room,
            shop.facts.executable,
            inputs,
            world.network,
            indexed,
            world.reporter,
            upgrade=shop.request.upgrade,
        )
        return lock.wheels

    def _digest(self, built: Sequence[Built]) -> str:
        origins = [each.wheel.origin.document() for each in built if each.wheel.origin]
        return json.dumps([self._project.digest(), origins])

    def _take(self, lines: Sequence[str], extras: Iterable[str]) -> None:
        """Sort requirement lines into those for the index and those that name a source."""
        chosen = [normalize_name(extra) for extra in extras]
        plain, direct = split_requirements(lines, self._where, self._shop.facts.markers, chosen)
        sources = self._project.pyproject.get("tool", {}).get("uv", {}).get("sources", {})
        named = {normalize_name(str(name)): source for name, source in sources.items()}
        for line in plain:
            if line.name == self._project.name or line.name in self._built:
                continue
            source = _named_source(line.name, named.get(line.name), self._where)
            if source is None:
                self._lines.append(line)
            else:
                self._build(source, _extras_of(line.text))
        for each in direct:
            self._build(_direct_source(each), each.extras)

    def _build(self, source: SourcePackage, extras: Iterable[str]) -> None:
        if source.name in self._built:
            return
        pinned = self._pin(replace(source, requested=source.name in self._requested))
        built = self._shop.build(pinned, self._project.plan.folder)
        self._built[source.name] = built
        self._take(built.requires, extras)

    def _pin(self, source: SourcePackage) -> SourcePackage:
        """A branch keeps the commit that the existing lock has for it."""
        if source.kind != "git" or self._existing is None or self._shop.request.upgrade:
            return source
        for wheel in self._existing.wheels:
            origin = wheel.origin
            if wheel.name == source.name and origin and origin.address == clean_url(source.address):
                return replace(source, commit=origin.commit)
        return source


def _named_source(name: str, entry: Any, where: str) -> SourcePackage | None:
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
    what = "workspaces and archives"
    raise InputFileError(
        f"{name}: {what} need a lock", where=where, remedy="run `uv lock`, so that their digests are known"
    )


def _direct_source(found: DirectRequirement) -> SourcePackage:
    """`name @ address`, as PEP 508 and the packaging guide write it."""
    if not found.url.startswith("git+"):
        raise InputFileError(
            f"{found.name}: an address without a known digest",
            where=clean_url(found.url),
            remedy="run `uv lock`, so that its digest is known",
        )
    address, _, fragment = found.url.removeprefix("git+").partition("#")
    head, at, revision = address.rpartition("@")
    if not at or "/" in revision.split(":")[0] or "://" not in head:
        head, revision = address, ""
    parts = dict(part.partition("=")[::2] for part in fragment.split("&") if part)
    inside = parts.get("subdirectory", "")
    return SourcePackage(found.name, "", "git", head, revision=revision, subdirectory=inside)


def _extras_of(text: str) -> tuple[str, ...]:
    _, opened, rest = text.partition("[")
    return tuple(part.strip() for part in rest.partition("]")[0].split(",")) if opened else ()


def _without_built(lock: Lock | None) -> Lock | None:
    if lock is None:
        return None
    return replace(lock, wheels=tuple(wheel for wheel in lock.wheels if wheel.origin is None))


def _inputs(shop: Shop, lines: Sequence[Any], digest: str) -> ResolveInputs:
    profile = shop.request.profile
    constraints = _own_requirements(shop.request).constraints
    return ResolveInputs(
        what=WhatToInstall(tuple(lines), constraints),
        facts=shop.facts,
        tags=shop.tags,
        index=profile.index,
        exclude_newer=profile.exclude_newer,
        project=digest,
    )


def _own_requirements(request: BuildRequest) -> WhatToInstall:
    """What the profile asks for besides the project."""
    return read_requirements(request.profile.requirements, request.profile.name)


def _lock(inputs: ResolveInputs, wheels: Iterable[LockedWheel]) -> Lock:
    return Lock(
        wheels=tuple(sorted(wheels, key=lambda wheel: wheel.name)),
        requires_python=inputs.requires_python,
        inputs=inputs_digest(inputs, resolver()),
        created_by=resolver(),
    )


def _kept(request: BuildRequest, lock: Lock) -> Lock:
    """Write the lock where it is new; with --locked it must be the one there is."""
    existing = read_lock(request.lock_path)
    if existing == lock:
        return lock
    if request.locked:
        changed = (
            sorted({w.name for w in lock.wheels} ^ {w.name for w in existing.wheels}) if existing else []
        )
        raise LockOutdated(
            "the project, or a wheel built from its sources, is not as it was locked"
            if existing
            else "there is no lock yet",
            where=str(request.lock_path),
            details=tuple(changed),
        )
    write_atomic(request.lock_path, write_lock(lock).encode())
    return lock


def _travelling(shop: Shop, project: Project, lock: Lock, built: Sequence[Built]) -> tuple[BundleFile, ...]:
    """The provenance of what was built, and for a uv.lock what the far side needs to lead uv."""
    files = [_sources_file(built, shop)] if built else []
    if not project.is_workable:
        return tuple(files)
    local = [each for each in built if each.wheel.origin and each.wheel.origin.kind == "path"]
    tools = together(found for each in local for found in (each.build, each.editable))
    carried = {wheel.filename for wheel in lock.wheels}
    tools = replace(tools, wheels=tuple(wheel for wheel in tools.wheels if wheel.filename not in carried))
    document = describe(project, lock.wheels, tools.wheels)
    files += [file_of_bytes(path, data) for path, data in project_files(project, document).items()]
    return (*files, *_build_files(shop, tools))


def _build_files(shop: Shop, tools: Lock) -> Iterator[BundleFile]:
    """The wheels that building the project on the far side needs, out of the store."""
    if not tools.wheels:
        return
    world = shop.world
    wheels: WheelSet = fetch_wheels(shop.room, shop.facts.executable, tools, world.network, world.reporter)
    for wheel in wheels.wheels:
        name = wheel.locked.filename
        yield file_in_archive(
            f"project/build/{name}",
            _opener(shop.room, f"{wheels.folder}/{name}"),
            wheel.size,
            wheel.locked.sha256,
        )


def _opener(room: Container, path: str) -> Any:
    return lambda: room.get(path)


def _sources_file(built: Sequence[Built], shop: Shop) -> BundleFile:
    """sources.json: for each wheel that was built, from what, with what, where."""
    document = {
        "format": "parity-sources/1",
        "image": shop.image.id,
        "network": "none",
        "frontend": resolver(),
        "built": [_provenance(each) for each in sorted(built, key=lambda one: one.wheel.name)],
    }
    return file_of_bytes(SOURCES, (json.dumps(document, indent=1, sort_keys=True) + "\n").encode())


def _provenance(built: Built) -> Mapping[str, object]:
    wheel = built.wheel
    return {
        "name": wheel.name,
        "version": wheel.version,
        "wheel": wheel.filename,
        "sha256": wheel.sha256,
        "origin": wheel.origin.document() if wheel.origin else {},
        "build_requires": [
            {"name": each.name, "version": each.version, "sha256": each.sha256} for each in built.build.wheels
        ],
        "same_bytes_twice": built.same_twice,
    }
