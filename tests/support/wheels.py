"""Wheels made by hand, every header of them at the test's mercy; `hostile` has a corpus of bad ones."""

from __future__ import annotations

import base64
import hashlib
import struct
import zlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

Row = tuple[str, str, str]
Record = Callable[[list[Row]], Iterable[Row]]
"""Takes the honest rows of RECORD, gives those that are written."""

DEFLATED, STORED = 8, 0
_UTF8 = 0x800
_DATE = 0x5021  # 2020-01-01


@dataclass
class Raw:
    """One entry of a zip; `local` and `central` replace fields of one header alone.

    Fields: name, flags, method, crc, packed, size; in `central` also offset and extra.
    `stored` replaces the packed bytes, `after` follows them (a data descriptor, or anything).
    """

    name: bytes
    data: bytes
    method: int = DEFLATED
    flags: int = 0
    mode: int = 0o100644
    local: dict[str, object] = field(default_factory=dict)
    central: dict[str, object] = field(default_factory=dict)
    stored: bytes | None = None
    after: bytes = b""

    def packed(self) -> bytes:
        """The bytes that lie in the archive."""
        if self.stored is not None:
            return self.stored
        if self.method != DEFLATED:
            return self.data
        packer = zlib.compressobj(9, zlib.DEFLATED, -15)
        return packer.compress(self.data) + packer.flush()

    def header(self, changed: Mapping[str, object]) -> dict[str, object]:
        """The honest fields, with some of them changed."""
        honest: dict[str, object] = {
            "name": self.name,
            "flags": self.flags,
            "method": self.method,
            "crc": zlib.crc32(self.data),
            "packed": len(self.packed()),
            "size": len(self.data),
            "extra": b"",
        }
        return {**honest, **changed}


def raw_zip(
    entries: Sequence[Raw],
    *,
    before: bytes = b"",
    between: bytes = b"",
    after: bytes = b"",
    comment: bytes = b"",
    wide: int | None = None,
) -> bytes:
    """A zip of these entries; with bytes before the first, before the directory, or after the end.

    `wide` writes a 64-bit end record, and says in the plain one that there are so many entries.
    """
    body, directory = bytearray(before), bytearray()
    for entry in entries:
        here = len(body)
        head = entry.header(entry.local)
        name, extra = _bytes(head["name"]), _bytes(head["extra"])
        body += struct.pack("<4s5H3L2H", b"PK\3\4", 20, *_middle(head), len(name), len(extra)) + name + extra
        body += entry.packed() + entry.after
        head = entry.header(entry.central)
        name, extra = _bytes(head["name"]), _bytes(head["extra"])
        directory += struct.pack(
            "<4s6H3L5H2L",
            b"PK\1\2",
            0x314,
            20,
            *_middle(head),
            len(name),
            len(extra),
            0,
            0,
            0,
            entry.mode << 16,
            head.get("offset", here),
        )
        directory += name + extra
    body += between
    start, count = len(body), len(entries)
    if wide is not None:
        here, size = len(body) + len(directory), len(directory)
        directory += struct.pack("<4sQ2H2L4Q", b"PK\6\6", 44, 45, 45, 0, 0, count, count, size, start)
        directory += struct.pack("<4sLQL", b"PK\6\7", 0, here, 1)
        end = struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, wide, wide, 0xFFFFFFFF, 0xFFFFFFFF, 0)
        return bytes(body + directory) + end
    end = struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, count, count, len(directory), start, len(comment))
    return bytes(body + directory) + end + comment + after


def _middle(head: Mapping[str, object]) -> list[object]:
    return [head["flags"], head["method"], 0, _DATE, head["crc"], head["packed"], head["size"]]


def _bytes(value: object) -> bytes:
    assert isinstance(value, bytes)
    return value


@dataclass
class WheelParts:
    """A wheel before it is zipped: its real name's parts, its files in order, and RECORD's rows."""

    name: str = "evil"
    version: str = "1.0"
    tag: str = "py3-none-any"
    files: dict[str, bytes] = field(default_factory=dict)
    entry_points: str = ""
    requires: Sequence[str] = ()
    record: Record | None = None
    metadata: str = ""
    wheel: str = ""
    info: str = ""
    leave_out: Sequence[str] = ()

    @property
    def filename(self) -> str:
        return f"{self.name}-{self.version}-{self.tag}.whl"

    @property
    def folder(self) -> str:
        return self.info or f"{self.name}-{self.version}.dist-info"

    def contents(self) -> dict[str, bytes]:
        """All files, RECORD last."""
        metadata = self.metadata or f"Metadata-Version: 2.1\nName: {self.name}\nVersion: {self.version}\n"
        metadata += "".join(f"Requires-Dist: {line}\n" for line in self.requires)
        wheel = self.wheel or f"Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: {self.tag}\n"
        every = {**self.files, f"{self.folder}/METADATA": metadata.encode()}
        every[f"{self.folder}/WHEEL"] = wheel.encode()
        if self.entry_points:
            every[f"{self.folder}/entry_points.txt"] = self.entry_points.encode()
        rows = [(path, record_hash(data), str(len(data))) for path, data in every.items()]
        rows = list(self.record(rows) if self.record else rows)
        lines = [",".join(_cell(cell) for cell in row) for row in [*rows, (f"{self.folder}/RECORD", "", "")]]
        every[f"{self.folder}/RECORD"] = ("\n".join(lines) + "\n").encode()
        return {path: data for path, data in every.items() if path not in self.leave_out}

    def entries(self) -> list[Raw]:
        """The files as zip entries, for a test to twist."""
        return [
            Raw(path.encode(), data, flags=0 if path.isascii() else _UTF8)
            for path, data in self.contents().items()
        ]

    def data(self) -> bytes:
        """The wheel's bytes."""
        return raw_zip(self.entries())


def record_hash(data: bytes) -> str:
    """A hash as RECORD spells it."""
    return "sha256=" + base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()


def _cell(text: str) -> str:
    return '"' + text.replace('"', '""') + '"' if any(sign in text for sign in ',"\n') else text


def make_wheel(
    folder: Path,
    name: str,
    version: str,
    files: Mapping[str, bytes],
    *,
    tag: str = "py3-none-any",
    entry_points: str = "",
    requires: Sequence[str] = (),
) -> Path:
    """Write a good wheel under its proper name; gives the path."""
    parts = WheelParts(name, version, tag, dict(files), entry_points, requires)
    path = folder / parts.filename
    path.write_bytes(parts.data())
    return path
