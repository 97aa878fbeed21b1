"""The new bundle from an old one and a delta, byte for byte. Standard library only, Python 3.6 and later.

Nothing that the delta says is believed: the result's signature is checked first, its manifest against
the signed statement, each file against the manifest, and the finished file once more as a bundle,
before it gets its name. See `delta` for the format.
"""

import hashlib
from contextlib import contextmanager
from typing import BinaryIO, Callable, Dict, Iterator, NamedTuple, Optional, Tuple

from .. import canonical
from ..atomic import new_file
from ..bundle import ustar
from ..bundle.envelope import Checker, Statement, pae, parse_head, parse_statement
from ..bundle.manifest import HEAD_SIZE, LIMIT, NAME, Manifest, Member, parse
from ..bundle.reader import (
    UnverifiedBundle,
    VerifiedBundle,
    member_chunks,
    open_bundle,
    read_unverified,
    verify_bundle,
)
from ..bundle.tape import CHUNK
from ..errors import BundleDamaged, BundleUnreadable, DeltaDamaged, WrongBase
from . import text_delta
from .delta import DeltaIndex, DeltaPart, identity_of, read_exactly, read_index, read_packed

Progress = Callable[[str, int, int], None]
"""Hears what is being done (`patch`, `verify`), how many bytes of it are done, and of how many."""


class _Base(NamedTuple):
    """The old bundle: its open file, what it says of itself, its files by digest and by path."""

    file: BinaryIO
    bundle: UnverifiedBundle
    by_sha256: Dict[str, Member]
    by_path: Dict[str, Member]


def patch_bundle(
    old: str, delta: str, new: str, check: Checker, progress: Optional[Progress] = None
) -> VerifiedBundle:
    """Write the new bundle at `new`, whole and checked, or not at all.

    Args:
        old: path of the bundle that the delta was made from.
        delta: path of the delta.
        new: path of the result; may be `old`. A file there is replaced.
        check: decides whether a trusted key signed the new bundle; see `envelope.Checker`.
        progress: hears how far it is.

    Raises:
        WrongBase: the delta was made from another bundle.
        DeltaDamaged: the delta is damaged or contradicts itself.
        BundleDamaged, BundleUnreadable: the old bundle is.
        SignatureInvalid: no trusted key signed the new bundle.
        FileNotWritten: no room. Whatever is raised, a file at `new` is as it was.
    """
    tell = progress or _silent
    with open_bundle(delta) as delta_file, open_bundle(old) as old_file:
        index = read_index(delta_file)
        base = _open_base(old_file, index)
        # The signature first: everything after it is held against what a trusted key signed.
        head, statement = _read_head(delta_file, index, check)
        manifest = _read_manifest(delta_file, index, statement, base)
        with new_file(new) as out:
            out.write(head)
            for chunk in _payload(delta_file, index, manifest, base):
                out.write(chunk)
                tell("patch", out.tell(), index.result.size)
            # `verify_bundle` reads by the descriptor, past the buffer.
            out.flush()
            with _blame_delta():
                return verify_bundle(out, check, lambda done: tell("verify", done, statement.payload.size))


def _silent(_what: str, _done: int, _total: int) -> None:
    """Nobody listens."""


def _open_base(file: BinaryIO, index: DeltaIndex) -> _Base:
    """The old bundle, if it is the one that the delta was made from."""
    with _blame_base():
        bundle = read_unverified(file)
    given = identity_of(bundle.statement)
    # The payload decides, not the file: signatures that were added to the old bundle change nothing here.
    if given.payload != index.base.payload:
        raise WrongBase(f"the delta was made from {index.base}; the bundle given is {given}")
    members = bundle.manifest.members
    return _Base(file, bundle, {one.sha256: one for one in members}, {one.path: one for one in members})


def _read_head(file: BinaryIO, index: DeltaIndex, check: Checker) -> Tuple[bytes, Statement]:
    """The new bundle's head and what it states, its signature checked."""
    with _blame_delta():
        head = text_delta.unpack(read_packed(file, *index.head), b"", HEAD_SIZE)
        envelope = parse_head(head)
    check(pae(envelope.payload), envelope.signatures)
    with _blame_delta():
        statement = parse_statement(envelope.payload)
    if identity_of(statement) != index.result:
        raise DeltaDamaged(f"the delta promises {index.result} and holds {identity_of(statement)}")
    return head, statement


