"""A good wheel whose zip lies in one field of one record, or in some bytes by chance; and what readers see.

Whoever judges such a wheel may accept it only where every reader sees what was in the good one.
"""

from __future__ import annotations

import io
import random
import struct
import zipfile
import zlib
from collections.abc import Iterator
from typing import NamedTuple

from tests.support.evil_wheel import evil
from tests.support.mutations import Mutation

_LOCAL = {"flags": (6, 2), "method": (8, 2), "crc": (14, 4), "packed": (18, 4), "size": (22, 4),
          "name length": (26, 2), "extra length": (28, 2), "signature": (0, 4)}  # fmt: skip
_CENTRAL = {
    "version needed": (6, 2),
            "flags": (8, 2), "method": (10, 2), "crc": (16, 4), "packed": (20, 4), "size": (24, 4),
            "name length": (28, 2), "extra length": (30, 2), "comment length": (32, 2), "disk": (34, 2),
            "mode": (40, 2), "offset": (42, 4), "signature": (0, 4)}  # fmt: skip
_END = {"disk": (4, 2), "disk of the directory": (6, 2), "entries here": (8, 2), "entries": (10, 2),
        "size of the directory": (12, 4), "start of the directory": (16, 4), "comment length": (20, 2),
        "signature": (0, 4)}  # fmt: skip


class Lie(NamedTuple):
    """One wheel: which record lies in which field, and its bytes."""

    kind: str
    what: str
    data: bytes


def good() -> bytes:
    """The wheel that all start from."""
    return evil().data()


def lies() -> Iterator[Lie]:
    """Each field of each record of the first and the last entry, with several values."""
    data = good()
    end = len(data) - 22
    start = struct.unpack_from("<L", data, end + 16)[0]
    centrals = list(_centrals(data, start, end))
    for kind, fields, places in (
        ("local header", _LOCAL, [struct.unpack_from("<L", data, at + 42)[0] for at in centrals]),
        ("central header", _CENTRAL, centrals),
        ("end record", _END, [end]),
    ):
        for number, at in dict(enumerate((places[0], places[-1]))).items():
            if number == 0 or places[-1] != places[0]:
                yield from _of_record(data, kind, fields, at)


def _centrals(data: bytes, at: int, end: int) -> Iterator[int]:
    while at < end:
        yield at
        at += 46 + sum(struct.unpack_from("<3H", data, at + 28))


def _of_record(data: bytes, kind: str, fields: dict[str, tuple[int, int]], at: int) -> Iterator[Lie]:
    for field, (offset, size) in fields.items():
        form = {2: "<H", 4: "<L"}[size]
        honest, top = struct.unpack_from(form, data, at + offset)[0], 256**size - 1
        for value in sorted(
            {0, 1, honest ^ 1, (honest + 1) & top, (honest - 1) & top, top, top - 1} - {honest}
        ):
            made = bytearray(data)
            struct.pack_into(form, made, at + offset, value)
            yield Lie(kind, f"{field} = {value} at {at}", bytes(made))


def flip(rng: random.Random, data: bytes) -> bytes:
    made = bytearray(data)
    made[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
    return bytes(made)


def overwrite(rng: random.Random, data: bytes) -> bytes:
    at, count = rng.randrange(len(data)), rng.randrange(1, 40)
    return data[:at] + rng.randbytes(count) + data[at + count :]


def repeat(rng: random.Random, data: bytes) -> bytes:
    """A stretch of it a second time somewhere else."""
    at, count, there = rng.randrange(len(data)), rng.randrange(1, 300), rng.randrange(len(data))
    return data[:there] + data[at : at + count] + data[there:]


def cut_out(rng: random.Random, data: bytes) -> bytes:
    at = rng.randrange(len(data))
    return data[:at] + data[at + rng.randrange(1, 60) :]


MUTATIONS: list[Mutation] = [flip, overwrite, repeat, cut_out]


# --- what two kinds of readers see ------------------------------------------------------------------------


def by_directory(data: bytes) -> dict[str, bytes]:
    """The files as the central directory tells."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def by_stream(data: bytes) -> dict[str, bytes]:
    """The files as somebody sees them who reads from the front and never looks at the directory."""
    found, at = {}, 0
    while data[at : at + 4] == b"PK\3\4":
        flags, method, packed, name, extra = (
            struct.unpack_from(form, data, at + offset)[0]
            for form, offset in (("<H", 6), ("<H", 8), ("<L", 18), ("<H", 26), ("<H", 28))
        )
        if flags & 8:
            raise ValueError("a stream cannot know the size")
        begin = at + 30 + name + extra
        raw = data[begin : begin + packed]
        path = data[at + 30 : at + 30 + name].decode("utf-8" if flags & 0x800 else "ascii")
        found[path] = zlib.decompress(raw, -15) if method else raw
        at = begin + packed
    return found


def same_for_all(data: bytes, contents: dict[str, bytes]) -> bool:
    """Whether both readers see exactly these files."""
    try:
        return by_directory(data) == by_stream(data) == contents
    except (
        zipfile.BadZipFile,
        zlib.error,
        ValueError,
        OSError,
        struct.error,
        NotImplementedError,
        RuntimeError,
    ):
        return False
