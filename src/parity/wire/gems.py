"""Jobs and answers of Ruby; see `parity.gems.scripts` and `parity.portable.ruby.scripts`."""

from __future__ import annotations

from typing import TypedDict


class GemPlace(TypedDict):
    """A gem at a source."""

    name: str
    version: str
    platform: str
    source: str


class GemFetchJob(TypedDict):
    """What to resolve, `wanted` as [name, requirement, …], or exactly what was `locked`; what may be used.

    `platforms` and `bound`: of a gem, which of its files may be taken, from which sources; `gemrc`: texts of
    this machine's; `ca`: a file of certificates in the container, None for its own.
    """

    wanted: list[list[str]]
    locked: list[GemPlace] | None
    sources: list[str]
    gemrc: list[str]
    logins: dict[str, str]
    mirrors: dict[str, str]
    platforms: dict[str, list[str]]
    bound: dict[str, list[str]]
    proxies: dict[str, str]
    ca: str | None
    work: str
    folder: str


class GemFetched(GemPlace):
    """A gem that came, and its file's name; `source` is without a login."""

    file: str


class GemProblem(TypedDict):
    """Why they could not be had."""

    kind: str
    message: str


class GemsFetched(TypedDict):
    """Gems in the order of installation, and those of the image that serve as they are."""

    gems: list[GemFetched]
    present: list[str]
    error: GemProblem | None


class StoredGem(TypedDict):
    """A gem in the store."""

    file: str
    sha256: str


class GemLayJob(TypedDict):
    """Gems to lay out of the store into a folder."""

    store: str
    folder: str
    gems: list[StoredGem]


class GemsLaid(TypedDict):
    """Whether the container has no network."""

    alone: bool


class RubySaid(TypedDict):
    """Which Ruby it is; `abi` names its interface, `engine` who made it."""

    ruby: str
    abi: str
    platform: str
    rubygems: str
    engine: str


class GemSaid(TypedDict):
    """What a gem's file says of itself; `require` is what its name and files suggest."""

    name: str
    version: str
    platform: str
    extensions: list[str]
    programs: list[str]
    plugin: bool
    require: list[str]
    error: str


class GemsJudged(TypedDict):
    """What gems say of themselves, and the Ruby that read them."""

    ruby: RubySaid
    said: list[GemSaid]


class GemRepackJob(TypedDict):
    """Built gems to pack anew: their files in `folder`, installed in `home`."""

    folder: str
    home: str
    stage: str
    out: str
    gems: list[str]


class GemRepacked(TypedDict):
    """The file that was made of one."""

    of: str
    file: str


class GemFound(TypedDict):
    """A gem that the bundle carries, and what can be required of it."""

    name: str
    version: str
    requested: bool
    features: list[str]


class FeatureSeen(TypedDict):
    """How the requiring of one feature of a gem ended; `output` is the end of what was said."""

    gem: str
    feature: str
    requested: bool
    exit_code: int
    output: str


class GemsSeen(TypedDict):
    """The gems that are installed, and all that was required of them."""

    installed: list[tuple[str, str]]
    rows: list[FeatureSeen]