def _read_manifest(file: BinaryIO, index: DeltaIndex, statement: Statement, base: _Base) -> Manifest:
    """The new bundle's manifest, its digest checked against the signed statement."""
    payload = statement.payload
    if payload.manifest_size > LIMIT:
        raise DeltaDamaged("the new bundle's manifest is too large")
    packed = read_packed(file, *index.manifest)
    with _blame_delta():
        data = text_delta.unpack(packed, manifest_bytes(base.bundle.manifest), payload.manifest_size)
        if hashlib.sha256(data).hexdigest() != payload.manifest_sha256:
            raise DeltaDamaged("the manifest in the delta is not the one in the statement")
        manifest = parse(data)
    if manifest.top != statement.top:
        raise DeltaDamaged("the new bundle's manifest is of another format than its statement")
    if manifest.payload_size != payload.size:
        raise DeltaDamaged("the new bundle's manifest does not fill it")
    return manifest


def manifest_bytes(manifest: Manifest) -> bytes:
    """A manifest's bytes: canonical, so they are the very ones that it was parsed from."""
    return canonical.encode(manifest.document) + b"\n"


def _payload(file: BinaryIO, index: DeltaIndex, manifest: Manifest, base: _Base) -> Iterator[bytes]:
    """The new payload's bytes, every file hashed on the way."""
    data = manifest_bytes(manifest)
    yield ustar.header(manifest.top + NAME, len(data)) + data + ustar.padding(len(data))
    carried = {part.path: part for part in index.files}
    for member in manifest.members:
        part = carried.pop(member.path, None)
        yield ustar.header(manifest.top + member.path, member.size)
        yield from _from_base(member, base) if part is None else _from_delta(file, part, member, base)
        yield ustar.padding(member.size)
    if carried:
        raise DeltaDamaged(f"the delta carries a file that the new bundle has not: {min(carried)!a}")
    yield ustar.END


def _from_base(member: Member, base: _Base) -> Iterator[bytes]:
    """A file that the old bundle has, maybe under another path."""
    source = base.by_sha256.get(member.sha256)
    if source is None or source.size != member.size:
        raise DeltaDamaged(f"neither the delta nor the old bundle holds {member.path}")
    with _blame_base():
        yield from member_chunks(base.file, source)


def _from_delta(file: BinaryIO, part: DeltaPart, member: Member, base: _Base) -> Iterator[bytes]:
    """A file that the delta carries."""
    seen = hashlib.sha256()
    for chunk in (
        _plain_file(file, part, member)
        if part.sha256 is None
        else _thin_file(file, part.size, part.sha256, member, base)
    ):
        seen.update(chunk)
        yield chunk
    # The bytes are written by now; the error makes `new_file` throw the whole file away.
    if seen.hexdigest() != member.sha256:
        raise DeltaDamaged(f"{member.path} in the delta is damaged")


def _plain_file(file: BinaryIO, part: DeltaPart, member: Member) -> Iterator[bytes]:
    # Compared first: it says what is wrong, where the digest at the end would only say that something is.
    if part.size != member.size:
        raise DeltaDamaged(f"{member.path} has another size in the delta than in the new bundle")
    left = part.size
    while left:
        chunk = read_exactly(file, min(CHUNK, left))
        left -= len(chunk)
        yield chunk


def _thin_file(file: BinaryIO, size: int, sha256: str, member: Member, base: _Base) -> Iterator[bytes]:
    # Packed files are unpacked in memory.
    if member.size > LIMIT:
        raise DeltaDamaged(f"{member.path} is too large to be packed")
    packed = read_packed(file, size, sha256)
    with _blame_base():
        older = older_text(base.file, base.by_path.get(member.path))
    with _blame_delta():
        yield text_delta.unpack(packed, older, member.size)


def older_text(file: BinaryIO, member: Optional[Member]) -> bytes:
    """What `text_delta` packs against: the old bundle's file of that path, if there is one, not too large.

    Raises:
        BundleDamaged, BundleUnreadable: the old bundle is not what its manifest says.
    """
    if member is None or member.size > LIMIT:
        return b""
    return b"".join(member_chunks(file, member))


@contextmanager
def _blame_base() -> Iterator[None]:
    """Say that it is the old bundle that is bad."""
    try:
        yield
    except BundleDamaged as error:
        raise BundleDamaged(f"the old bundle: {error.message}", "get the old bundle anew") from error
    except BundleUnreadable as error:
        raise BundleUnreadable(f"the old bundle: {error.message}") from error


@contextmanager
def _blame_delta() -> Iterator[None]:
    """Say that it is the delta that is bad."""
    try:
        yield
    except (BundleDamaged, text_delta.ThinBroken) as error:
        raise DeltaDamaged(f"what the delta holds is damaged: {error}") from error
