"""The result of the reader that looks for libraries which are opened by name."""

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


class OpenedResult(TypedDict):
    """One row for each library and file, and for each program; those of the job's words that are lacking."""

    rows: list[LibraryOpened]
    programs: list[ProgramBroken]
    lacking: list[str]
