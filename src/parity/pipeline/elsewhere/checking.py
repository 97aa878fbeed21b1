"""A worker's report held against the request: what it may say, what must be as here, what fits together."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace

from parity import __version__
from parity.errors import LockInvalid, NotAStandIn, ParityMismatch, ProbeFailed, WorkerRefused
from parity.gems import GEM_LOCK, GemLock
from parity.model import (
    BundleFile,
    CarriedGem,
    GemSet,
    Lock,
    LockedGem,
    StoredWheel,
    SystemPackage,
    WheelSet,
    chain_id,
)
from parity.other_files import files_on_disk
from parity.pack import Draft
from parity.pipeline.build import carries_uv, said_of_pip
from parity.pipeline.context.values import BuildRequest
from parity.pipeline.elsewhere.built import BuiltElsewhere, FileSaid, named_file
from parity.pipeline.sources.provenance import SOURCES
from parity.portable.bundle.manifest import OTHER_FILES
from parity.portable.bundle.proof import parse as parse_proof
from parity.portable.errors import BundleDamaged
from parity.probe import check_parity, check_stand_in, parse_facts, travelling
from parity.progress import Silent
from parity.resolve import parse_lock, read_lock, uv_wheel, write_lock
from parity.system import SYSTEM_LOCK, SystemLock

WHERE = "the worker's report"


def checked_draft(request: BuildRequest, built: BuiltElsewhere) -> Draft:
    """What the bundle holds, by the worker's word as far as it can be believed, and by our own.

    Whatever parity writes into a bundle by itself (its installer, texts, what was asked for) is ours.

    Raises:
        WorkerRefused: something cannot be, or is not what was asked for.
    """
    if built.parity != __version__:
        told = built.parity[:40]
        raise WorkerRefused(
            f"the worker has parity {told!a}, and this one is {__version__}",
            remedy="install the same version here and where the workers run",
        )
    profile = request.profile
    with _as_refused():
        facts = parse_facts(built.facts, WHERE)
        (check_stand_in if request.stand_in else check_parity)(profile.target, facts, WHERE)
        parse_proof(json.dumps(built.proof.document).encode())
        lock = checked_lock(request, built)
        image = replace(built.image, stand_in_for=str(profile.image) if request.stand_in else None)
        _system(built)
        _gems(built)
    system = built.system
    return Draft(
        profile=profile,
        image=image,
        facts=facts,
        travelling_facts=travelling(facts.document),
        lock=lock,
        wheels=_wheels(lock, built),
        uv=_uv(request),
        more=_more(request, built),
        pip_note=said_of_pip(image, facts, lock),
        system=system,
        system_files=_files(system.packages if system else ()),
        asked=request.asked_files(),
        gems=built.gems,
        gem_files=_files(built.gems.gems if built.gems else ()),
    )


def _files(packages: Iterable[SystemPackage | CarriedGem]) -> tuple[BundleFile, ...]:
    return tuple(BundleFile(each.path, each.size, each.sha256, None) for each in packages)


@contextmanager
def _as_refused() -> Iterator[None]:
    """What is refused when it is read from a file is refused from a worker."""
    try:
        yield
    except (LockInvalid, ParityMismatch, NotAStandIn, ProbeFailed, BundleDamaged, ValueError) as error:
        raise WorkerRefused(f"what the worker tells cannot be: {error}") from error


# --- the lock -----------------------------------------------------------------------------------------


def checked_lock(request: BuildRequest, built: BuiltElsewhere) -> Lock:
    """The lock, every name and digest in it as a lock may have them, and what the request demands of it.

    Raises:
        WorkerRefused, LockInvalid: it is not.
    """
    lock = built.lock
    # Written and read again: a lock that no file could hold is none.
    if _bare(parse_lock(write_lock(lock), WHERE)) != _bare(lock):
        raise WorkerRefused("the worker's lock says what no lock can say")
    if _bare(parse_lock(built.locks[0], WHERE)) != _bare(lock):
        raise WorkerRefused("the worker built another set than its lock says")
    if request.locked:
        ours = read_lock(request.lock_path)
        if ours is None or _bare(ours) != _bare(lock):
            raise WorkerRefused("the worker did not keep to the lock", where=str(request.lock_path))
    if lock.image is not None and chain_id(built.image.layers) != lock.image.content:
        raise WorkerRefused("the worker rehearsed in another image than its lock holds")
    allowed = request.what.hashes()
    for wheel in lock.wheels:
        if wheel.origin is None and wheel.sha256 not in allowed.get(wheel.name, {wheel.sha256}):
            raise WorkerRefused(f"the worker took a {wheel.name} whose hash the requirements do not name")
    return lock


def _bare(lock: Lock) -> Lock:
    """Without what only the build had to say."""
    return replace(lock, notes=(), held_back=())


def _wheels(lock: Lock, built: BuiltElsewhere) -> WheelSet:
    told = [each.size for each in lock.wheels]
    if len(built.sizes) != len(told) or any(
        size < 0 or size != (locked or size) for size, locked in zip(built.sizes, told, strict=False)
    ):
        raise WorkerRefused("the sizes of the worker's wheels are not those of its lock")
    stored = tuple(StoredWheel(wheel, size) for wheel, size in zip(lock.wheels, built.sizes, strict=True))
    return WheelSet(stored, "", built.fetched, built.fetched_bytes)


# --- what travels besides -----------------------------------------------------------------------------


def _uv(request: BuildRequest) -> BundleFile | None:
    if not carries_uv(request.profile):
        return None
    pinned = uv_wheel(request.profile.target.arch)
    return BundleFile(f"tools/{pinned.filename}", pinned.size, pinned.sha256, None)


def _more(request: BuildRequest, built: BuiltElsewhere) -> tuple[BundleFile, ...]:
    """The profile's other files, as they are here; of those with an address what the profile says of them."""
    entries = request.profile.other_files
    ours = {each.path: each for each in files_on_disk(entries, Silent())}
    fetched = {OTHER_FILES + each.place: each for each in entries if each.url}
    built_here = any(wheel.origin for wheel in built.lock.wheels)
    seen = [each.path for each in built.more]
    if sorted(seen) != sorted({*ours, *fetched, *([SOURCES] if built_here else [])}):
        raise WorkerRefused("the worker carries other files than the profile names")
    for said in built.more:
        right = _same_file(said, ours[said.path]) if said.path in ours else said.size >= 0
        if said.path in fetched:
            entry = fetched[said.path]
            right = right and (said.sha256, said.executable) == (entry.sha256, bool(entry.executable))
        if not right:
            raise WorkerRefused(f"the worker carries another {said.path} than the profile names")
    return tuple(map(named_file, built.more))


