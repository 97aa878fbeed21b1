"""Ruby gems that are carried, as values."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class GemsPlan:
    """The profile's gems.

    Attributes:
        wanted: each gem by name, with the versions that it may have, as gem spells them: `= 3.3.5`.
        sources: addresses of gem sources, without credentials; none for this machine's own settings.
        features: what is required of a gem, where its name does not tell; nothing for one that is not tried.
        gemfile: bundler's file, whose lock says the rest; None for none.
        direct: what was asked for by name; None for all that is wanted.
        platforms: of a gem, which of its files may be taken; none said for any that suits.
        bound: of a gem, the sources that it may come from; none said for any of them.
        checksums: SHA-256 by file, as far as bundler's lock tells.
    """

    wanted: tuple[tuple[str, tuple[str, ...]], ...] = ()
    sources: tuple[str, ...] = ()
    features: tuple[tuple[str, tuple[str, ...]], ...] = ()
    gemfile: Path | None = None
    direct: tuple[str, ...] | None = None
    platforms: tuple[tuple[str, tuple[str, ...]], ...] = ()
    checksums: tuple[tuple[str, str], ...] = ()
    bound: tuple[tuple[str, tuple[str, ...]], ...] = ()

    @property
    def any(self) -> bool:
        """Whether gems are carried at all."""
        return bool(self.wanted) or self.gemfile is not None

    @property
    def asked(self) -> tuple[str, ...]:
        """The gems that were asked for by name."""
        return tuple(name for name, _ in self.wanted) if self.direct is None else self.direct

    @property
    def gemfile_lock(self) -> Path | None:
        """Where bundler keeps the Gemfile's lock: `Gemfile.lock`, or `gems.locked` beside `gems.rb`."""
        if self.gemfile is None:
            return None
        name = self.gemfile.name
        return self.gemfile.with_name("gems.locked" if name == "gems.rb" else name + ".lock")


@dataclass(frozen=True)
class GemSettings:
    """What gem and bundler are told on this machine. Its repr shows no secret.

    Attributes:
        gemrc: texts of its gemrc files, the weakest first; gem itself reads them, in a container.
        logins: `user:password` by host name.
        mirrors: addresses, each with the one that takes its place; `all` for every other.
    """

    gemrc: tuple[str, ...] = field(default=(), repr=False)
    logins: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    mirrors: tuple[tuple[str, str], ...] = field(default=(), repr=False)


@dataclass(frozen=True)
class LockedGem:
    """A gem as a source has it, and what was built of it.

    Attributes:
        name, version, platform: in gem's own words; `ruby` for one that is for all platforms.
        file: its file's name.
        sha256: of that file, 64 hexadecimal digits, lower case.
        size: bytes.
        requested: whether it was asked for by name; False for what came along.
        source: the address of the source that it came from, without credentials.
        built_file, built_sha256, built_size: of the gem that was packed anew with what was built; empty and
            0 where nothing is to be built.
    """

    name: str
    version: str
    platform: str
    file: str
    sha256: str
    size: int
    requested: bool
    source: str
    built_file: str = ""
    built_sha256: str = ""
    built_size: int = 0

    @property
    def label(self) -> str:
        """Name and version on one line."""
        return f"{self.name} {self.version}"


@dataclass(frozen=True)
class CarriedGem:
    """A gem as it travels: nothing of it is to be built any more.

    Attributes:
        name, version, platform, file, sha256, size, requested: as in `LockedGem`, of the file that travels.
        features: what is required of it, to see that it works.
    """

    name: str
    version: str
    platform: str
    file: str
    sha256: str
    size: int
    requested: bool
    features: tuple[str, ...] = ()

    @property
    def path(self) -> str:
        """Its path in the payload."""
        return f"gems/{self.file}"


@dataclass(frozen=True)
class GemSet:
    """The gems of one bundle.

    Attributes:
        abi: the Ruby that they are for, as Ruby calls its interface: `3.1.0`.
        gems: in the order of installation: each after what it needs.
    """

    abi: str
    gems: tuple[CarriedGem, ...]
