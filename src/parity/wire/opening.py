"""The job and the result of the task that looks for libraries which are opened by name."""

from __future__ import annotations

from typing import TypedDict


class LibraryOpened(TypedDict):
    """A library that a Python file opens by name and the system lacks (see `parity.guest.native.opened`)."""

    package: str
    file: str
    names: list[str]
    optional: bool
    modules: list[str]
    importers: dict[str, list[str]]


class ProgramBroken(TypedDict):
    """A program, or an extension module (`starts` tells), and what it lacks: libraries, or else symbols."""

    package: str
    file: str
    libraries: list[str]
    symbols: list[str]
    starts: bool


class OpenedJob(TypedDict):
    """See `parity.guest.tasks.opened`."""

    site_packages: str
    programs: list[str]
    packages: list[str]


class OpenedResult(TypedDict):
    """One row for each library and file, and for each program; the programs of the job that are not there."""

    rows: list[LibraryOpened]
    programs: list[ProgramBroken]
    lacking: list[str]
