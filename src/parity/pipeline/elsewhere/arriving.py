"""A bundle that was built elsewhere: fetched in pieces, checked to the last byte, and only then signed."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from parity.cluster import BUNDLE, PIECE, REPORT, Piece
from parity.errors import WorkerRefused
from parity.files import AtomicFile, atomic_file
from parity.gems import GEM_LOCK, write_gem_lock
from parity.model import BuiltBundle, BundleIdentity
from parity.pipeline.context.lockfiles import Read, put_lock
from parity.pipeline.context.values import BuildReport, BuildRequest, Sealer
from parity.pipeline.elsewhere.built import MOST, BuiltElsewhere, lock_paths
from parity.pipeline.elsewhere.checking import WHERE, checked_draft
from parity.portable.bundle import manifest
from parity.portable.bundle.envelope import PREDICATE_TYPE, Payload, encode_head
from parity.portable.bundle.reader import open_bundle, verify_bundle
from parity.portable.errors import BundleDamaged
from parity.progress import Reporter
from parity.resolve import parse_lock, read_lock, write_lock
from parity.sign import SigningKey, check_identity, generate_key, make_checker, make_sealer
from parity.system import SYSTEM_LOCK, write_system_lock
from parity.wire.shapes import Malformed

T = TypeVar("T")


@dataclass(frozen=True)
class Arrival:
    """A bundle at a worker, on its way here.

    Attributes:
        request: what was asked for.
        fetch: gives the bytes of the worker's files.
        sizes: how large the worker says they are.
        signers: the caller's keys, which never leave this machine.
        reporter: hears how far it is.
    """

    request: BuildRequest
    fetch: Piece
    sizes: dict[str, int]
    signers: Sequence[SigningKey]
    reporter: Reporter

    def taken(self) -> BuildReport:
        """The bundle signed at its place, and its locks written.

        Raises:
            WorkerRefused: what came is not what was asked for; nothing of it is kept.
            WriteFailed: it cannot be written.
            WorkerGone: the worker went away meanwhile.
        """
        self.reporter.stage("arrive")
        built = self._report()
        draft = checked_draft(self.request, built)
        try:
            listed = draft.manifest(draft.proved(built.proof), built.proof.imports)
            identity = self.request.settled(draft.lock)
            check_identity(identity)
            bundle = self._bundle(identity, listed)
        except BundleDamaged as error:
            raise WorkerRefused(f"the worker's bundle is not the one it tells of: {error}") from error
        if not self.request.locked:
            _keep_locks(self.request, built, self.reporter)
        return BuildReport(draft, built.proof, bundle, self.request.lock_path)

    def _report(self) -> BuiltElsewhere:
        size = self.sizes.get(REPORT, -1)
        if not 0 < size <= MOST:
            raise WorkerRefused(f"the worker's report has {size} bytes")
        data = b"".join(self._pieces(REPORT, 0, size))
        try:
            return BuiltElsewhere.read(data)
        except (Malformed, ValueError, RecursionError) as error:
            raise WorkerRefused(f"the worker's report cannot be read: {error}") from error

    def _pieces(self, name: str, offset: int, end: int) -> Iterator[bytes]:
        while offset < end:
            data = self.fetch(name, offset)
            if len(data) > min(PIECE, end - offset):
                raise WorkerRefused("the worker sent more than there is")
            offset += len(data)
            yield data

    def _bundle(self, identity: BundleIdentity, listed: bytes) -> BuiltBundle:
        size = manifest.HEAD_SIZE + manifest.parse(listed).payload_size
        if self.sizes.get(BUNDLE) != size:
            raise WorkerRefused(f"the worker's bundle has {self.sizes.get(BUNDLE)} bytes instead of {size}")
        with atomic_file(self.request.output / identity.filename) as out:
            payload = self._payload(out, size, listed)
            self._verify(out, identity, payload)
            envelope = self._sealer(self.signers, identity)(payload)
            out.overwrite(0, encode_head(envelope))
            out.commit()
        signers = tuple(each.keyid for each in envelope.signatures)
        self.reporter.note("signed by " + ", ".join(each[:16] for each in signers))
        return BuiltBundle(out.path, size, payload.sha256, identity, signers)

    def _payload(self, out: AtomicFile, size: int, listed: bytes) -> Payload:
        """Write what comes, behind room for the head; hashed here."""
        out.write(bytes(manifest.HEAD_SIZE))
        seen, done = hashlib.sha256(), manifest.HEAD_SIZE
        for data in self._pieces(BUNDLE, done, size):
            out.write(data)
            seen.update(data)
            done += len(data)
            self.reporter.advance(done, size)
        digest = hashlib.sha256(listed).hexdigest()
        return Payload(size - manifest.HEAD_SIZE, seen.hexdigest(), len(listed), digest)

    def _verify(self, out: AtomicFile, identity: BundleIdentity, payload: Payload) -> None:
        """Check every byte as whoever gets the bundle will, under a key that lives for this check alone."""
        # Ours signs nothing that was not checked before.
        key = generate_key()
        out.overwrite(0, encode_head(self._sealer([key], identity)(payload)))
        with open_bundle(str(out.temporary)) as file:
            verify_bundle(file, make_checker([key.public]))

    def _sealer(self, keys: Sequence[SigningKey], identity: BundleIdentity) -> Sealer:
        document = self.request.profile.document.encode()
        return make_sealer(keys, identity, hashlib.sha256(document).hexdigest(), PREDICATE_TYPE)


def _keep_locks(request: BuildRequest, built: BuiltElsewhere, reporter: Reporter) -> None:
    """Write the locks that are new: here, and nowhere else.

    Raises:
        LockInvalid: what lies there is not ours to overwrite.
        WriteFailed: it cannot be written.
    """
    wheel, system, gems = built.locks
    paths = lock_paths(request)
    _keep(paths[0], parse_lock(wheel, WHERE), read_lock, write_lock, reporter)
    if system:
        found = SYSTEM_LOCK.parse(system.encode(), WHERE)
        _keep(paths[1], found, SYSTEM_LOCK.read, write_system_lock, reporter)
    if gems:
        _keep(paths[2], GEM_LOCK.parse(gems.encode(), WHERE), GEM_LOCK.read, write_gem_lock, reporter)


def _keep(path: Path, lock: T, read: Read[T], write: Callable[[T], str], reporter: Reporter) -> None:
    """Write one of them in our own words, unless it is the one that lies there."""
    text = write(lock)
    if not path.is_file() or path.read_bytes() != text.encode():
        put_lock(read, path, text, reporter)
