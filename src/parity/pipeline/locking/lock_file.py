"""Locks that are put together here, and kept beside the profile."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from parity.errors import LockOutdated
from parity.model import AskedText, BundleFile, Lock, LockedWheel, Proof
from parity.pipeline.context.lockfiles import put_lock
from parity.pipeline.context.run import BuildRun
from parity.rehearse import Checkout
from parity.resolve import ResolveInputs, inputs_digest, read_lock, resolver, write_lock


@dataclass(frozen=True)
class Resolved:
    """A lock, and what comes of a project besides.

    Attributes:
        lock: the packages.
        files: what travels beside its wheels.
        sync: how uv is called in a checkout, empty where it is not.
        checkout: the checkout itself for the rehearsal, None where the files that travel are enough.
        asked: what a project says that it asks for.
    """

    lock: Lock
    files: tuple[BundleFile, ...] = ()
    sync: str = ""
    checkout: Checkout | None = None
    asked: tuple[AskedText, ...] = ()


def locked(inputs: ResolveInputs, wheels: Iterable[LockedWheel]) -> Lock:
    """A lock of these wheels, made from these inputs."""
    return Lock(
        wheels=tuple(sorted(wheels, key=lambda wheel: wheel.name)),
        requires_python=inputs.requires_python,
        inputs=inputs_digest(inputs, resolver()),
        created_by=resolver(),
        variables=inputs.what.variables,
        setuptools_for=inputs.what.setuptools_for,
    )


def with_words_of(lock: Lock, proof: Proof) -> Proof:
    """The proof with what resolving had to say; it was told when it was found."""
    said = (*lock.held_back, *lock.notes)
    if not said:
        return proof
    document = {**proof.document, "resolving": list(said)}
    return replace(proof, warnings=(*said, *proof.warnings), document=document)


def keep_lock(run: BuildRun, lock: Lock) -> Lock:
    """Write the lock where it is new; with --locked it must be the one there is.

    Raises:
        LockOutdated: it is not.
        LockInvalid: the one there is cannot be read.
    """
    request, existing, lock = run.request, run.existing, run.holding_image(lock)
    if request.locked and existing is not None:
        lock = replace(lock, image=existing.image)
    if existing == lock:
        return lock
    if request.locked:
        changed = sorted({each.name for each in {*lock.wheels} ^ {*existing.wheels}}) if existing else []
        raise LockOutdated(
            f"what was built from source is not as it was locked: {', '.join(changed)}"
            if changed
            else "the project is not as it was locked"
            if existing
            else "there is no lock yet",
            where=str(request.lock_path),
            details=tuple(changed),
        )
    write_down(run, lock)
    return lock


def write_down(run: BuildRun, lock: Lock) -> None:
    """Write a new lock, unless nothing is to be kept; errors as `put_lock`."""
    if not run.request.dry:
        put_lock(read_lock, run.request.lock_path, write_lock(lock), run.world.reporter)
