"""Jobs, events and results of the tasks that a rehearsal asks for, and of those that watch containers."""

from __future__ import annotations

from typing import Literal, TypedDict

from parity.wire.gems import GemFound
from parity.wire.system import PackageInstalled


class RehearseJob(TypedDict):
    """See `parity.guest.tasks.rehearse`."""

    bundle: str
    wheels_from: str | None
    work: str
    python: str
    service: str
    timeout: float
    alone: bool
    memory: int
    pids: int
    install_options: list[str]


class InstallSeen(TypedDict):
    """How the bundle's installer ended; `document` is what it told, which may be anything."""

    exit_code: int
    document: dict[str, object]
    stderr: str


class _Installed(TypedDict, total=False):
    install: InstallSeen
    bundle: str
    site_packages: str


class RehearseResult(_Installed):
    """Keys are missing where an earlier part failed."""

    isolation: dict[str, bool]
    limits: dict[str, bool]
    writable: list[str]
    seconds: dict[str, float]


class StepEvent(TypedDict):
    """A part has begun."""

    event: Literal["step"]
    name: str


class InstalledEvent(TypedDict):
    """So many of the wheels are installed."""

    event: Literal["installed"]
    done: int
    total: int


class ReadJob(TypedDict):
    """What every reader of the environment's files is asked (see `parity.guest.readers`).

    `packages`: normalised names of what was asked for; `words`: what this reader wants besides.
    """

    site_packages: str
    packages: list[str]
    words: list[str]


class EnvironmentJob(TypedDict):
    """See `parity.guest.tasks.environment`."""

    site_packages: str
    bundle: str
    readers: dict[str, ReadJob]


class DistributionFound(TypedDict):
    """A distribution that was installed: its modules, how many files it has, and what METADATA says.

    `deeper`: where it has no modules, those that lie further down.
    `programs`: whether it brings any; `import_names`: PEP 794's, the public ones; `requires`: Requires-Dist;
    `scripts`: name and `module:object` of each (entry points specification).
    """

    name: str
    version: str
    modules: list[str]
    deeper: list[str]
    files: int
    import_names: list[str]
    requires: list[str]
    programs: bool
    scripts: list[tuple[str, str]]


class EnvironmentFound(TypedDict):
    """What was installed; whether workers can hide; whether a project is carried, and which gems."""

    event: Literal["found"]
    distributions: list[DistributionFound]
    hidden: bool
    project: bool
    gems: list[GemFound]


class LibraryMissing(TypedDict):
    """A library that a file needs and the system does not have."""

    package: str
    file: str
    library: str


class VersionMissing(TypedDict):
    """A symbol version that a file needs and the system's library does not define."""

    package: str
    file: str
    library: str
    version: str


class NativeNeed(TypedDict):
    """The highest version of one family that a package's files need.

    `module`: whether such a file is an extension module.
    """

    family: str
    version: str
    file: str
    module: bool


class NativePackage(TypedDict):
    """A package with native files, and the platforms that its wheel's tags name."""

    package: str
    platforms: list[str]
    needs: list[NativeNeed]


class LinkerSaid(TypedDict):
    """See `parity.guest.native.linker.judge`."""

    missing_libraries: list[LibraryMissing]
    missing_versions: list[VersionMissing]
    natives: list[NativePackage]


class EnvironmentResult(TypedDict):
    """What the linker says, and how long that took; what each reader found, in a shape of its own."""

    linker: LinkerSaid
    seconds: float
    read: dict[str, object]


class ImportsJob(TypedDict):
    """See `parity.guest.tasks.imports`."""

    packages: list[tuple[str, list[str]]]
    service: str
    tickets: bool
    site_packages: str
    environment: dict[str, str]
    folder: str
    timeout: float
    alone: bool


class ImportAnswer(TypedDict):
    """How the import of one module ended; `error` is empty where it went well.

    `wants` and `missing`: see `parity.guest.environment.wants`, in the package's own words.
    """

    module: str
    error: str
    at: str
    text: str
    wants: str
    missing: str


class ImportsBegin(TypedDict):
    """A process began with a package, by its number in the job."""

    event: Literal["begin"]
    package: int


class ImportsTried(TypedDict):
    """All modules of a package were tried."""

    event: Literal["tried"]
    package: int
    answers: list[ImportAnswer]


class Nothing(TypedDict):
    """A job or a result that says nothing."""


class PeopleJob(TypedDict):
    """See `parity.guest.tasks.people`."""

    user: int


class PeopleResult(TypedDict):
    """How many processes that user runs, and how many the kernel killed for want of memory."""

    processes: int
    memory_kills: int


class SyncJob(TypedDict):
    """See `parity.guest.tasks.checkout`."""

    do: Literal["sync"]
    bundle: str
    checkout: str
    work: str
    python: str
    install_options: list[str]
    timeout: float
    alone: bool


class SyncResult(TypedDict):
    """How it ended, and what failed; `folder` is the project's."""

    step: str
    exit_code: int
    said: str
    folder: str


class SyncedJob(TypedDict):
    """What `sync` has installed; `folder` is as it told."""

    do: Literal["list"]
    folder: str


class SyncedResult(TypedDict):
    """Names and versions."""

    installed: list[tuple[str, str]]


class ImportSeen(TypedDict):
    """An import, as it is judged.

    `requested`: of what a user named; `library`: the one that it misses; `main`: whether it is the package's
    own main module; `wants`: what it lacks that no package promises, a kind of
    `parity.guest.environment.wants` or `program` (its own program, which brings the module); `missing`: that
    module; `after`: it could be imported all the same after the modules of this package were, or, where that
    is the module's own one, with what the profile says of the environment.
    """

    package: str
    module: str
    requested: bool
    error: str
    library: str
    at: str
    main: bool
    wants: str
    missing: str
    after: str


class ImportsSeen(TypedDict):
    """All imports, and the requested packages that have no module to import."""

    rows: list[ImportSeen]
    bare: list[str]


class CommandSeen(TypedDict):
    """How one of the profile's commands ended."""

    command: str
    exit_code: int
    output: str


class ProjectSeen(TypedDict):
    """How uv did in the carried project: what failed, or what it installed."""

    step: str
    exit_code: int
    said: str
    installed: list[tuple[str, str]]


class _SeenInstalled(TypedDict, total=False):
    environment: list[tuple[str, str]]
    missing_libraries: list[LibraryMissing]
    missing_versions: list[VersionMissing]
    natives: list[NativePackage]
    checks: dict[str, object]
    system: list[PackageInstalled]


class Seen(_SeenInstalled):
    """All that a rehearsal saw, to be judged and remembered; where the installation failed, keys are missing.

    `checks` holds what each check saw, by its name (see `parity.rehearse.check.Check.of`); `system` is there
    where system packages were installed before.
    """

    isolation: dict[str, bool]
    limits: dict[str, bool]
    writable: list[str]
    install: InstallSeen
    seconds: dict[str, float]
    memory_kills: int


class ReadResult(TypedDict):
    """What a reader found: rows of texts, each with the keys that it names."""

    rows: list[dict[str, str]]


class UsageJob(TypedDict):
    """See `parity.guest.tasks.usage`."""

    folder: str
    limit: int
    floor: int


class UsageResult(TypedDict):
    """Bytes that the folder takes, and that are left on its file system."""

    bytes: int
    free: int
