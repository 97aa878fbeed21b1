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


class OpenedJob(TypedDict):
    """See `parity.guest.tasks.opened`."""

    site_packages: str


class OpenedResult(TypedDict):
    """One row for each library and file."""

    rows: list[LibraryOpened]
