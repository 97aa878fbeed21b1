"""Packages of the target's distribution that are carried, as values."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class SystemPackage:
    """A package of the distribution.

    Attributes:
        name, version, arch: in its manager's own words; rpm's version is `epoch:version-release`.
        file: the name under which it travels below `system/`.
        sha256: 64 hexadecimal digits, lower case.
        size: bytes.
        requested: whether it was asked for, by name or for a library; False for what came along.
    """

    name: str
    version: str
    arch: str
    file: str
    sha256: str
    size: int
    requested: bool

    @property
    def path(self) -> str:
        """Its path in the payload."""
        return f"system/{self.file}"


@dataclass(frozen=True)
class SystemSet:
    """What is carried for one target.

    Attributes:
        manager: the family whose packages they are, by its name in `portable.families`.
        packages: in the order of installation.
        unprovided: libraries that were missing and that no known package provides.
    """

    manager: str
    packages: tuple[SystemPackage, ...]
    unprovided: tuple[str, ...] = ()