def _same_file(said: FileSaid, ours: BundleFile) -> bool:
    return (said.size, said.sha256, said.executable) == (ours.size, ours.sha256, ours.executable)


def _system(built: BuiltElsewhere) -> None:
    lock = _read(SYSTEM_LOCK.parse, built.locks[1])
    packages = lock.found.packages if isinstance(lock, SystemLock) else ()
    if built.system is not None and (lock is None or built.system.packages != packages):
        raise WorkerRefused("the worker carries other system packages than its lock says")
    if isinstance(lock, SystemLock) and built.system and built.system.manager != lock.found.manager:
        raise WorkerRefused("the worker's system packages are of another manager than its lock says")


def _gems(built: BuiltElsewhere) -> None:
    lock = _read(GEM_LOCK.parse, built.locks[2])
    if built.gems is None:
        return
    if not isinstance(lock, GemLock) or not _are_those(built.gems, lock):
        raise WorkerRefused("the worker carries other gems than its lock says")


def _are_those(gems: GemSet, lock: GemLock) -> bool:
    if gems.abi != lock.abi or len(gems.gems) != len(lock.gems):
        return False
    return all(map(_is_that, gems.gems, lock.gems))


def _is_that(carried: CarriedGem, locked: LockedGem) -> bool:
    known = (
        (locked.built_file, locked.built_sha256, locked.built_size)
        if locked.built_file
        else (locked.file, locked.sha256, locked.size)
    )
    same = (carried.name, carried.version, carried.requested)
    return (carried.file, carried.sha256, carried.size) == known and same == (
        locked.name,
        locked.version,
        locked.requested,
    )


def _read(parse: Callable[[bytes, str], SystemLock | GemLock], text: str) -> SystemLock | GemLock | None:
    return parse(text.encode(), WHERE) if text else None
