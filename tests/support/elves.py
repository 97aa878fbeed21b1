"""Shared libraries made by hand: any class and byte order, and good enough for a real loader to trace."""

from __future__ import annotations

import struct
import sys
from collections.abc import Mapping, Sequence

MACHINES = {"x86_64": 62, "aarch64": 183, "i386": 3, "s390x": 22}


def _hash(name: bytes) -> int:
    value = 0
    for byte in name:
        value = (value << 4) + byte
        value = (value ^ (value & 0xF0000000) >> 24) & 0x0FFFFFFF
    return value


class _Strings:
    def __init__(self) -> None:
        self.data = b"\0"

    def __call__(self, text: str) -> int:
        at = len(self.data)
        self.data += text.encode() + b"\0"
        return at


def shared_library(
    needed: Sequence[str] = (),
    versions: Mapping[str, Sequence[str]] | None = None,
    *,
    soname: str = "",
    defined: Sequence[str] = (),
    weak: Sequence[str] = (),
    paths: str = "",
    bits: int = 64,
    order: str = "<" if sys.byteorder == "little" else ">",
    machine: int = MACHINES["x86_64"],
    packed: bool = False,
) -> bytes:
    """The bytes of a shared library without code.

    Args:
        needed: its DT_NEEDED.
        versions: library → symbol versions that it needs of it.
        soname: its DT_SONAME.
        defined: symbol versions that it defines.
        weak: those among the needed versions that may be absent.
        paths: its DT_RUNPATH.
        bits: 32 or 64.
        order: `<` or `>`.
        machine: its e_machine.
        packed: whether it has packed relocations (none of them real).
    """
    strings = _Strings()
    entries = [(1, strings(name)) for name in needed]
    entries += [(14, strings(soname))] if soname else []
    entries += [(29, strings(paths))] if paths else []
    entries += [(36, 0)] if packed else []
    needs = _verneed(versions or {}, weak, strings, order)
    defines = _verdef([soname or "base", *defined], strings, order) if defined else b""
    symbols = bytes(24 if bits == 64 else 16)
    tables = {
        5: strings.data,
        6: symbols,
        4: struct.pack(order + "IIII", 1, 1, 0, 0),
        0x6FFFFFFE: needs,
        0x6FFFFFFC: defines,
        0x6FFFFFF0: struct.pack(order + "H", 0),
    }
    head, segment = (64, 56) if bits == 64 else (52, 32)
    body, at = b"", head + 2 * segment
    for tag, data in tables.items():
        if data:
            entries.append((tag, at + len(body)))
            body += data + bytes(-len(data) % 8)
    entries += [(10, len(strings.data)), (11, len(symbols))]
    entries += [(0x6FFFFFFF, len(versions or {}))] if needs else []
    entries += [(0x6FFFFFFD, len(defined) + 1)] if defines else []
    body += bytes(-(at + len(body)) % 8)
    start = at + len(body)
    word = "QQ" if bits == 64 else "II"
    dynamic = b"".join(struct.pack(order + word, *entry) for entry in [*entries, (0, 0)])
    size = start + len(dynamic)
    return _head(bits, order, machine) + _segments(bits, order, size, start, len(dynamic)) + body + dynamic


def _head(bits: int, order: str, machine: int) -> bytes:
    ident = b"\x7fELF" + bytes([2 if bits == 64 else 1, 1 if order == "<" else 2, 1]) + bytes(9)
    if bits == 64:
        return ident + struct.pack(order + "HHIQQQIHHHHHH", 3, machine, 1, 0, 64, 0, 0, 64, 56, 2, 0, 0, 0)
    return ident + struct.pack(order + "HHIIIIIHHHHHH", 3, machine, 1, 0, 52, 0, 0, 52, 32, 2, 0, 0, 0)


def _segments(bits: int, order: str, size: int, start: int, length: int) -> bytes:
    """One segment that loads the whole file at address 0, and the dynamic one."""
    if bits == 64:
        form = order + "IIQQQQQQ"
        load = struct.pack(form, 1, 6, 0, 0, 0, size, size, 0x1000)
        return load + struct.pack(form, 2, 6, start, start, start, length, length, 8)
    form = order + "IIIIIIII"
    load = struct.pack(form, 1, 0, 0, 0, size, size, 6, 0x1000)
    return load + struct.pack(form, 2, start, start, start, length, length, 6, 4)


def _verneed(
    versions: Mapping[str, Sequence[str]], weak: Sequence[str], strings: _Strings, order: str
) -> bytes:
    blocks = []
    for library, names in versions.items():
        aux = b"".join(
            struct.pack(
                order + "IHHII",
                _hash(name.encode()),
                2 if name in weak else 0,
                2 + number,
                strings(name),
                16 if number + 1 < len(names) else 0,
            )
            for number, name in enumerate(names)
        )
        blocks.append((strings(library), len(names), aux))
    data = b""
    for number, (library_at, count, aux) in enumerate(blocks):
        following = 16 + len(aux) if number + 1 < len(blocks) else 0
        data += struct.pack(order + "HHIII", 1, count, library_at, 16, following) + aux
    return data


def _verdef(names: Sequence[str], strings: _Strings, order: str) -> bytes:
    """Version definitions; the first is the file's own name (VER_FLG_BASE)."""
    data = b""
    for number, name in enumerate(names):
        following = 28 if number + 1 < len(names) else 0
        flags = 1 if number == 0 else 0
        data += struct.pack(order + "HHHHIII", 1, flags, number + 1, 1, _hash(name.encode()), 20, following)
        data += struct.pack(order + "II", strings(name), 0)
    return data
