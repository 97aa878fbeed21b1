"""Sources to stored wheels: fetched by this machine or the workshop, built apart, hashed in between."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

from parity import __version__
from parity.audit import audit_wheels
from parity.engine import Container
from parity.engine.guests import run_guest
from parity.engine.workshop import AUDITS, STORE
from parity.errors import HashMismatch, SourceUnavailable
from parity.fetch import fetch_wheels
from parity.host.folders import cache_folder
from parity.host.git import Git
from parity.model import Facts, Lock, LockedWheel, Origin, PinnedImage, Requirements, SourcePackage, WheelSet
from parity.model.network import clean_url
from parity.pipeline.values import BuildRequest, World
from parity.project import (
    BuiltFile,
    Room,
    build_room,
    file_of_path,
    incoming_tar,
    tree_digest,
    tree_tar,
    version_variables,
)
from parity.resolve import (
    UV_PATH,
    ResolveInputs,
    index_document,
    locked_build,
    parse_lock,
    read_requirements,
    resolve_lock,
    write_lock,
)


@dataclass(frozen=True)
class Built:
    """A source that has become a wheel in the store.

    Attributes:
        wheel: as it stands in the lock.
        build: the wheels that its build was given.
        editable: those that an editable install of it needs.
        requires: its Requires-Dist lines.
        same_twice: whether two builds gave the same bytes.
    """

    wheel: LockedWheel
    build: Lock
    editable: Lock
    requires: tuple[str, ...]
    same_twice: bool


@dataclass(frozen=True)
class Shop:
    """Where sources are built: one run's request, image, facts, workshop and world."""

    request: BuildRequest
    image: PinnedImage
    facts: Facts
    tags: tuple[str, ...]
    room: Container
    world: World

    @property
    def git(self) -> Git:
        """This machine's git."""
        return Git(cache_folder(), os.environ)

    def build(self, source: SourcePackage, base: Path) -> Built:
        """Build one source, unless the very same was built in the very same image before.

        Args:
            source: with a commit or digest, or a path relative to `base`.
            base: the project's folder.

        Raises:
            SourceUnavailable, BuildFailed, and whatever fetching raises.
        """
        with self._opened(source, base) as opened:
            key = self._key(source, opened)
            seen = self.world.memory.recall("built", key)
            if seen is not None and (built := self._recalled(source, opened.origin, seen)):
                return built
            self.world.reporter.note(f"building {source.name or source.address}")
            built = self._make(source, opened)
        if not built.same_twice:
            self.world.reporter.warn(f"{built.wheel.filename}: two builds of it gave different bytes")
        self.world.memory.keep("built", key, _document(built))
        return built

    # --- fetching -----------------------------------------------------------------------------

    @contextmanager
    def _opened(self, source: SourcePackage, base: Path) -> Iterator[_Opened]:
        inside = source.subdirectory
        if source.kind == "git":
            commit = source.commit or self.git.resolve(source.address, source.revision)
            with self.git.checkout(source.address, commit) as folder:
                origin = Origin("git", clean_url(source.address), commit, tree_digest(folder), inside)
                version = source.version or self.git.described_commit(source.address, commit)
                yield _Opened(origin, folder, version)
        elif source.kind == "url":
            archive = self._archive(source)
            origin = Origin("url", clean_url(source.address), "", source.sha256, inside)
            yield _Opened(origin, archive, source.version)
        else:
            yield self._local(source, base / source.address)

    def _local(self, source: SourcePackage, path: Path) -> _Opened:
        if path.is_file():
            file = file_of_path(path)
            if source.sha256 and file.sha256 != source.sha256:
                raise HashMismatch("the file is not the one that was locked", where=str(path))
            self._keep(file)
            return _Opened(
                Origin("path", source.address, "", file.sha256, source.subdirectory),
                _content(file.sha256),
                source.version,
                file if path.suffix == ".whl" else None,
            )
        if not path.is_dir():
            raise SourceUnavailable(f"there is no {path}", where=source.name)
        version = source.version or self.git.described(path)
        origin = Origin("path", source.address, "", tree_digest(path), source.subdirectory)
        return _Opened(origin, path, version)

    def _archive(self, source: SourcePackage) -> str:
        """A source archive fetched into the store; its path there."""
        url = clean_url(source.address)
        filename = url.rpartition("/")[2]
        wheel = LockedWheel(source.name, source.version, filename, url, source.sha256, None, False)
        fetched = self._fetched(Lock((wheel,), "", "", ""))
        return f"{fetched.folder}/{filename}"

    def _fetched(self, lock: Lock) -> WheelSet:
        return fetch_wheels(self.room, self.facts.executable, lock, self.world.network, self.world.reporter)

    # --- building -----------------------------------------------------------------------------

    def _make(self, source: SourcePackage, opened: _Opened) -> Built:
        if opened.wheel is not None:
            nothing = Lock((), self._inputs(()).requires_python, "", "none")
            return self._kept(source, opened.origin, opened.wheel, nothing, nothing)
        place = opened.place
        stream: Iterable[bytes] | str = place if isinstance(place, str) else tree_tar(place, "source")
        with build_room(
            self.world.engine,
            self.image,
            self.facts,
            self.request.profile.rehearsal,
            self._carry_uv,
            stream,
            what=source.name or source.address,
            subdirectory=source.subdirectory,
            versions=version_variables(opened.version),
        ) as room:
            build, editable = self._requirements(room, source)
            file = room.build(self._folder(build))
            with file.content:
                return self._kept(source, opened.origin, file, build, editable)

    def _requirements(self, room: Room, source: SourcePackage) -> tuple[Lock, Lock]:
        """What building it needs, as locks: for a wheel, and for an editable install."""
        system = room.system()
        static = self._locked(system.requires, source)
        wheel, editable = room.requires(system, self._folder(static))
        build = self._locked((*system.requires, *wheel), source) if wheel else static
        return build, self._locked((*system.requires, *editable), source) if editable else static

    def _locked(self, lines: Sequence[str], source: SourcePackage) -> Lock:
        inputs = self._inputs(lines, f"the build requirements of {source.name or source.address}")
        if not inputs.what.requirements:
            return Lock((), inputs.requires_python, "", "none")
        world = self.world
        return resolve_lock(self.room, self.facts.executable, inputs, world.network, None, world.reporter)

    def _inputs(self, lines: Sequence[str], where: str = "") -> ResolveInputs:
        profile = self.request.profile
        return ResolveInputs(
            what=read_requirements(Requirements(inline=tuple(lines)), where),
            facts=self.facts,
            tags=self.tags,
            index=profile.index,
            exclude_newer=profile.exclude_newer,
        )

    def _folder(self, lock: Lock) -> str:
        """The lock's wheels in the store, judged like all others; the folder that holds them."""
        wheels = self._fetched(lock)
        allow = self.request.profile.rehearsal.allow
        audit_wheels(self.room, self.facts.executable, wheels, allow, self.world.reporter, cache=AUDITS)
        return wheels.folder

    def _carry_uv(self, container: Container, folder: str) -> str:
        self.world.tools.carry_uv(container, self.facts.arch, folder)
        return folder + UV_PATH

    # --- the store ----------------------------------------------------------------------------

    def _kept(
        self, source: SourcePackage, origin: Origin, file: BuiltFile, build: Lock, editable: Lock
    ) -> Built:
        said = self._keep(file)
        wheel = locked_build(source, file.filename, file.sha256, file.size, origin)
        return Built(wheel, build, editable, tuple(said["requires"]), file.same_twice)

    def _keep(self, file: BuiltFile) -> dict[str, Any]:
        """Bring a file into the store; what it says of itself."""
        self.room.put(f"{STORE}/partial", incoming_tar(file))
        said = self._said(file.filename, file.sha256, incoming=True)
        if not said["held"]:
            raise HashMismatch("the store did not keep the bytes that it was given", where=file.filename)
        return said

    def _said(self, filename: str, sha256: str, *, incoming: bool) -> dict[str, Any]:
        job = {
            "store": STORE,
            "files": [{"filename": filename, "sha256": sha256, "incoming": incoming}],
        }
        found: dict[str, Any] = run_guest(self.room, self.facts.executable, "keep", job)["files"][0]
        return found

    # --- what was built before ----------------------------------------------------------------

    def _key(self, source: SourcePackage, opened: _Opened) -> str:
        profile = self.request.profile
        parts = [
            __version__, _code(), self.image.id, opened.origin.document(), opened.version, source.name,
            index_document(profile.index), profile.exclude_newer, self.tags,
        ]  # fmt: skip
        return json.dumps(parts)

    def _recalled(self, source: SourcePackage, origin: Origin, seen: Mapping[str, Any]) -> Built | None:
        """What was built before, where the store still has it."""
        filename, sha256 = seen["filename"], seen["sha256"]
        said = self._said(filename, sha256, incoming=False)
        if not said["held"] or self.request.upgrade:
            return None
        return Built(
            wheel=locked_build(source, filename, sha256, said["size"], origin),
            build=_lock(seen["build"]),
            editable=_lock(seen["editable"]),
            requires=tuple(said["requires"]),
            same_twice=seen["same_twice"],
        )


