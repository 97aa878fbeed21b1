"""The profile's Ruby gems: locked or resolved, brought into the store, judged, built where they must be."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cached_property, partial
from pathlib import Path

from parity.errors import HashMismatch, HostileSource, LockOutdated
from parity.fetch import said_of_files
from parity.gems import (
    GEM_LOCK,
    JUDGED_BY,
    GemLock,
    GemWay,
    JudgedGems,
    RubyPlace,
    built_gems,
    check_gem,
    demand_same,
    features_of,
    fetched_gems,
    gem_inputs,
    judged_gems,
    with_gemfile,
    write_gem_lock,
)
from parity.model import BundleFile, CarriedGem, GemSet, GemsPlan, LockedGem
from parity.pack import Draft, file_in_archive
from parity.pipeline.context.lockfiles import put_lock, read_existing
from parity.pipeline.context.run import BuildRun
from parity.pipeline.rehearsal.cache import question
from parity.pipeline.sources.builder import builder_of
from parity.pipeline.sources.store import SourceStore, content
from parity.portable.texts import counted
from parity.project import BuiltFile, files_of_tar
from parity.wire.gems import GemFetched, GemSaid, GemsJudged
from parity.wire.shapes import Malformed, read
from parity.wire.store import FileKept, FileTold


def tell_of_gems(run: BuildRun) -> None:
    """Say where only Python packages are resolved that the profile's gems are no part of that."""
    if run.profile.gems.wanted or run.profile.gems.gemfile:
        run.world.reporter.warn(
            "the profile's gems are not looked at here: `parity lock` and `parity build` lock them"
        )


def locked_gems(run: BuildRun) -> GemSet | None:
    """The profile's gems, their lock written; None where it names none. They are judged and built, too.

    Raises:
        InputFileError: a Gemfile's lock cannot be read.
        LockOutdated, LockInvalid, HashMismatch: the lock does not serve.
        Unresolvable, IndexFailed, HostileSource: they cannot be had.
        BuildFailed: one that must be built does not build.
    """
    plan = with_gemfile(run.profile.gems)
    if not plan.wanted:
        return None
    run.world.reporter.stage("gems", ", ".join(plan.asked))
    return _GemsOfRun(run, plan).found()


def with_gems(run: BuildRun, draft: Draft) -> Draft:
    """The draft with the profile's gems; errors as `locked_gems`."""
    gems = locked_gems(run)
    return draft if gems is None else draft.with_gems(gems, tuple(_file(run, each) for each in gems.gems))


def _file(run: BuildRun, gem: CarriedGem) -> BundleFile:
    get = run.container.get
    return file_in_archive(gem.path, partial(get, content(gem.sha256)), gem.size, gem.sha256)


