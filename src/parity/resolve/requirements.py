"""Requirement lines from the profile and from files, read on this machine (pip's file format)."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from parity.errors import InputFileError
from parity.model import Requirements
from parity.resolve.direct import DirectRequirement, Stated, bare_requirement, is_direct, named_requirement

_COMMENT = re.compile(r"(^|\s+)#.*$")
_HASH = re.compile(r"\s+--hash[=\s]\s*(?P<kind>\w+):(?P<digest>[0-9A-Fa-f]+)")
_NESTED = re.compile(r"(-r|--requirement|-c|--constraint)(?:\s*=\s*|\s+|(?<=-[rc]))(?P<path>.+)")
_HARMLESS = ("--only-binary", "--prefer-binary", "--require-hashes")
_NO_EDITABLE = "a built copy is carried, not a checkout: leave -e out, or name the project in install.project"
_CONSTRAINT = "a constraint limits versions: name the source among the requirements"
_ONE_INDEX = "say it once, as index.url in the profile or in this machine's pip settings"


@dataclass(frozen=True)
class RequirementLine:
    """One requirement and where it stands.

    Attributes:
        text: PEP 508, without hashes.
        name: normalised (PEP 503).
        where: `file:line`, or the profile's name for inline requirements.
        sha256: the hashes that stood with it, empty where there were none.
    """

    text: str
    name: str
    where: str
    sha256: tuple[str, ...] = ()

    def holds(self, markers: Mapping[str, str]) -> bool:
        """Whether its marker is true in that environment (a complete one, see Facts.markers)."""
        marker = Requirement(self.text).marker
        return marker is None or marker.evaluate(dict(markers))


@dataclass(frozen=True)
class WhatToInstall:
    """All requirement lines and constraints, files read and nested ones included.

    `direct` are those that name their source themselves.
    """

    requirements: tuple[RequirementLine, ...]
    constraints: tuple[RequirementLine, ...] = ()
    direct: tuple[DirectRequirement, ...] = ()

    def requested(self, markers: Mapping[str, str]) -> frozenset[str]:
        """The normalised names that the user asked for on that target."""
        return frozenset(line.name for line in self.requirements if line.holds(markers))

    def hashes(self) -> dict[str, frozenset[str]]:
        """The SHA-256 digests that lines allow, by normalised name; names without any are left out."""
        found: dict[str, frozenset[str]] = {}
        for line in (*self.requirements, *self.constraints):
            if line.sha256:
                found[line.name] = found.get(line.name, frozenset()) | frozenset(line.sha256)
        return found


def read_requirements(requirements: Requirements, profile: str) -> WhatToInstall:
    """Read inline lines and files; relative paths are relative to the file that names them.

    Raises:
        InputFileError: a file is missing, or lines hold what a bundle cannot carry; all are listed.
    """
    reader = _Reader()
    for text in requirements.inline:
        reader.take(text, profile, reader.requirements, requirements.folder)
    for path in requirements.files:
        reader.read(path, reader.requirements)
    for path in requirements.constraints:
        reader.read(path, reader.constraints)
    reader.finish()
    return WhatToInstall(tuple(reader.requirements), tuple(reader.constraints), tuple(reader.direct))


class _Reader:
    def __init__(self) -> None:
        self.requirements: list[RequirementLine] = []
        self.constraints: list[RequirementLine] = []
        self.direct: list[DirectRequirement] = []
        self._problems: list[InputFileError] = []
        self._seen: set[tuple[Path, int]] = set()

    def finish(self) -> None:
        """Raise the first problem, with all of them as details."""
        if self._problems:
            first = self._problems[0]
            lines = tuple(f"{problem.where}: {problem.message}" for problem in self._problems)
            raise InputFileError(first.message, where=first.where, remedy=first.remedy, details=lines)

    def read(self, path: Path, into: list[RequirementLine], named_by: str = "") -> None:
        """Read one file; each is read once for each purpose, so circles end."""
        key = (path.resolve(), id(into))
        if key in self._seen:
            return
        self._seen.add(key)
        try:
            text = path.read_text(encoding="utf-8-sig")
        except (OSError, UnicodeDecodeError) as error:
            reason = getattr(error, "strerror", None) or "is not UTF-8 text"
            self._refuse(f"cannot read {path}: {reason}", named_by or str(path))
            return
        for number, line in _logical_lines(text):
            self._line(line, path, f"{path}:{number}", into)

    def _line(self, line: str, path: Path, where: str, into: list[RequirementLine]) -> None:
        nested = _NESTED.fullmatch(line)
        if nested is None:
            self.take(line, where, into, path.parent)
            return
        target = nested["path"].strip()
        if "://" in target:
            self._refuse("a requirements file from a URL", where, "download it and name the local copy")
        else:
            constrains = nested[1] in ("-c", "--constraint")
            self.read(path.parent / target, self.constraints if constrains else into, where)

    def take(self, line: str, where: str, into: list[RequirementLine], folder: Path | None) -> None:
        """Judge one line that is no nested file; a path in it starts at `folder`."""
        if "${" in line:
            self._refuse("an environment variable", where, "write its value; bundles must be repeatable")
        elif line.startswith("-"):
            self._option(line, where)
        else:
            self._requirement(line, where, into, folder)

    def _requirement(self, line: str, where: str, into: list[RequirementLine], folder: Path | None) -> None:
        found = [match.groups() for match in _HASH.finditer(line)]
        hashes = tuple(digest.lower() for kind, digest in found if kind == "sha256")
        text = _HASH.sub("", line).strip()
        if found and not hashes:
            return self._refuse("hashes, but no sha256 among them", where, "add sha256 hashes")
        if is_direct(text):
            return self._direct(text, None, hashes, where, into, folder)
        try:
            requirement = Requirement(text)
        except InvalidRequirement as error:
            return self._refuse(f"not a requirement: {_short(text)} ({_first_line(error)})", where)
        if requirement.url:
            return self._direct(text, requirement, hashes, where, into, folder)
        name = canonicalize_name(requirement.name)
        return into.append(RequirementLine(str(requirement), name, where, hashes))

    def _direct(
        self,
        text: str,
        named: Requirement | None,
        hashes: tuple[str, ...],
        where: str,
        into: list[RequirementLine],
        folder: Path | None,
    ) -> None:
        """A line that names its source itself."""
        if into is self.constraints:
            return self._refuse(f"an address among the constraints: {_short(text)}", where, _CONSTRAINT)
        if len(set(hashes)) > 1:
            return self._refuse("several hashes for one source", where, "one archive has one sha256")
        stated = Stated(where, folder, hashes[0] if hashes else "")
        try:
            found = named_requirement(named, stated) if named else bare_requirement(text, stated)
        except InputFileError as error:
            self._problems.append(error)
        else:
            self.direct.append(found)
        return None

    def _option(self, line: str, where: str) -> None:
        option = re.split(r"[\s=]", line)[0]
        if option in _HARMLESS:
            return None
        if option in ("-e", "--editable"):
            return self._refuse("an editable install", where, _NO_EDITABLE)
        if option in (
            "-i",
            "--index-url",
            "--extra-index-url",
            "--no-index",
            "-f",
            "--find-links",
            "--trusted-host",
        ):
            return self._refuse(f"the index option {option}", where, _ONE_INDEX)
        return self._refuse(f"the option {option}", where, "leave it out; parity cannot carry it")

    def _refuse(self, message: str, where: str, remedy: str = "") -> None:
        self._problems.append(InputFileError(message, where=where, remedy=remedy))


def _logical_lines(text: str) -> Iterator[tuple[int, str]]:
    """Lines with continuations joined and comments gone, each with its first line's number."""
    pending, start = "", 0
    for number, raw in enumerate([*text.splitlines(), ""], 1):
        start = start or number
        if raw.endswith("\\") and not raw.lstrip().startswith("#"):
            pending += raw[:-1] + " "
            continue
        line = _COMMENT.sub("", pending + raw).strip()
        if line:
            yield start, line
        pending, start = "", 0


def _short(text: str) -> str:
    # An address may hold credentials: only what cannot be one is repeated.
    text = re.sub(r"//[^/@\s]*@", "//***@", text)
    return textwrap.shorten(text, 60, placeholder="...")


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0]
