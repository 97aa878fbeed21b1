"""Jobs and results of the tasks that fill, read, judge and shrink the store."""

from __future__ import annotations

from typing import Literal, TypedDict

from parity.wire.network import Reach


class _FileHashes(TypedDict, total=False):
    hashes: dict[str, str]


class FileWanted(_FileHashes):
    """A file to fetch; `sha256` is empty where nobody knows it, `hashes` are others that it must have."""

    filename: str
    url: str
    sha256: str
    size: int | None


class FetchLimits(TypedDict):
    """Tries of each file; seconds without progress, and for all, after which a run is over."""

    attempts: int
    stall: float | None
    deadline: float | None


class FetchJob(Reach, FetchLimits):
    """See `parity.guest.tasks.fetch`."""

    store: str
    set: str | None
    threads: int
    wheels: list[FileWanted]


class FileFetched(TypedDict):
    """A file that is in the store; `fetched`: whether it came over the network."""

    filename: str
    sha256: str
    size: int
    fetched: bool


class FileFailed(TypedDict):
    """A file that could not be had."""

    filename: str
    kind: str
    message: str


class FetchResult(TypedDict):
    """`folder` is the set's, where one was asked for and all came."""

    folder: str | None
    fetched_bytes: int
    wheels: list[FileFetched]
    failed: list[FileFailed]


class FetchProgress(TypedDict):
    """Bytes and files done; `total` is 0 where nobody knows it."""

    event: Literal["progress"]
    done: int
    total: int
    file: str
    files_done: int
    files: int


class FetchWarning(TypedDict):
    """Something that a user should know."""

    event: Literal["warning"]
    message: str


class FileKept(TypedDict):
    """A file of the store; where it is to be taken in, `incoming` is its name among the partial ones."""

    sha256: str
    filename: str
    incoming: str | None


class KeepJob(TypedDict):
    """See `parity.guest.tasks.keep`."""

    store: str
    files: list[FileKept]


class WheelMetadata(TypedDict):
    """Of a wheel's METADATA: its Requires-Dist lines, its Requires-Python or nothing, its extras."""

    requires: list[str]
    requires_python: str
    provides_extra: list[str]


class FileTold(WheelMetadata):
    """What a file of the store says of itself."""

    sha256: str
    held: bool
    size: int


class KeepResult(TypedDict):
    """One for each file of the job."""

    files: list[FileTold]


class _PruneJob(TypedDict, total=False):
    older_than: float
    in_use_since: float | None


class CacheJob(_PruneJob):
    """See `parity.guest.tasks.cache`; the other keys are for `prune`."""

    store: str
    do: Literal["info", "prune"]


class CacheRemoved(TypedDict):
    """How many of each were removed, and what that freed."""

    wheels: int
    bytes: int
    sets: int


class CacheSizes(CacheRemoved):
    """How many of each there are, and what they take."""

    partial_bytes: int
    uv_cache_bytes: int


class WheelToJudge(TypedDict):
    """A wheel, and what it must be."""

    filename: str
    sha256: str
    package: str
    version: str


class AuditJob(TypedDict):
    """See `parity.guest.tasks.audit`."""

    folder: str
    wheels: list[WheelToJudge]
    allow: list[str]
    cache: str | None


class AuditFinding(TypedDict):
    """What was found in a wheel; `level`: see `parity.portable.wheel.wheelset`."""

    wheel: str
    package: str
    kind: str
    message: str
    level: str


class AuditResult(TypedDict):
    """Findings, refused ones first, and counts."""

    findings: list[AuditFinding]
    wheels: int
    files: int
    bytes: int
    judged: int


class ResourceUsersJob(TypedDict):
    """File names of wheels in a folder, and digests; of those along only what lies at the top is read."""

    folder: str
    cache: str
    wheels: list[tuple[str, str]]
    along: list[tuple[str, str]]


class ResourceUsers(TypedDict):
    """Those of them that import `pkg_resources`."""

    wheels: list[str]


class AuditProgress(TypedDict):
    """Wheels done."""

    event: Literal["progress"]
    done: int
    total: int
    label: str
