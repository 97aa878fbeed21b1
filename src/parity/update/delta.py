"""Write a delta; the format and the way back are `portable.transfer.delta` and `portable.transfer.patch`."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import BinaryIO

from parity.files import AtomicFile, atomic_file
from parity.portable.bundle.envelope import Checker, encode_head
from parity.portable.bundle.manifest import LIMIT, Member
from parity.portable.bundle.reader import VerifiedBundle, member_chunks, open_bundle
from parity.portable.transfer import text_delta
from parity.portable.transfer.at_hand import manifest_bytes, older_text
from parity.portable.transfer.delta import DeltaIndex, DeltaPart, Packed, encode_index, identity_of
from parity.progress import Reporter
from parity.update.have import Inventories, index_digests
from parity.update.verified import verified

_MOST_HELD = 64 * 1024 * 1024
"""Packed texts are held in memory until the index is written; what would go beyond travels as it is."""


@dataclass(frozen=True)
class MadeDelta:
    """A delta on disk.

    Attributes:
        path: its file.
        size: its bytes.
        index: what it says of itself.
        carried: the bytes of the files in it before packing.
    """

    path: Path
    size: int
    index: DeltaIndex
    carried: int


@dataclass(frozen=True)
class _Parcel:
    """A file to carry; `packed` is None where its bytes go as they are."""

    member: Member
    packed: bytes | None

    @property
    def part(self) -> DeltaPart:
        if self.packed is None:
            return DeltaPart(self.member.path, self.member.size, None)
        return DeltaPart(self.member.path, *_told(self.packed))


def write_delta(old: Path, new: Path, delta: Path, check: Checker, reporter: Reporter) -> MadeDelta:
    """Write what the new bundle has and the old one lacks, after every byte of both was checked.

    Raises:
        BundleDamaged, BundleUnreadable, SignatureInvalid: one of the bundles.
        WriteFailed: no room. Whatever is raised, a file at `delta` is as it was.
    """
    with open_bundle(str(old)) as old_file, open_bundle(str(new)) as new_file:
        base = verified(old_file, old.name, check, reporter)
        result = verified(new_file, new.name, check, reporter)
        there = {member.sha256 for member in base.manifest.members}
        return _write(delta, new_file, result, there, _Older(old_file, base), reporter)


def write_delta_for(
    found: Inventories, new: Path, delta: Path, check: Checker, reporter: Reporter
) -> MadeDelta:
    """Write what the new bundle has and an inventory lacks; bundles are checked as those of `write_delta`.

    Raises:
        BundleDamaged, BundleUnreadable, SignatureInvalid: one of the bundles.
        IndexFailed: an index does not answer.
        WriteFailed: no room. Whatever is raised, a file at `delta` is as it was.
    """
    there: set[str] = set()
    for path in found.bundles:
        with open_bundle(str(path)) as file:
            held = verified(file, path.name, check, reporter)
        there |= {member.sha256 for member in held.manifest.members}
    with open_bundle(str(new)) as new_file:
        result = verified(new_file, new.name, check, reporter)
        there |= index_digests(found, result.manifest.members, reporter)
        return _write(delta, new_file, result, there, None, reporter)


@dataclass(frozen=True)
class _Older:
    """The bundle that texts are packed against."""

    file: BinaryIO
    bundle: VerifiedBundle

    @cached_property
    def by_path(self) -> Mapping[str, Member]:
        """Its files."""
        return {member.path: member for member in self.bundle.manifest.members}


def _write(
    delta: Path,
    new_file: BinaryIO,
    result: VerifiedBundle,
    there: AbstractSet[str],
    older: _Older | None,
    reporter: Reporter,
) -> MadeDelta:
    reporter.stage("delta", delta.name)
    parcels = _parcels(there, older, new_file, result)
    head = text_delta.pack(encode_head(result.envelope), b"")
    against = manifest_bytes(older.bundle.manifest) if older else b""
    manifest = text_delta.pack(manifest_bytes(result.manifest), against)
    index = DeltaIndex(
        base=identity_of(older.bundle.statement) if older else None,
        result=identity_of(result.statement),
        head=_told(head),
        manifest=_told(manifest),
        files=tuple(parcel.part for parcel in parcels),
    )
    # The index holds the digests of all packed parts, so they are made first and written after it.
    beginning = encode_index(index) + head + manifest
    with atomic_file(delta) as out:
        out.write(beginning)
        _write_parcels(out, new_file, parcels, reporter)
        out.commit()
    size = len(beginning) + sum(part.size for part in index.files)
    return MadeDelta(delta, size, index, sum(parcel.member.size for parcel in parcels))


def _told(packed: bytes) -> Packed:
    """What the index says of a packed part."""
    return Packed(len(packed), hashlib.sha256(packed).hexdigest())


def _parcels(
    there: AbstractSet[str], older: _Older | None, new_file: BinaryIO, result: VerifiedBundle
) -> list[_Parcel]:
    """The files that are not there, in payload order; by content: a file that only moved is not carried."""
    parcels: list[_Parcel] = []
    held = 0
    for member in result.manifest.members:
        if member.sha256 in there:
            continue
        packed = None if held > _MOST_HELD else _packed(older, new_file, member)
        held += len(packed or b"")
        parcels.append(_Parcel(member, packed))
    return parcels


def _packed(older: _Older | None, new_file: BinaryIO, member: Member) -> bytes | None:
    """A text as its difference; None for wheels, for large files, and where it would not help."""
    # Wheels are compressed: against an older one hardly anything is saved.
    if member.path.endswith(".whl") or member.size > LIMIT:
        return None
    text = b"".join(member_chunks(new_file, member))
    before = older_text(older.file, older.by_path.get(member.path)) if older else b""
    packed = text_delta.pack(text, before)
    return packed if len(packed) < len(text) else None


def _write_parcels(out: AtomicFile, file: BinaryIO, parcels: list[_Parcel], reporter: Reporter) -> None:
    total, done = sum(parcel.part.size for parcel in parcels), 0
    for parcel in parcels:
        for chunk in member_chunks(file, parcel.member) if parcel.packed is None else (parcel.packed,):
            out.write(chunk)
            done += len(chunk)
            reporter.advance(done, total, parcel.member.path)
