"""Jobs and results of the tasks that fetch and install packages of the distribution."""

from __future__ import annotations

from typing import TypedDict


class PackageLocked(TypedDict):
    """A package of the distribution; `file` is the name under which it travels."""

    name: str
    version: str
    arch: str
    file: str
    sha256: str
    size: int
    requested: bool


class SystemJob(TypedDict):
    """See `parity.guest.tasks.system`."""

    store: str
    folder: str
    names: list[str]
    optional: list[str]
    locked: list[PackageLocked] | None
    timeout: float
    proxies: dict[str, str]
    ca: str | None


class SystemProblem(TypedDict):
    """Why they could not be had; `said` are the package manager's last lines."""

    kind: str
    message: str
    said: list[str]


class SystemResult(TypedDict):
    """Packages in the order of installation, and how many came over the network."""

    manager: str | None
    packages: list[PackageLocked]
    fetched: int
    unknown: list[str]
    error: SystemProblem | None


class SystemInstallJob(TypedDict):
    """See `parity.guest.tasks.system_install`."""

    bundle: str
    work: str


class PackageInstalled(TypedDict):
    """A package that is there now."""

    name: str
    version: str


class SystemInstallResult(TypedDict):
    """What the container promised, and what was installed."""

    isolation: dict[str, bool]
    installed: list[PackageInstalled]
    error: str | None
