"""The distribution's packages in the story: named, locked, or found by rehearsing until none is missing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from parity.errors import LockOutdated, RehearsalFailed, SystemPackagesFailed
from parity.model import BundleFile, Proof, SystemPackage, SystemSet, WheelSet
from parity.native import capability, manager, providers
from parity.pack import Draft, file_in_archive
from parity.pipeline.context.lockfiles import put_lock, read_existing
from parity.pipeline.context.run import BuildRun
from parity.pipeline.rehearsal import cache
from parity.pipeline.rehearsal.early import Early, nothing
from parity.pipeline.rehearsal.natives import native_rules
from parity.portable.machine.host import same_release
from parity.rehearse import Carried, imports_of, wanted
from parity.system import (
    SYSTEM_LOCK,
    SystemLock,
    SystemWish,
    fetch_system,
    stored_at,
    system_inputs,
    write_system_lock,
)
from parity.wire.rehearsing import Seen

_ROUNDS = 4


def prove(
    search: SystemSearch, draft: Draft, carried: Callable[[Draft], Carried], early: Early
) -> tuple[Draft, Proof]:
    """Rehearse; where libraries are missing and the profile says `auto`, get them and rehearse again.

    Args:
        search: finds and fetches system packages.
        draft: without system packages.
        carried: what of a draft the rehearsal installs from.
        early: gives a container for the first rehearsal.

    Returns:
        the draft that was proved, and its proof.

    Raises:
        SystemPackagesFailed: packages cannot be had, or nothing is known that provides a library
            without which a requested package cannot be imported.
        ParityError: from the rehearsal.
    """
    found = search.begin()
    search.run.world.reporter.stage("rehearse")
    for _ in range(_ROUNDS):
        keep, packages = found, found.packages if found else ()
        carrying = draft.with_system(found if packages else None, search.files(packages))
        seen = cache.rehearsal_of(carrying, carried(carrying), search.run.world, early)
        early = nothing
        wider = search.widen(found, seen.document)
        if wider is None or wider.packages == packages:
            keep = wider
            break
        search.run.world.reporter.stage("rehearse", "again, with the system packages that were missing")
        found = wider
    try:
        proof = cache.proof_of(carrying, seen, search.run.world)
    except RehearsalFailed as failed:
        raise search.explained(failed, seen.document) from failed
    search.keep(keep)
    return carrying, proof


@dataclass(frozen=True)
class SystemSearch:
    """Finds the system packages of one build.

    Attributes:
        run: what is built, and in which workshop.
        wheels: what will be installed.
    """

    run: BuildRun
    wheels: WheelSet

    def begin(self) -> SystemSet | None:
        """What is known before the rehearsal: the lock's packages, or those that the profile names."""
        plan = self.run.request.profile.system
        if not (plan.names or plan.auto):
            return None
        self.run.world.reporter.stage("system", ", ".join(plan.names) or "auto")
        if not self._suits():
            return None
        locked = self._locked()
        if locked is not None:
            return locked
        return self._fetched(SystemWish(names=plan.names)) if plan.names else None

    def widen(self, have: SystemSet | None, seen: Seen) -> SystemSet | None:
        """What is carried, and packages for the libraries that the rehearsal found missing."""
        plan = self.run.request.profile.system
        known_missing = set(have.unprovided) if have else set()
        rules = native_rules(self.run.request.profile.target, {})
        missing = sorted((missing_libraries(seen) | wanted(seen, rules)) - known_missing)
        if not plan.auto or not missing or not self._alike:
            return have
        if self.run.request.locked:
            raise LockOutdated(
                f"libraries are missing that the locked system packages do not provide: {', '.join(missing)}",
                where=str(self._path),
            )
        self.run.world.reporter.stage("system", f"for {', '.join(missing)}")
        words = {library: self._words(library) for library in missing}
        names = tuple(package.name for package in have.packages if package.requested) if have else ()
        new = tuple(dict.fromkeys(word for found in words.values() for word in found if word not in names))
        if not new:  # of dpkg's systems alone nobody may know the package: rpm and apk record libraries
            return replace(
                have or SystemSet(manager(self.run.machine.os_id), ()),
                unprovided=tuple(sorted(known_missing | {*missing})),
            )
        wider = self._fetched(SystemWish(names=names, optional=new))
        lacking = {lib for lib, found in words.items() if not set(found) - set(wider.unprovided)}
        return replace(wider, unprovided=tuple(sorted(known_missing | lacking)))

    def _words(self, library: str) -> Sequence[str]:
        """What to ask the image's package manager for: what it records itself, else what the table says."""
        facts = self.run.facts
        word = capability(library, facts.os_id, facts.arch)
        return (word,) if word else providers(library, facts.os_id, facts.os_version, facts.arch)

    def explained(self, failed: RehearsalFailed, seen: Seen) -> Exception:
        """A failed rehearsal, which tells of libraries that no known package provides."""
        lacking = sorted({i["library"] for i in imports_of(seen) if i["requested"] and i["library"]})
        if not self.run.request.profile.system.auto or not lacking:
            return failed
        return SystemPackagesFailed(
            f"no package of {self.run.machine.os_name} is known that provides {', '.join(lacking)}",
            remedy="name the package in the profile under system-packages, or do without what needs it",
            details=(failed.message, *failed.details),
        )

    def files(self, packages: Sequence[SystemPackage]) -> tuple[BundleFile, ...]:
        """The packages as files of the payload; their bytes come out of the store."""
        get = self.run.container.get
        return tuple(
            file_in_archive(package.path, partial(get, stored_at(package)), package.size, package.sha256)
            for package in packages
        )

    def keep(self, found: SystemSet | None) -> None:
        """Write the lock, so that the next build asks for nothing."""
        if found is not None and not self.run.request.locked:
            text = write_system_lock(SystemLock(self._inputs, found))
            put_lock(SYSTEM_LOCK.read, self._path, text, self.run.world.reporter)

    @property
    def _path(self) -> Path:
        return SYSTEM_LOCK.path(self.run.request.lock_path)

    @property
    def _inputs(self) -> str:
        profile = self.run.request.profile
        digests = [wheel.locked.sha256 for wheel in self.wheels.wheels]
        return system_inputs(profile.system, profile.target, digests)

    @property
    def _alike(self) -> bool:
        """Whether the image is of the target's own distribution; a stand-in may be of another."""
        target, facts = self.run.request.profile.target, self.run.facts
        return target.os_id == facts.os_id and same_release(target.os_id, target.os_version, facts.os_version)

    def _suits(self) -> bool:
        """Whether packages can be had from the image; says so where they cannot."""
        target, facts = self.run.request.profile.target, self.run.facts
        if self._alike:
            return True
        if self.run.request.profile.system.auto:
            self.run.world.reporter.warn(f"system packages are left out: {facts.os_name} is only a stand-in")
            return False
        raise SystemPackagesFailed(
            f"packages of {facts.os_name} are none for {target.os_id} {target.os_version}",
            remedy="build in the target's own image, without --stand-in",
        )

    def _locked(self) -> SystemSet | None:
        """The lock's packages where it fits; None where there are to be others."""
        lock = read_existing(SYSTEM_LOCK.read, self._path, self.run.request)
        fits = lock is not None and lock.inputs == self._inputs
        if self.run.request.locked and not fits:
            raise LockOutdated(
                "there is no lock of the system packages, or it was made for others", where=str(self._path)
            )
        if lock is None or not fits or self.run.request.upgrade:
            return None
        try:
            return replace(self._fetched(SystemWish(locked=lock.found)), unprovided=lock.found.unprovided)
        except LockOutdated as gone:
            if self.run.request.locked:
                raise
            self.run.world.reporter.warn(f"{gone.message}: taking what there is now")
            return None

    def _fetched(self, wish: SystemWish) -> SystemSet:
        found, count = fetch_system(self.run.guest, wish, self.run.world.limits.system_packages)
        size = sum(package.size for package in found.packages) / 1e6
        self.run.world.reporter.note(f"{count} of {len(found.packages)} fetched, {size:.1f} MB together")
        for package in found.packages:
            self.run.world.reporter.debug(f"{package.name} {package.version} ({package.arch})")
        return found


def missing_libraries(seen: Seen) -> set[str]:
    """What imports and the linker did not find, in any package."""
    found = {each["library"] for each in imports_of(seen)}
    found |= {each["library"] for each in seen.get("missing_libraries", ())}
    return found - {""}
