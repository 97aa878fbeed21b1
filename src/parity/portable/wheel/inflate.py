"""The local side of a zip: headers held against the central directory, and contents unpacked.

Standard library only, Python 3.6 and later.
"""

import struct
import zlib
from typing import BinaryIO, Callable, Iterator, List, Tuple

from .zipcheck import DEFLATED, CentralEntry, Directory, ZipBroken, read_at, widen

CHUNK = 1 << 20
_LOCAL = struct.Struct("<4s5H3L2H")
_HAS_DESCRIPTOR = 0x8
# APPNOTE 4.3.9: with or without its mark, sizes of 4 or of 8 bytes.
_DESCRIPTORS = {12: "<LLL", 16: "<4sLLL", 20: "<LQQ", 24: "<4sLQQ"}
_DESCRIPTOR_MARK = b"PK\x07\x08"
_MAX32 = 0xFFFFFFFF


def check_layout(handle: BinaryIO, directory: Directory) -> List[Tuple[CentralEntry, int]]:
    """Walk the local headers; they must tile the file and say what the central directory says.

    Returns:
        Each entry with the offset of its packed bytes, in the order of the file.

    Raises:
        ZipBroken: they do not.
    """
    entries = sorted(directory.entries, key=lambda entry: entry.offset)
    starts = []
    at = 0
    for index, entry in enumerate(entries):
        limit = entries[index + 1].offset if index + 1 < len(entries) else directory.start
        # Bytes between two files belong to none by the directory, and to a hidden one by another reader.
        if entry.offset != at:
            raise _misplaced(entry, at)
        start = locate(handle, entry)
        at = start + entry.packed
        if at > limit:
            raise ZipBroken("zip-overlap", f"{entry.name!r} overlaps what follows it")
        if entry.flags & _HAS_DESCRIPTOR:
            _check_descriptor(entry, read_at(handle, at, limit - at) if limit - at in _DESCRIPTORS else b"")
            at = limit
        starts.append((entry, start))
    if at != directory.start:
        raise ZipBroken("zip-garbage", "bytes lie between the zip's last file and its directory")
    return starts


def _misplaced(entry: CentralEntry, at: int) -> ZipBroken:
    if entry.offset < at:
        return ZipBroken("zip-overlap", f"{entry.name!r} overlaps what comes before it")
    where = "before the zip's first file" if at == 0 else f"before {entry.name!r}"
    return ZipBroken("zip-garbage", f"{entry.offset - at} bytes that belong to no file lie {where}")


def locate(handle: BinaryIO, entry: CentralEntry) -> int:
    """The offset of an entry's packed bytes; its local header must say what the central one says.

    Raises:
        ZipBroken: it does not.
    """
    fields = _LOCAL.unpack(read_at(handle, entry.offset, _LOCAL.size))
    if fields[0] != b"PK\x03\x04":
        raise ZipBroken("zip-damaged", f"{entry.name!r} has no local header")
    name_size, extra_size = fields[9:11]
    raw = handle.read(name_size + extra_size)
    if raw[:name_size] != entry.raw:
        raise _differs(entry, f"is called {raw[:name_size]!r}", "local header")
    if (fields[2], fields[3]) != (entry.flags, entry.method):
        raise _differs(entry, "has other flags or another method", "local header")
    size, packed = widen(raw[name_size:], [fields[8], fields[7]])
    local, central = (fields[6], packed, size), (entry.crc, entry.packed, entry.size)
    # Written to a stream, sizes were not known yet: zeros, or all ones where ZIP64 was expected.
    unknown = bool(entry.flags & _HAS_DESCRIPTOR) and set(local) <= {0, _MAX32}
    if local != central and not unknown:
        raise _differs(entry, "has another size or CRC", "local header")
    return entry.offset + _LOCAL.size + int(name_size) + int(extra_size)


def _differs(entry: CentralEntry, how: str, where: str) -> ZipBroken:
    return ZipBroken("zip-headers-differ", f"{entry.name!r} {how} in its {where}")


def _check_descriptor(entry: CentralEntry, raw: bytes) -> None:
    form = _DESCRIPTORS.get(len(raw))
    fields = struct.unpack(form, raw) if form else ()
    if len(fields) == 4 and fields[0] == _DESCRIPTOR_MARK:  # noqa: PLR2004 - with its optional mark
        fields = fields[1:]
    if fields != (entry.crc, entry.packed, entry.size):
        raise _differs(entry, "has another size or CRC", "data descriptor")


def unpack(handle: BinaryIO, entry: CentralEntry, start: int, sink: Callable[[bytes], object]) -> None:
    """Feed an entry's contents to `sink` in pieces of at most 1 MiB; never more than it declares.

    Raises:
        ZipBroken: the packed bytes are damaged, or give other bytes than size and CRC say.
    """
    handle.seek(start)
    crc, total, left = 0, 0, entry.packed
    # -15: raw deflate, without zlib's header.
    inflater = zlib.decompressobj(-15) if entry.method == DEFLATED else None
    while left:
        raw = handle.read(min(CHUNK, left))
        if not raw:
            raise ZipBroken("zip-damaged", "the zip ends too early")
        left -= len(raw)
        for piece in [raw] if inflater is None else _inflate(inflater, raw, entry):
            total += len(piece)
            if total > entry.size:
                raise ZipBroken("zip-bomb", f"{entry.name!r} is larger than its declared {entry.size} bytes")
            crc = zlib.crc32(piece, crc)
            sink(piece)
        if inflater is not None and inflater.eof and (left or inflater.unused_data):
            raise ZipBroken("zip-damaged", f"{entry.name!r} has bytes after the end of its contents")
    complete = inflater is None or inflater.eof
    if total != entry.size or crc != entry.crc or not complete:
        raise ZipBroken("zip-damaged", f"{entry.name!r} does not unpack to the size and CRC it declares")


def _inflate(inflater: "zlib._Decompress", raw: bytes, entry: CentralEntry) -> Iterator[bytes]:
    try:
        while True:
            piece = inflater.decompress(raw, CHUNK)
            raw = inflater.unconsumed_tail
            if piece:
                yield piece
            elif not raw or inflater.eof:
                break
    except zlib.error:
        raise ZipBroken("zip-damaged", f"{entry.name!r} cannot be unpacked") from None
