"""Jobs and results of the tasks that build a source and make its wheel suit the target."""

from __future__ import annotations

from typing import TypedDict


class BuildBackend(TypedDict):
    """How a source wants to be built (PEP 517, PEP 518)."""

    requires: list[str]
    backend: str
    paths: list[str]


class _Wheels(TypedDict, total=False):
    find_links: str


class BuildStep(_Wheels):
    """What every step of a build is given; `find_links`, what it may install, for all but `peek`."""

    do: str
    uv: str
    python: str
    work: str
    built: str
    source: str
    subdirectory: str
    versions: dict[str, str]
    given: list[str]
    home: str
    tag: str
    epoch: int
    timeout: float
    alone: bool


class _Backend(TypedDict, total=False):
    system: BuildBackend


class BuildJob(BuildStep, _Backend):
    """See `parity.guest.tasks.build`; `system` for `requires`."""


class RepairJob(BuildStep):
    """See `parity.guest.tasks.repair`."""

    wheel: str
    tools: list[str]
    platform: str
    system: list[str]


class _MayBeRefused(TypedDict, total=False):
    refused: str


class StepResult(_MayBeRefused):
    """`error` is empty where the step went well; `refused` says why the source is none."""

    isolation: dict[str, bool]
    error: str


class _Peeked(TypedDict, total=False):
    pyproject: str | None
    setup: bool


class PeekResult(StepResult, _Peeked):
    """Keys are missing where it went wrong, as in the other results."""


class _Required(TypedDict, total=False):
    wheel: list[str]
    editable: list[str]


class RequiresResult(StepResult, _Required):
    """What the backend asks for besides."""


class _Made(TypedDict, total=False):
    wheel: str
    commands: list[list[str]]


class BuildResult(StepResult, _Made):
    """The wheel's name, and what was run."""


class _Repaired(TypedDict, total=False):
    grafted: list[str]
    left_out: list[str]
    commands: list[list[str]]


class RepairResult(StepResult, _Repaired):
    """Libraries that were copied into the wheel, those that were left out, and what was run."""


class DevelWanted(TypedDict):
    """What a build lacks, and the packages that usually have it, best first."""

    kind: str
    name: str
    likely: list[str]


class DevelFound(TypedDict):
    """The package that has it."""

    kind: str
    name: str
    package: str


class DevelJob(TypedDict):
    """See `parity.guest.tasks.devel`."""

    folder: str
    wanted: list[DevelWanted]
    timeout: float
    proxies: dict[str, str]
    ca: str | None


class DevelResult(TypedDict):
    """What was found; `problem` says why nothing can be."""

    found: list[DevelFound]
    problem: str


class PrefetchJob(TypedDict):
    """See `parity.guest.tasks.prefetch`."""

    source: str
    subdirectory: str
    work: str
    commands: list[str]
    epoch: int
    timeout: float
    proxies: dict[str, str]
    ca: str | None


class PrefetchResult(TypedDict):
    """`error` is the end of what a failing command said, `refused` why the source is none."""

    error: str
    refused: str
