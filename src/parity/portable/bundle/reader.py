"""Verifying a bundle, each step before the next reads anything. Standard library, Python 3.6 and later.

envelope → signature by a trusted key → sizes → manifest → one pass over the payload in which every tar
header is made anew and compared, every file is hashed, and the whole is hashed.

The manifest is read before the payload's digest is known. It is authentic all the same: its own size
and SHA-256 stand in the signed statement. So the one pass can hash the whole and each file at once.
"""

import hashlib
import os
import stat
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import BinaryIO, Iterator, NamedTuple, Optional, Tuple

from ..errors import BundleDamaged, BundleUnreadable
from . import ustar
from .envelope import (
    ENVIRONMENT,
    IMAGE,
    Checker,
    Envelope,
    Payload,
    Statement,
    pae,
    parse_head,
    parse_statement,
    predicate_of,
)
from .kinds import START, demand_no_part, refused_folder
from .manifest import HEAD_SIZE, LIMIT, NAME, Manifest, Member, parse
from .tape import CHUNK, Progress, Tape, read, seek, size

_OTHERS = {
    IMAGE: ("a container image", "`verify` checks it and `load` brings it into an engine"),
    ENVIRONMENT: ("a finished environment", "`verify` checks it, then tar alone unpacks it"),
}


class VerifiedBundle(NamedTuple):
    """A bundle whose every byte was checked; `signers`: fingerprints of the trusted keys that signed."""

    envelope: Envelope
    statement: Statement
    manifest: Manifest
    signers: Tuple[str, ...]


class UnverifiedBundle(NamedTuple):
    """What a bundle says of itself. No signature and no file was checked: show it, never act on it."""

    envelope: Envelope
    statement: Statement
    manifest: Manifest


class Sink:
    """Hears the files of a bundle in order while they are verified. This one does nothing with them."""

    def begin(self, member: Member) -> None:
        """A file begins."""

    def chunk(self, data: memoryview) -> None:
        """Some of its bytes, valid during this call alone."""

    def end(self) -> None:
        """Its last byte has come and its digest is right."""


@contextmanager
def open_bundle(path: str) -> Iterator[BinaryIO]:
    """Open a bundle for reading.

    Raises:
        BundleUnreadable: there is no such file, it is no regular file, or it may not be read.
    """
    try:
        # Without O_NONBLOCK, opening a named pipe would wait for ever.
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except (OSError, ValueError) as error:
        unreadable = BundleUnreadable(f"cannot open {path!a}: {getattr(error, 'strerror', error)}")
        # Whoever takes a path writes it with one slash.
        if path.startswith("oci:/"):
            unreadable.remedy = f"fetch it first: parity pull oci://{path[5:].lstrip('/')}"
        raise unreadable from error
    mode = os.fstat(descriptor).st_mode
    if not stat.S_ISREG(mode):
        os.close(descriptor)
        if stat.S_ISDIR(mode):
            raise refused_folder(path)
        raise BundleUnreadable(f"{path!a} is not a regular file")
    with os.fdopen(descriptor, "rb") as file:
        yield file


def verify_bundle(
    file: BinaryIO, check: Checker, progress: Optional[Progress] = None, sink: Optional[Sink] = None
) -> VerifiedBundle:
    """Check every byte of a bundle, in constant memory.

    Args:
        file: open for reading, seekable.
        check: decides whether those who are trusted signed; see `envelope.Checker`.
        progress: hears how far it is.
        sink: hears the files; what it got is worth nothing unless this function returns.

    Raises:
        BundleDamaged, BundleUnreadable: as they say.
        SignatureInvalid: from `check`.
    """
    envelope = _read_envelope(file)
    signers = check(pae(envelope.payload), envelope.signatures)
    statement = parse_statement(envelope.payload)
    manifest = _fitting(statement, signed_manifest(file, statement))
    with ThreadPoolExecutor(1) as pool:
        _walk(Tape(file, pool, progress), manifest, statement.payload, sink or Sink())
    return VerifiedBundle(envelope, statement, manifest, signers)


def read_unverified(file: BinaryIO) -> UnverifiedBundle:
    """What a bundle says of itself, its structure checked and nothing else.

    Raises:
        BundleDamaged, BundleUnreadable: as they say.
    """
    envelope = _read_envelope(file)
    statement = parse_statement(envelope.payload)
    return UnverifiedBundle(envelope, statement, _fitting(statement, signed_manifest(file, statement)))


