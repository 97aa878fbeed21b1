"""The resolved set: one wheel and one hash for each package."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass

from parity.model.download import Download
from parity.model.image import LockedImage
from parity.model.project import Origin

# Addresses and the three words of our own are no names of indexes.
_NAME = re.compile(r"(?!default$|direct$|built$)[a-z][a-z0-9-]*")


@dataclass(frozen=True)
class LockedWheel:
    """One package of the lock.

    Attributes:
        name: normalised project name (PEP 503).
        version: as the index spells it.
        filename: the wheel's file name (PEP 427).
        url: where it was found, without credentials, query or fragment; empty where it was built.
        sha256: 64 hexadecimal digits, lower case.
        size: bytes, None where the index does not tell.
        requested: True where the user's own requirements name it.
        index: the name of the index it came from; the default one's address, or `default`; `direct`
            where its address was named; `built` where it was built.
        origin: the source that it was built from, None where it came as a wheel.
        path: in a folder of wheels, relative to what names it; empty for what came from elsewhere.
    """

    name: str
    version: str
    filename: str
    url: str
    sha256: str
    size: int | None
    requested: bool
    index: str = "default"
    origin: Origin | None = None
    path: str = ""

    @property
    def download(self) -> Download:
        """Its file."""
        return Download(self.filename, self.url, self.sha256, self.size, self.index)


@dataclass(frozen=True)
class Lock:
    """The lock for one target.

    Attributes:
        wheels: sorted by name.
        requires_python: the specifier of the interpreter it was made for, `==3.9.*`.
        inputs: SHA-256 over everything that was resolved from (requirements, constraints,
            facts, index, exclude-newer); when it changes the lock may be out of date.
        created_by: the resolver and its version.
        variables: names of environment variables that the requirements were completed from.
        held_back: packages that are older than their sources would allow, a sentence each.
        notes: what else whoever asked for them should know, a sentence each.
        setuptools_for: packages for which a setuptools that has `pkg_resources` was added, by name.
        image: the image that it was made in, None where a folder makes that.
    """

    wheels: tuple[LockedWheel, ...]
    requires_python: str
    inputs: str
    created_by: str
    variables: tuple[str, ...] = ()
    held_back: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    setuptools_for: tuple[str, ...] = ()
    image: LockedImage | None = None

    def told(self) -> str:
        """How many packages it has, and how many come from which of the named indexes."""
        named = Counter(wheel.index for wheel in self.wheels if _NAME.fullmatch(wheel.index))
        parts = [
            "1 package" if len(self.wheels) == 1 else f"{len(self.wheels)} packages",
            *(f"{n} from {name}" for name, n in sorted(named.items())),
        ]
        return ", ".join(parts)
