"""The new bundle from an old one and a delta, byte for byte. Standard library only, Python 3.6 and later.

Nothing that the delta says is believed: the result's signature is checked first, its manifest against
the signed statement, each file against the manifest, and the finished file once more as a bundle,
before it gets its name. See `delta` for the format.
"""

import hashlib
from contextlib import ExitStack, contextmanager
from typing import BinaryIO, Callable, Iterator, Optional, Sequence, Tuple, Union

from ..atomic import demand_other, new_file
from ..bundle import ustar
from ..bundle.envelope import Checker, Statement, pae, parse_head, parse_statement
from ..bundle.manifest import HEAD_SIZE, LIMIT, NAME, Manifest, Member, parse
from ..bundle.reader import VerifiedBundle, open_bundle, verify_bundle
from ..bundle.tape import CHUNK
from ..errors import BundleDamaged, DeltaDamaged
from . import text_delta
from .at_hand import AtHand, manifest_bytes, opened
from .delta import DeltaIndex, DeltaPart, identity_of, read_exactly, read_index, read_packed

Progress = Callable[[str, int, int], None]
"""Hears what is being done (`patch`, `verify`), how many bytes of it are done, and of how many."""


def patch_bundle(
    old: "Union[str, Sequence[str]]",
    delta: str,
    new: str,
    check: Checker,
    progress: Optional[Progress] = None,
) -> VerifiedBundle:
    """Write the new bundle at `new`, whole and checked, or not at all.

    Args:
        old: path of the bundle that the delta was made from, or several, of which it is one; for a delta that
            was made from an inventory: bundles, and folders of files, such as an index.
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
    demand_other(new, [delta])
    with open_bundle(delta) as delta_file, ExitStack() as stack:
        index = read_index(delta_file)
        base = opened([old] if isinstance(old, str) else old, index, stack)
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


def _read_manifest(file: BinaryIO, index: DeltaIndex, statement: Statement, base: AtHand) -> Manifest:
    """The new bundle's manifest, its digest checked against the signed statement."""
    payload = statement.payload
    if payload.manifest_size > LIMIT:
        raise DeltaDamaged("the new bundle's manifest is too large")
    packed = read_packed(file, *index.manifest)
    with _blame_delta():
        data = text_delta.unpack(packed, base.older_manifest(), payload.manifest_size)
        if hashlib.sha256(data).hexdigest() != payload.manifest_sha256:
            raise DeltaDamaged("the manifest in the delta is not the one in the statement")
        manifest = parse(data)
    if manifest.top != statement.top:
        raise DeltaDamaged("the new bundle's manifest is of another format than its statement")
    if manifest.payload_size != payload.size:
        raise DeltaDamaged("the new bundle's manifest does not fill it")
    return manifest


def _payload(file: BinaryIO, index: DeltaIndex, manifest: Manifest, base: AtHand) -> Iterator[bytes]:
    """The new payload's bytes, every file hashed on the way."""
    data = manifest_bytes(manifest)
    yield ustar.header(manifest.top + NAME, len(data)) + data + ustar.padding(len(data))
    carried = {part.path: part for part in index.files}
    base.demand([member for member in manifest.members if member.path not in carried])
    for member in manifest.members:
        part = carried.pop(member.path, None)
        yield ustar.header(manifest.top + member.path, member.size)
        yield from base.copy(member) if part is None else _from_delta(file, part, member, base)
        yield ustar.padding(member.size)
    if carried:
        raise DeltaDamaged(f"the delta carries a file that the new bundle has not: {min(carried)!a}")
    yield ustar.END


def _from_delta(file: BinaryIO, part: DeltaPart, member: Member, base: AtHand) -> Iterator[bytes]:
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


def _thin_file(file: BinaryIO, size: int, sha256: str, member: Member, base: AtHand) -> Iterator[bytes]:
    # Packed files are unpacked in memory.
    if member.size > LIMIT:
        raise DeltaDamaged(f"{member.path} is too large to be packed")
    packed = read_packed(file, size, sha256)
    older = base.older(member.path)
    with _blame_delta():
        yield text_delta.unpack(packed, older, member.size)


@contextmanager
def _blame_delta() -> Iterator[None]:
    """Say that it is the delta that is bad."""
    try:
        yield
    except (BundleDamaged, text_delta.ThinBroken) as error:
        raise DeltaDamaged(f"what the delta holds is damaged: {error}") from error
