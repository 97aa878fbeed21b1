"""Jobs and results of the tasks that resolve, guess, and read a project's own lock."""

from __future__ import annotations

from typing import TypedDict

from parity.wire.network import Reach, RoutesSaid
from parity.wire.store import WheelMetadata


class ResolveJob(Reach):
    """See `parity.guest.tasks.resolve`."""

    uv: str
    python: str
    cache: str
    requirements: str
    sources: list[str]
    metadata: str
    constraints: str
    lock: str | None
    refresh: bool
    no_deps: bool
    exclude_newer: str | None
    prereleases: bool
    retries: int
    offer: str
    tags: list[str]
    python_version: str
    tree: bool


class ResolveResult(TypedDict):
    """The text of a PEP 751 lock; `exit_code` is 124 where the time was over.

    `offered` are addresses in the lock that are no wheel's, and where they really lead.
    """

    exit_code: int
    lock: str | None
    stderr: str
    offered: dict[str, str]
    routes: RoutesSaid | None


class GuessJob(Reach):
    """See `parity.guest.tasks.guess`."""

    store: str
    audits: str
    requirements: list[str]
    constraints: list[str]
    tags: list[str]
    markers: dict[str, str]
    threads: int
    deadline: float


class WheelGuessed(WheelMetadata):
    """A wheel that was taken, and what it says of itself."""

    version: str


class PageTrouble(TypedDict):
    """A page that no honest index has."""

    name: str
    url: str
    kind: str
    message: str


class GuessResult(TypedDict):
    """`metadata` is by project, `unhashed` are projects without a SHA-256 on the index.

    `source_only` are projects of which a newer version than the one that was guessed has no fitting wheel.
    """

    metadata: dict[str, WheelGuessed]
    fetched_bytes: int
    troubles: list[PageTrouble]
    unhashed: list[str]
    source_only: list[str]
    routes: RoutesSaid | None


class ProjectJob(TypedDict):
    """See `parity.guest.tasks.project`."""

    uv: str
    python: str
    files: dict[str, str]
    root: str
    which: list[str]
    extras: list[str]
    groups: list[str]
    timeout: float


class ProjectResult(TypedDict):
    """How `uv lock --check` ended and what it said; the export's text and errors."""

    check: int
    said: str
    lock: str | None
    stderr: str


class ProjectWanted(TypedDict):
    """A project, and the file of it that is locked."""

    name: str
    filename: str


class CatalogueJob(Reach):
    """See `parity.guest.tasks.catalogue`."""

    projects: list[ProjectWanted]
    tags: list[str]
    python_version: str
    deadline: float


class ProjectListed(TypedDict):
    """What the index says of a project; `trouble` is why nothing is known, or empty."""

    name: str
    index: str
    listed: bool
    yanked: bool
    reason: str
    requires_python: str
    size: int | None
    newest: str
    source_only: bool
    trouble: str


class CatalogueResult(TypedDict):
    """One for each project of the job, in its order."""

    projects: list[ProjectListed]
