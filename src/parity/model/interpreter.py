"""A standalone interpreter that an environment carries, as values."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class PythonPlaces:
    """Where uv on this machine is told to get interpreters; empty for uv's own places.

    Attributes:
        cache: a folder that keeps their archives by SHA-256.
        mirror: the address below which builds lie; may hold a login.
        downloads: the address of a list in place of uv's own; may hold a login.
        warnings: files that could not be read.
    """

    cache: Path
    mirror: str = field(default="", repr=False)
    downloads: str = field(default="", repr=False)
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True)
class LockedPython:
    """An interpreter's archive.

    Attributes:
        version: in full, `3.11.9`.
        file: what it is called where it came from.
        sha256: of its bytes, in hexadecimal.
    """

    version: str
    file: str
    sha256: str
