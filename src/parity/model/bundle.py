"""The bundle as a value: its identity, its files, and the finished result."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

SUFFIX = ".parity.tar"
"""How a bundle's name ends."""


@dataclass(frozen=True)
class BundleIdentity:
    """What the signed statement says about the bundle besides its digests."""

    product: str
    version: str
    serial: int
    profile: str

    @property
    def filename(self) -> str:
        """`<product>-<version>-<profile>.parity.tar`: of a bundle."""
        return self.stem + SUFFIX

    @property
    def stem(self) -> str:
        """`<product>-<version>-<profile>`: how the name of any file of it begins."""
        return f"{self.product}-{self.version}-{self.profile}"


@dataclass(frozen=True)
class BundleFile:
    """One file of the payload.

    Attributes:
        path: ASCII, relative, `/` between parts.
        size: bytes.
        sha256: hexadecimal, lower case.
        open: gives the bytes in chunks, in order, each time it is called; None where the file
            comes out of the wheel stream.
        executable: whether the installer makes it so; said of the profile's other files alone.
    """

    path: str
    size: int
    sha256: str
    open: Callable[[], Iterator[bytes]] | None
    executable: bool = False


@dataclass(frozen=True)
class BuiltBundle:
    """A finished bundle on this machine's disk; `signers`: fingerprints of the keys that signed it.

    `export` is the signed manifest of an image or environment that was written in its place.
    """

    path: Path
    size: int
    payload_sha256: str
    identity: BundleIdentity
    signers: tuple[str, ...]
    export: Mapping[str, object] | None = None
