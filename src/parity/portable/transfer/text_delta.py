"""A text carried as what it differs from an older text. Standard library only, Python 3.6 and later.

The text is cut into pieces of 16 KiB; each is a zlib stream (RFC 1950) of its own whose dictionary is
the part of the older text around the same place. So a manifest of 56 kB in which two packages
changed takes 0.8 kB instead of 13.6 kB. Each stream is preceded by its length, two bytes, big-endian.
"""

import struct
import zlib

_PIECE = 16384
_BEFORE, _AFTER = 8192, 24576  # together zlib's whole window of 32 KiB
# Two bytes suffice: a piece that cannot be packed grows by a few bytes, not to 64 KiB.
_LENGTH = struct.Struct(">H")


class ThinBroken(ValueError):
    """The packed bytes do not give a text of the wanted size."""


def pack(text: bytes, older: bytes) -> bytes:
    """A text as its difference from an older one, which may be empty or anything else.

    Returns:
        for each 16 KiB of the text a length (two bytes, big-endian) and a zlib stream (RFC 1950) of that
        many bytes; nothing for an empty text.
    """
    parts = []
    for start in range(0, len(text), _PIECE):
        known = _dictionary(older, start)
        packer = zlib.compressobj(level=9, zdict=known) if known else zlib.compressobj(level=9)
        stream = packer.compress(text[start : start + _PIECE]) + packer.flush()
        parts.append(_LENGTH.pack(len(stream)) + stream)
    return b"".join(parts)


def unpack(packed: bytes, older: bytes, size: int) -> bytes:
    """The text of `size` bytes that `pack` was given; takes no more memory than that.

    Raises:
        ThinBroken: damaged, or made against another older text, or of another size.
    """
    parts, at = [], 0
    for start in range(0, size, _PIECE):
        begin = at + _LENGTH.size
        stream = packed[begin : begin + _length_at(packed, at)]
        at = begin + len(stream)
        parts.append(_unpack_piece(stream, older, start, min(_PIECE, size - start)))
    if at != len(packed):
        raise ThinBroken("there are bytes after the end")
    return b"".join(parts)


def _unpack_piece(stream: bytes, older: bytes, start: int, size: int) -> bytes:
    known = _dictionary(older, start)
    unpacker = zlib.decompressobj(zdict=known) if known else zlib.decompressobj()
    try:
        # One byte more than is right shows that there is more; a stream that swells without end stops there.
        piece = unpacker.decompress(stream, size + 1)
    except zlib.error:
        raise ThinBroken("a piece cannot be unpacked") from None
    # `eof`: the stream ends with a checksum, which is compared only when it is reached.
    if len(piece) != size or not unpacker.eof or unpacker.unused_data:
        raise ThinBroken("a piece has another size")
    return piece


def _length_at(packed: bytes, at: int) -> int:
    raw = packed[at : at + _LENGTH.size]
    if len(raw) != _LENGTH.size or len(packed) < at + _LENGTH.size + _LENGTH.unpack(raw)[0]:
        raise ThinBroken("it ends too early")
    return int(_LENGTH.unpack(raw)[0])


def _dictionary(older: bytes, start: int) -> bytes:
    return older[max(0, start - _BEFORE) : start + _AFTER]
