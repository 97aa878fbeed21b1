"""The base's layers, out of what the engine saves of an image, each held against its digest."""

from __future__ import annotations

import tarfile
import zlib
from collections.abc import Iterable, Mapping, Sequence

from parity.errors import EngineLost, HashMismatch, WriteFailed
from parity.export.kept import KeptFiles
from parity.export.spool import NewSpool, Spool, SpooledBytes, inflated


def kept_layers(kept: KeptFiles, wanted: Sequence[str], new: NewSpool) -> Mapping[str, SpooledBytes] | None:
    """The layers of an image as an earlier export kept them; None where one is missing.

    Args:
        kept: where.
        wanted: as in `base_layers`.
        new: as in `base_layers`.
    """
    found = dict[str, SpooledBytes]()
    for each in wanted:
        layer = kept.find(each.removeprefix("sha256:"), new)
        if layer is None:
            return None
        found[each] = layer
    return found


def keep_layers(kept: KeptFiles, layers: Iterable[SpooledBytes]) -> str:
    """Keep layers for the next export; tells why they are not and where, empty where they are."""
    try:
        for each in layers:
            kept.keep(each)
    except WriteFailed as error:
        return f"{error} ({error.where})"
    return ""


def base_layers(archive: Iterable[bytes], wanted: Sequence[str], new: NewSpool) -> Mapping[str, SpooledBytes]:
    """The layers of an image, unpacked.

    Engines save them under names of their own (`docker save`, OCI layouts), plain or as gzip. So each file is
    hashed, and those that are wanted are taken.

    Args:
        archive: what the engine saved.
        wanted: the digests of the unpacked layers, `sha256:…` (`rootfs.diff_ids`).
        new: makes what the bytes wait in.

    Raises:
        HashMismatch: a layer is not there.
        EngineLost: what the engine gave is no archive.
        WriteFailed: there is no room.
    """
    spool, found = new(), dict[str, SpooledBytes]()
    # The list of layers comes last in some engines' archives, so all of it is kept before any is judged.
    for chunk in archive:
        spool.append(chunk)
    spool.file.seek(0)
    try:
        with tarfile.open(fileobj=spool.file, mode="r:") as tar:
            places = [(each.offset_data, each.size) for each in tar if each.isreg()]
    except tarfile.TarError as error:
        raise EngineLost(f"what the engine saved of the image is no archive: {error}") from error
    for offset, size in places:
        plain = _unpacked(spool, offset, size, new)
        if plain is not None and f"sha256:{plain.sha256}" in wanted:
            found[f"sha256:{plain.sha256}"] = plain
    missing = [each for each in wanted if each not in found]
    if missing:
        raise HashMismatch(f"the engine did not save the layer {missing[0]} of the image")
    return found


def _unpacked(spool: Spool, offset: int, size: int, new: NewSpool) -> SpooledBytes | None:
    head = b"".join(spool.read(offset, min(size, 3)))
    if head != b"\x1f\x8b\x08":
        return spool.blob(offset, size)
    try:
        return new().add(inflated(spool.read(offset, size)))
    # Some other file of the archive that only begins like one.
    except zlib.error:
        return None
