"""Write a delta; the format and the way back are `portable.transfer.delta` and `portable.transfer.patch`."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from parity.files import AtomicFile, atomic_file
from parity.portable.bundle.envelope import Checker, encode_head
from parity.portable.bundle.manifest import LIMIT, Member
from parity.portable.bundle.reader import VerifiedBundle, member_chunks, open_bundle
from parity.portable.transfer import text_delta
from parity.portable.transfer.delta import DeltaIndex, DeltaPart, Packed, encode_index, identity_of
from parity.portable.transfer.patch import manifest_bytes, older_text
from parity.progress import Reporter
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
        reporter.stage("delta", delta.name)
        parcels = _parcels(old_file, base, new_file, result)
        head = text_delta.pack(encode_head(result.envelope), b"")
        manifest = text_delta.pack(manifest_bytes(result.manifest), manifest_bytes(base.manifest))
        index = DeltaIndex(
            base=identity_of(base.statement),
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
    old_file: BinaryIO, base: VerifiedBundle, new_file: BinaryIO, result: VerifiedBundle
) -> list[_Parcel]:
    """The files that the old bundle lacks, in payload order."""
    # By content: a file that only moved is not carried.
    there = {member.sha256 for member in base.manifest.members}
    older = {member.path: member for member in base.manifest.members}
    parcels, held = [], 0
    for member in result.manifest.members:
        if member.sha256 in there:
            continue
        packed = None if held > _MOST_HELD else _packed(old_file, older, new_file, member)
        held += len(packed or b"")
        parcels.append(_Parcel(member, packed))
    return parcels


def _packed(
    old_file: BinaryIO, older: Mapping[str, Member], new_file: BinaryIO, member: Member
) -> bytes | None:
    """A text as its difference; None for wheels, for large files, and where it would not help."""
    # Wheels are compressed: against an older one hardly anything is saved.
    if member.path.endswith(".whl") or member.size > LIMIT:
        return None
    text = b"".join(member_chunks(new_file, member))
    packed = text_delta.pack(text, older_text(old_file, older.get(member.path)))
    return packed if len(packed) < len(text) else None


def _write_parcels(out: AtomicFile, file: BinaryIO, parcels: list[_Parcel], reporter: Reporter) -> None:
    total, done = sum(parcel.part.size for parcel in parcels), 0
    for parcel in parcels:
        for chunk in member_chunks(file, parcel.member) if parcel.packed is None else (parcel.packed,):
            out.write(chunk)
            done += len(chunk)
            reporter.advance(done, total, parcel.member.path)
