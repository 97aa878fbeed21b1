"""Bundles that are too large for memory, made without holding them: wheels of zeros behind a mark."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from tests.support.bundles import IDENTITY, PROFILE_SHA256, TARGET, signing_key

from parity.model import BundleIdentity, LockedWheel, StoredWheel
from parity.pack import build_manifest, wheel_files, write_bundle
from parity.sign import SigningKey, make_sealer

_CHUNK = 1 << 20
Streams = Iterable[tuple[str, Iterator[bytes]]]


@dataclass(frozen=True)
class Ballast:
    """A wheel in name only: `mark`, then zeros up to `size` bytes."""

    name: str
    size: int
    mark: bytes = b""

    @property
    def filename(self) -> str:
        """Its name in the bundle."""
        return f"{self.name}-1.0-py3-none-any.whl"

    @cached_property
    def sha256(self) -> str:
        """Its digest."""
        digest = hashlib.sha256()
        for chunk in self.chunks():
            digest.update(chunk)
        return digest.hexdigest()

    def chunks(self) -> Iterator[bytes]:
        """Its bytes."""
        yield self.mark
        zeros = bytes(_CHUNK)
        for done in range(len(self.mark), self.size, _CHUNK):
            yield zeros[: self.size - done]

    def stored(self) -> StoredWheel:
        """The wheel as a lock names it."""
        url = f"https://index.invalid/{self.filename}"
        locked = LockedWheel(self.name, "1.0", self.filename, url, self.sha256, self.size, requested=True)
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