def member_chunks(file: BinaryIO, member: Member) -> Iterator[bytes]:
    """A file's bytes, hashed again on the way, since the bundle may have changed after it was verified.

    What was given is worth nothing unless the iterator comes to its end.

    Raises:
        BundleDamaged, BundleUnreadable: as they say.
    """
    seek(file, member.offset)
    seen, left = hashlib.sha256(), member.size
    while left:
        data = read(file, min(CHUNK, left))
        seen.update(data)
        left -= len(data)
        yield data
    if seen.hexdigest() != member.sha256:
        raise BundleDamaged(f"{member.path} in the bundle is not what the manifest says")


def member_bytes(file: BinaryIO, manifest: Manifest, path: str) -> bytes:
    """A whole small file (at most 16 MiB) such as `proof.json`, its digest checked.

    Raises:
        BundleDamaged: there is no such file, or it is too large or altered.
        BundleUnreadable: the medium failed.
    """
    for member in manifest.members:
        if member.path == path and member.size <= LIMIT:
            return b"".join(member_chunks(file, member))
    raise BundleDamaged(f"the bundle holds no {path}, or one that is too large")


_OTHER_MANIFEST = "the manifest is not the one in the statement"

# --- the steps ----------------------------------------------------------------------------------------


def _read_envelope(file: BinaryIO) -> Envelope:
    """The first 65,536 bytes, and not one more."""
    envelope = any_envelope(file)
    other = _OTHERS.get(predicate_of(envelope.payload))
    if other:
        what, remedy = other
        raise BundleUnreadable(f"this is {what} and no bundle", f"{remedy}; its own README.txt says how")
    return envelope


def any_envelope(file: BinaryIO) -> Envelope:
    """The same of a bundle, or of what was made from one."""
    start = min(START, size(file))
    seek(file, 0)
    # Before the head is read: a delta may be shorter, and would be told to end too early.
    demand_no_part(read(file, start))
    seek(file, 0)
    return parse_head(read(file, HEAD_SIZE))


def signed_manifest(file: BinaryIO, statement: Statement) -> bytes:
    """The manifest's bytes, when the sizes fit each other and its digest is the one in the statement."""
    payload = statement.payload
    # A copy that was cut short is told in a moment, and not after gigabytes were hashed.
    if size(file) != HEAD_SIZE + payload.size:
        raise BundleDamaged("the file is longer or shorter than its statement says")
    # Before it is read: the size comes from the statement, and memory is given by it.
    if payload.manifest_size > min(LIMIT, payload.size):
        raise BundleDamaged("the manifest is too large")
    header = ustar.header(statement.top + NAME, payload.manifest_size)
    seek(file, HEAD_SIZE)
    if read(file, len(header)) != header:
        raise BundleDamaged("the manifest is not where it must be")
    data = read(file, payload.manifest_size)
    if hashlib.sha256(data).hexdigest() != payload.manifest_sha256:
        raise BundleDamaged(_OTHER_MANIFEST)
    return data


def stated_manifest(statement: Statement, data: bytes) -> Manifest:
    """The manifest, if it is the one that a statement names.

    Raises:
        BundleDamaged: it is another, or fits neither the statement's format nor its sizes.
    """
    if hashlib.sha256(data).hexdigest() != statement.payload.manifest_sha256:
        raise BundleDamaged(_OTHER_MANIFEST)
    return _fitting(statement, data)


def _fitting(statement: Statement, data: bytes) -> Manifest:
    """The manifest, held against the statement's format and sizes."""
    manifest = parse(data)
    if manifest.top != statement.top:
        raise BundleDamaged("the manifest is of another format than the statement")
    if manifest.payload_size != statement.payload.size:
        raise BundleDamaged("the manifest's files do not fill the bundle")
    return manifest


def _walk(tape: Tape, manifest: Manifest, payload: Payload, sink: Sink) -> None:
    """Read the payload from its first byte to its last, comparing all of it."""
    tape.skip(ustar.member_size(manifest.top + NAME, payload.manifest_size))
    for member in manifest.members:
        tape.expect(ustar.header(manifest.top + member.path, member.size), member.path)
        _walk_file(tape, member, sink)
        tape.expect(ustar.padding(member.size), member.path)
    tape.expect(ustar.END, "the end")
    if tape.digest() != payload.sha256:
        raise BundleDamaged("the payload is not the one in the statement")


def _walk_file(tape: Tape, member: Member, sink: Sink) -> None:
    """Read one file and compare its digest."""
    sink.begin(member)
    seen, left = hashlib.sha256(), member.size
    while left:
        data = tape.take(min(CHUNK, left))
        seen.update(data)
        sink.chunk(data)
        left -= len(data)
    if seen.hexdigest() != member.sha256:
        raise BundleDamaged(f"{member.path} in the bundle is not what the manifest says")
    sink.end()