@dataclass(frozen=True)
class _GemsOfRun:
    run: BuildRun
    plan: GemsPlan

    def found(self) -> GemSet:
        """The gems, and their lock written."""
        lock = self._lock()
        gems = self._stored(lock.gems if lock else None)
        judged = self._judged(gems)
        # Only after the gems were read is Ruby known: to ask it first would cost another container.
        if lock and lock.abi != judged.ruby["abi"]:
            told = f"it was made for Ruby {lock.abi}, and the image has {judged.ruby['abi']}"
            if self.run.request.locked:
                raise LockOutdated(f"the lock of the gems does not serve: {told}", where=str(self._path))
            self.run.world.reporter.warn(f"the gems are resolved anew: their lock does not serve: {told}")
            gems = self._stored(None)
            judged = self._judged(gems)
        # Written when all was judged and built: a lock never names what no bundle could carry.
        gems, carried = self._carried(gems, judged)
        self._keep(GemLock(self._inputs, judged.ruby["abi"], gems))
        return GemSet(judged.ruby["abi"], carried)

    # --- the lock -----------------------------------------------------------------------------

    @property
    def _path(self) -> Path:
        return GEM_LOCK.path(self.run.request.lock_path)

    @property
    def _inputs(self) -> str:
        return gem_inputs(self.plan, self.run.profile.target)

    def _lock(self) -> GemLock | None:
        """The lock where it fits; None where gems are to be resolved."""
        lock = read_existing(GEM_LOCK.read, self._path, self.run.request)
        fits = lock is not None and lock.inputs == self._inputs
        if self.run.request.locked and not fits:
            raise LockOutdated(
                "there is no lock of the gems, or it was made for others", where=str(self._path)
            )
        return lock if fits and not self.run.request.upgrade else None

    def _keep(self, lock: GemLock) -> None:
        if not self.run.request.locked:
            put_lock(GEM_LOCK.read, self._path, write_gem_lock(lock), self.run.world.reporter)

    # --- the store ----------------------------------------------------------------------------

    def _held(self, digests: Sequence[str]) -> bool:
        files: list[FileKept] = [{"filename": "", "sha256": each, "incoming": None} for each in digests]
        return all(each["held"] for each in said_of_files(self.run.guest, files))

    def _stored(self, locked: Sequence[LockedGem] | None) -> tuple[LockedGem, ...]:
        """The gems, their files in the store; resolved where nothing is locked."""
        if locked is not None and self._held([each.sha256 for each in locked]):
            self.run.world.reporter.note(f"0 of {counted(len(locked), 'gem')} came over the network")
            return tuple(locked)
        way = GemWay(self.run.world.network, self.run.world.gems)
        with fetched_gems(self._place, self.plan, locked, way) as came:
            sources = {row["file"]: row for row in came.rows}
            kept = {
                file.filename: (said["sha256"], said["size"])
                for file in files_of_tar(came.files, "the gems")
                # gem leaves more in the folder than files of gems; nothing else is taken along.
                if file.filename in sources
                for said in [self._stored_file(file, locked)]
            }
        # What Ruby told of and what came out are two things: the second is hashed here.
        if lacking := sorted(sources.keys() - kept.keys()):
            raise HashMismatch(f"gems did not come: {', '.join(lacking)}")
        if came.present:
            self.run.world.reporter.note(f"of the image's own Ruby serve {', '.join(came.present)}")
        self.run.world.reporter.note(f"{counted(len(kept), 'gem')} came over the network")
        # The lock's own rows, which say what was built of a gem, and not what the source says now.
        if locked is not None:
            return tuple(locked)
        return tuple(self._gem(row, *kept[row["file"]]) for row in came.rows)

    def _stored_file(self, file: BuiltFile, locked: Sequence[LockedGem] | None) -> FileTold:
        with file.content:
            # The lock knows more than bundler's, whose digests may be few.
            known = {**dict(self.plan.checksums), **{each.file: each.sha256 for each in locked or ()}}
            if known.get(file.filename, file.sha256) != file.sha256:
                raise HashMismatch(
                    "the source has other bytes than were locked",
                    where=file.filename,
                    remedy="find out why; --upgrade locks what it has now",
                    details=(f"locked: sha256 {known[file.filename]}", f"found:  sha256 {file.sha256}"),
                )
            return SourceStore(self.run).keep(file)

    def _gem(self, row: GemFetched, sha256: str, size: int) -> LockedGem:
        gem = LockedGem(
            name=row["name"],
            version=row["version"],
            platform=row["platform"],
            file=row["file"],
            sha256=sha256,
            size=size,
            requested=row["name"] in self.plan.asked,
            source=row["source"],
        )
        try:
            check_gem(gem)
        except ValueError as error:
            raise HostileSource(f"what a source gave is no gem: {error}", where=row["source"]) from error
        return gem

    # --- judging and building -----------------------------------------------------------------

    @cached_property
    def _place(self) -> RubyPlace:
        run = self.run
        return RubyPlace(run.world.engine, run.image, run.facts, run.profile.building)

    def _read(self, files: Sequence[tuple[str, str]]) -> JudgedGems:
        """What gems say of themselves; the same bytes say the same to the same Ruby."""
        image, memory = self.run.image, self.run.world.memory
        key = question("gems", image.content, image.id, image.platform, JUDGED_BY, list(files))
        with suppress(Malformed):
            if (seen := memory.recall("gems", key)) is not None:
                known = read(GemsJudged, seen)
                return JudgedGems(known["ruby"], tuple(known["said"]))
        judged = judged_gems(self._place, files)
        memory.keep("gems", key, {"ruby": judged.ruby, "said": list(judged.said)})
        return judged

    def _judged(self, gems: Sequence[LockedGem]) -> JudgedGems:
        judged = self._read([(each.file, each.sha256) for each in gems])
        for gem, said in zip(gems, judged.said, strict=True):
            demand_same(gem, said)
            if said["plugin"]:
                self.run.world.reporter.warn(
                    f"{gem.label} brings a plugin of gem itself: not the installation, but each later `gem` "
                    "command with this GEM_HOME runs it"
                )
        return judged

    def _carried(
        self, gems: tuple[LockedGem, ...], judged: JudgedGems
    ) -> tuple[tuple[LockedGem, ...], tuple[CarriedGem, ...]]:
        """The gems with what was built of them, and what travels."""
        building = [gem.file for gem, said in zip(gems, judged.said, strict=True) if said["extensions"]]
        gems = tuple(gem if gem.file in building else _unbuilt(gem) for gem in gems)
        if building:
            gems = self._built(gems, building)
        built = [(each.built_file, each.built_sha256) for each in gems if each.built_file]
        again = self._read(built).said if built else ()
        told = {gem.file: said for gem, said in zip(gems, judged.said, strict=True)}
        told.update({each.file: said for each, said in zip(_of_built(gems), again, strict=True)})
        return gems, tuple(self._travelling(gem, told[gem.file]) for gem in gems)

    def _travelling(self, gem: LockedGem, said: GemSaid) -> CarriedGem:
        # The platform of a built one is this machine's, so it is not compared.
        if [said["name"], said["version"], said["extensions"]] != [gem.name, gem.version, []]:
            raise HostileSource(f"what was built of {gem.label} is another gem", where=gem.source)
        features = features_of(said, dict(self.plan.features))
        file, sha256, size = gem.file, gem.sha256, gem.size
        if gem.built_file:
            file, sha256, size = gem.built_file, gem.built_sha256, gem.built_size
        return CarriedGem(
            gem.name, gem.version, said["platform"], file, sha256, size, gem.requested, features
        )

    def _built(self, gems: tuple[LockedGem, ...], building: Sequence[str]) -> tuple[LockedGem, ...]:
        """With what was built, out of the store where it is there."""
        # As with wheels: what the lock says was built is taken, and not built again.
        known = [each.built_sha256 for each in gems if each.file in building]
        if all(known) and self._held(known):
            return gems
        run = self.run
        run.world.reporter.note(f"building {', '.join(building)} without network")
        # Whatever `builder` says: the target's own image has no compiler.
        place = replace(self._place, image=builder_of(run).image)
        made: dict[str, BuiltFile] = {}
        with built_gems(place, [(each.file, each.sha256) for each in gems], building) as (names, stream):
            for file in files_of_tar(stream, "the gems"):
                with file.content:
                    SourceStore(run).keep(file)
                made[file.filename] = file
        if lacking := sorted(set(names.values()) - made.keys()):
            raise HashMismatch(f"built gems did not come out: {', '.join(lacking)}")
        return tuple(
            self._with_built(gem, made[names[gem.file]]) if gem.file in names else gem for gem in gems
        )

    def _with_built(self, gem: LockedGem, file: BuiltFile) -> LockedGem:
        if gem.built_sha256 and gem.built_sha256 != file.sha256:
            told = f"{file.filename} was built to other bytes than were locked"
            if self.run.request.locked:
                raise LockOutdated(told, where=str(self._path))
            # Compilers write paths and times of their own; whoever locked says whether that may pass.
            self.run.world.reporter.warn(told)
        return replace(gem, built_file=file.filename, built_sha256=file.sha256, built_size=file.size)


def _unbuilt(gem: LockedGem) -> LockedGem:
    return replace(gem, built_file="", built_sha256="", built_size=0)


def _of_built(gems: Sequence[LockedGem]) -> list[LockedGem]:
    return [each for each in gems if each.built_file]
