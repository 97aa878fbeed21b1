"""What a profile may ask for besides wheels of one index."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote, urlsplit

from parity.model.image import ImageSource


@dataclass(frozen=True)
class NamedIndex:
    """An index besides the default one.

    Attributes:
        name: what the lock calls it.
        url: of the simple index, without credentials.
        packages: what comes from it alone: normalised names, or beginnings with `*` behind them;
            a lone `*` stands for all that is bound to no other index.
        login: user and password that stood with its address, None where none did.
        folder: of this machine that is the index, None for one at an address.
        path: the same as it was written, if that is relative, else its own name: what locks tell.
        flat: whether the address is one page of links for all projects (uv's `format = "flat"`).
    """

    name: str
    url: str
    packages: tuple[str, ...] = ()
    login: tuple[str, str] | None = field(default=None, repr=False)
    folder: Path | None = None
    path: str = ""
    flat: bool = False


@dataclass(frozen=True)
class IndexSettings:
    """The indexes that the profile asks for.

    Attributes:
        url: of the default index; None means: the host's own settings.
        named: the indexes besides it.
        packages: what comes from the default index alone, as in `NamedIndex`.
        login: of the default index, as in `NamedIndex`.
        hidden: origins, and the parts of their paths (`${TOKEN}`) that stand for variables' values.
    """

    url: str | None = None
    named: tuple[NamedIndex, ...] = ()
    packages: tuple[str, ...] = ()
    login: tuple[str, str] | None = field(default=None, repr=False)
    hidden: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class SourcePlan:
    """What may be built from source, and where.

    Attributes:
        names: normalised names of packages that are built from their source distribution.
        auto: whether whatever has no fitting wheel is built from its own, too.
        strict: whether packages that are older, because they or theirs have no wheel, stop the build.
        builder: the builder's image, None for the one beside the target's.
        packages: packages of the distribution that the builder gets besides.
        bring: whether it gets what a failing build says that it lacks.
        constraints: limits of build requirements, each with the package whose build it is for; "" for all.
        requirements: build requirements that a package does not say, each with its package.
        fetch: commands that fetch what a build downloads, each with its package; "" for the user's sources.
        versions: packages and their versions, where nothing else tells them to the build.
        apart: whether all sources are built in the builder; otherwise the target's own image serves.
    """

    names: tuple[str, ...] = ()
    builder: ImageSource | None = None
    packages: tuple[str, ...] = ()
    bring: bool = False
    constraints: tuple[tuple[str, str], ...] = ()
    requirements: tuple[tuple[str, str], ...] = ()
    fetch: tuple[tuple[str, str], ...] = ()
    versions: tuple[tuple[str, str], ...] = ()
    apart: bool = False
    auto: bool = False
    strict: bool = False


@dataclass(frozen=True)
class SystemPlan:
    """Packages of the distribution that are carried; `auto`: those that the rehearsal finds missing."""

    names: tuple[str, ...] = ()
    auto: bool = False


@dataclass(frozen=True)
class OtherFile:
    """A file or folder that travels besides.

    Attributes:
        path: on this machine, absolute; None where it is fetched.
        url: where it is fetched; empty for a path.
        sha256: what its bytes must be; empty where a path was named without.
        to: its place below `files` on the target; empty for its own name.
        executable: whether the installer makes it so; None for what the file is here.
    """

    path: Path | None = None
    url: str = ""
    sha256: str = ""
    to: str = ""
    executable: bool | None = None

    @property
    def place(self) -> str:
        """Where it lies below `files` on the target."""
        own = self.path.name if self.path else unquote(urlsplit(self.url).path).rpartition("/")[2]
        return self.to or own