@dataclass(frozen=True)
class _Opened:
    """A source at hand: its origin, the folder here or the archive in the store, the version if known."""

    origin: Origin
    place: Path | str
    version: str
    wheel: BuiltFile | None = None


@cache
def _code() -> str:
    """Changes with the code that builds, so that what an older one made is not taken."""
    guest = resources.files("parity.guest")
    parts = [guest.joinpath(name).read_bytes() for name in ("build.py", "uvrun.py")]
    return hashlib.sha256(b"".join(parts)).hexdigest()


def _document(built: Built) -> dict[str, object]:
    return {
        "filename": built.wheel.filename,
        "sha256": built.wheel.sha256,
        "build": _text(built.build),
        "editable": _text(built.editable),
        "same_twice": built.same_twice,
    }


def _text(lock: Lock) -> str:
    return write_lock(lock) if lock.wheels else ""


def _lock(text: str) -> Lock:
    return parse_lock(text, "what was built before") if text else Lock((), "", "", "")


def _content(sha256: str) -> str:
    """Where content lies in the store; see `parity.guest.store`."""
    return f"{STORE}/sha256/{sha256[:2]}/{sha256}"


def together(locks: Iterable[Lock]) -> Lock:
    """The wheels of several locks, each file once."""
    found = {wheel.filename: wheel for lock in locks for wheel in lock.wheels}
    return Lock(tuple(found[name] for name in sorted(found)), "", "", "")
