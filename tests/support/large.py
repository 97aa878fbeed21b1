"""Bundles that are too large for memory, made without holding them: wheels with one file of zeros."""

from __future__ import annotations

import base64
import hashlib
import struct
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

from tests.support.bundles import IDENTITY, PROFILE_SHA256, TARGET, signing_key
from tests.support.wheels import STORED, Raw, WheelParts, raw_zip

from parity.model import BundleIdentity, LockedWheel, StoredWheel
from parity.pack import build_manifest, wheel_files, write_bundle
from parity.sign import SigningKey, make_sealer

_CHUNK = 1 << 20
_END = 22  # bytes of a zip's plain end record
Streams = Iterable[tuple[str, Iterator[bytes]]]


@dataclass(frozen=True)
class Ballast:
    """A real wheel whose one file holds so many zeros."""

    name: str
    zeros: int

    @property
    def filename(self) -> str:
        """Its name in the bundle."""
        return f"{self.name}-1.0-py3-none-any.whl"

    @cached_property
    def around(self) -> tuple[bytes, bytes]:
        """What of the wheel comes before the zeros, and what after them."""
        crc, digest = _facts(self.zeros)
        path = f"{self.name}.bin"
        parts = WheelParts(
            self.name, "1.0", record=lambda rows: [*rows, (path, f"sha256={digest}", str(self.zeros))]
        )
        claims = {"crc": crc, "packed": self.zeros, "size": self.zeros}
        last = Raw(path.encode(), b"", STORED, local=dict(claims), central=dict(claims))
        data = raw_zip([*parts.entries(), last])
        end = data[-_END:]
        (start,) = struct.unpack("<L", end[16:20])
        moved = end[:16] + struct.pack("<L", start + self.zeros) + end[20:]
        return data[:start], data[start:-_END] + moved

    @property
    def size(self) -> int:
        """The wheel's bytes."""
        before, after = self.around
        return len(before) + self.zeros + len(after)

    def chunks(self) -> Iterator[bytes]:
        """The wheel's bytes, in order."""
        before, after = self.around
        yield before
        yield from _zeros(self.zeros)
        yield after

    def stored(self) -> StoredWheel:
        """The wheel as a lock names it."""
        digest = hashlib.sha256()
        for chunk in self.chunks():
            digest.update(chunk)
        url, sha256 = f"https://index.invalid/{self.filename}", digest.hexdigest()
        locked = LockedWheel(self.name, "1.0", self.filename, url, sha256, self.size, requested=True)
        return StoredWheel(locked, self.size)


def large_bundle(
    folder: Path,
    ballast: Sequence[Ballast],
    *,
    key: SigningKey | None = None,
    identity: BundleIdentity = IDENTITY,
    streams: Streams | None = None,
) -> Path:
    """Write and sign a bundle of nothing but these wheels.

    Args:
        folder: where it goes.
        ballast: the wheels, by name.
        key: signs; by default one key for all tests.
        identity: gives the file's name.
        streams: their bytes by file name, where they do not come from here.
    """
    wheels = [one.stored() for one in ballast]
    files = wheel_files(wheels)
    data = build_manifest(
        target=TARGET,
        implementation="cpython",
        installer="pip",
        uv=None,
        wheels=wheels,
        imports=[],
        allow=[],
        files=files,
    )
    seal = make_sealer([key or signing_key()], identity, PROFILE_SHA256)
    given = ((one.filename, one.chunks()) for one in ballast) if streams is None else streams
    return write_bundle(folder, identity, data, files, given, seal).path


def _zeros(count: int) -> Iterator[bytes]:
    chunk = bytes(_CHUNK)
    for done in range(0, count, _CHUNK):
        yield chunk[: count - done]


@cache
def _facts(count: int) -> tuple[int, str]:
    """The CRC of so many zeros, and their SHA-256 as RECORD spells it."""
    crc, digest = 0, hashlib.sha256()
    for chunk in _zeros(count):
        crc = zlib.crc32(chunk, crc)
        digest.update(chunk)
    return crc, base64.urlsafe_b64encode(digest.digest()).rstrip(b"=").decode()
