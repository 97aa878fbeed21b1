"""Requirement lines from the profile and from files, read on this machine (pip's file format)."""

from __future__ import annotations

import os
import re
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from parity.errors import InputFileError
from parity.files import read_small
from parity.markers import marker_holds
from parity.model import AskedKind, AskedText, Requirements
from parity.resolve.badlines import written_instead
from parity.resolve.direct import (
    DirectRequirement,
    Stated,
    addressed_requirement,
    bare_requirement,
    is_direct,
    named_requirement,
    path_of,
)
from parity.resolve.fileoptions import (
    FileOptions,
    OptionProblem,
    OptionReader,
    demand_editable_alone,
    sha256_behind,
)
from parity.resolve.linefile import as_pip_splits, decoded, hidden_parts, logical_lines, with_variables
from parity.resolve.lineoptions import LineOptions, split_line

_CONSTRAINT = "a constraint limits versions: name the source among the requirements"
_TEXT = "save it as UTF-8, or name its encoding on the first line, as in `# coding: latin-1`"
_LARGEST = 16 << 20
"""Bytes of one file: the longest that tools write, with a hash for every file, have some hundred kB."""
_DEEPEST = 50
_HASHES = "give every line its hashes (`uv pip compile --generate-hashes` writes them), or none"
_LOCAL_HASH = (
    "leave all hashes out (`uv export --no-hashes`), or build the project itself instead of such a file: its "
    "lock has them"
)
_AS_PIP = "write it as pip's requirements files have it"
_NO_OPTION = "leave it out: no requirements file can have it, pip refuses it there, too"
_SECRET = 4  # letters
_FLATTEN = "write their lines into one file"


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
        return marker_holds(Requirement(self.text).marker, markers, self.where)


@dataclass(frozen=True)
class WhatToInstall:
    """All requirement lines and constraints, files read and nested ones included.

    Attributes:
        requirements: what an index is asked for.
        constraints: limits of versions.
        direct: those that name their source themselves.
        options: what files say of indexes, sources and prereleases.
        variables: names of the environment's variables that lines were completed from.
        notes: what is carried otherwise than it was written, a sentence each.
        setuptools_for: see `parity.resolve.added`; its line is among the requirements.
        asked: the texts that all of it was read from.
    """

    requirements: tuple[RequirementLine, ...]
    constraints: tuple[RequirementLine, ...] = ()
    direct: tuple[DirectRequirement, ...] = ()
    options: FileOptions = field(default_factory=FileOptions)
    variables: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    setuptools_for: tuple[str, ...] = ()
    asked: tuple[AskedText, ...] = ()

    def requested(self, markers: Mapping[str, str]) -> frozenset[str]:
        """The normalised names that the user asked for on that target."""
        added = {"setuptools"} if self.setuptools_for else set()
        return frozenset(line.name for line in self.requirements if line.holds(markers)) - added

    def hashes(self) -> dict[str, frozenset[str]]:
        """The SHA-256 digests that lines allow, by normalised name; names without any are left out."""
        found: dict[str, frozenset[str]] = {}
        for line in (*self.requirements, *self.constraints):
            if line.sha256:
                found[line.name] = found.get(line.name, frozenset()) | frozenset(line.sha256)
        return found


def read_requirements(
    requirements: Requirements, profile: str, environ: Mapping[str, str] = os.environ
) -> WhatToInstall:
    """Read inline lines and files; relative paths are relative to the file that names them.

    Args:
        requirements: of a profile.
        profile: its name, for messages about inline lines.
        environ: what `${NAME}` in a file stands for.

    Raises:
        InputFileError: a file is missing, or lines hold what a bundle cannot carry; all are listed.
    """
    reader = _Reader(environ)
    if requirements.inline:
        reader.asked.append(AskedText("lines", None, "".join(f"{line}\n" for line in requirements.inline)))
    for text in requirements.inline:
        reader.take(text, profile, reader.requirements, requirements.folder)
    for path in requirements.files:
        reader.read(path, reader.requirements)
    for path in requirements.constraints:
        reader.read(path, reader.constraints)
    return reader.finish()


class _Reader:
    def __init__(self, environ: Mapping[str, str]) -> None:
        self.requirements: list[RequirementLine] = []
        self.constraints: list[RequirementLine] = []
        self.asked: list[AskedText] = []
        self._environ = environ
        self._direct: list[DirectRequirement] = []
        self._options = OptionReader()
        self._variables: set[str] = set()
        self._in_paths: dict[tuple[str, str], None] = {}
        self._editable: list[str] = []
        self._problems: list[InputFileError] = []
        self._seen: set[tuple[str, int]] = set()
        self._open: list[Path] = []

    def finish(self) -> WhatToInstall:
        """All that was read; raises the first problem, with all of them as details."""
        self._demand_hashes()
        options = self._all_options()
        if self._problems:
            first = self._problems[0]
            lines = tuple(f"{problem.where}: {self._hidden(problem.message)}" for problem in self._problems)
            message, remedy = self._hidden(first.message), self._hidden(first.remedy)
            raise InputFileError(message, where=first.where, remedy=remedy, details=lines)
        notes = list(map(self._hidden, self._options.notes))
        if self._editable:
            notes.append(f"carried as a built copy, not as an editable checkout: {', '.join(self._editable)}")
        return WhatToInstall(
            tuple(self.requirements),
            tuple(self.constraints),
            tuple(self._direct),
            options,
            tuple(sorted(self._variables)),
            tuple(notes),
            asked=tuple(self.asked),
        )

    def _hidden(self, text: str) -> str:
        """A sentence with the names of variables for their values, which may be secrets."""
        for name in sorted(self._variables):
            value = self._environ[name]
            # Messages cut words short: its begin is enough, but for what is too short to be a secret.
            begins = (value[:length] for length in (len(value), *range(60, _SECRET - 1, -1)))
            if found := next((each for each in begins if len(each) >= _SECRET and each in text), ""):
                text = text.replace(found, f"${{{name}}}")
        return text

    def _all_options(self) -> FileOptions:
        try:
            return replace(self._options.options(), hidden=tuple(self._in_paths))
        except OptionProblem as problem:
            self._refuse(str(problem), self._options.no_index, problem.remedy)
            return FileOptions()

    def read(self, path: Path, into: list[RequirementLine], named_by: str = "") -> None:
        """Read one file; each is read once for each purpose, so circles end."""
        key = (os.path.realpath(path), id(into))
        if key in self._seen:
            return None
        self._seen.add(key)
        if len(self._open) >= _DEEPEST:
            return self._refuse(f"files that name each other more than {_DEEPEST} deep", named_by, _FLATTEN)
        try:
            # What is named on the command line (/dev/stdin, <(…)) may be a pipe; a file's words may not.
            text = decoded(read_small(path, _LARGEST) if named_by else _read_any(path))
        except OSError as error:
            return self._refuse(f"cannot read {path}: {error.strerror}", named_by or str(path))
        except ValueError as error:
            return self._refuse(f"cannot read {path}: it {error}", named_by or str(path), _TEXT)
        kind: AskedKind = "constraints" if into is self.constraints else "requirements"
        self.asked.append(AskedText(kind, Path(os.path.abspath(path)), text))
        self._open.append(path)
        for number, line in logical_lines(text):
            self._line(line, path, f"{path}:{number}", into)
        self._open.pop()
        return None

    def _line(self, line: str, path: Path, where: str, into: list[RequirementLine]) -> None:
        try:
            line, names = with_variables(line, self._environ)
        except KeyError as error:
            name = error.args[0]
            return self._refuse(
                f"the environment variable {name} is not set", where, f"set it: {name}=… parity build …"
            )
        self._variables.update(names)
        if names:
            self._in_paths.update(dict.fromkeys(hidden_parts(line)))
        return self.take(line, where, into, path.parent)

    def take(self, line: str, where: str, into: list[RequirementLine], folder: Path | None) -> None:
        """Take one line; a path in it starts at `folder`."""
        try:
            text, options = split_line(line)
            if text:
                return self._requirement(text, sha256_behind(options), where, into, folder)
            return self._options_line(options, where, into, folder)
        except OptionProblem as problem:
            return self._refuse(str(problem), where, problem.remedy)
        except InputFileError as problem:
            return self._refuse(problem.message, where, problem.remedy)
        except ValueError as error:
            told = str(error)
            return self._refuse(_short(told), where, _NO_OPTION if "no such option" in told else _AS_PIP)

    def _options_line(
        self, options: LineOptions, where: str, into: list[RequirementLine], folder: Path | None
    ) -> None:
        """A line without a requirement: further files, editable checkouts, and what holds for all."""
        for target in options.requirement:
            self._nested(target, into, where, folder)
        for target in options.constraint:
            self._nested(target, self.constraints, where, folder)
        for each in options.editable:
            demand_editable_alone(options)
            named = addressed_requirement(each)
            if named or is_direct(each):
                self._editable.append(where)
                self._direct_line(each, named, (), where, into, folder)
            else:
                self._refuse(f"an editable install of no path: {_short(each)}", where, "write -e ./FOLDER")
        self._options.take(options, where, folder)

    def _nested(self, target: str, into: list[RequirementLine], where: str, folder: Path | None) -> None:
        if target.startswith("file:"):
            target = path_of(target, where)
        if "://" in target:
            self._refuse("a requirements file from a URL", where, "download it and name the local copy")
        elif folder is None:
            self._refuse("a file cannot be named here", where, "name it under install.files")
        else:
            self.read(folder / target, into, where)

    def _requirement(
        self, text: str, hashes: tuple[str, ...], where: str, into: list[RequirementLine], folder: Path | None
    ) -> None:
        if is_direct(text):
            return self._direct_line(text, None, hashes, where, into, folder)
        try:
            requirement = Requirement(as_pip_splits(text))
        except InvalidRequirement as error:
            told = f"not a requirement: {_short(text)} ({_first_line(error)})"
            return self._refuse(told, where, _veiled(written_instead(text)))
        if requirement.url:
            return self._direct_line(text, requirement, hashes, where, into, folder)
        name = canonicalize_name(requirement.name)
        return into.append(RequirementLine(str(requirement), name, where, hashes))

    def _direct_line(
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
        stated = Stated(where, folder, hashes[0] if hashes else "", Path.cwd() if self._open else None)
        try:
            found = named_requirement(named, stated) if named else bare_requirement(text, stated)
        except InputFileError as error:
            self._problems.append(error)
        else:
            self._direct.append(found)
        return None

    def _demand_hashes(self) -> None:
        """Where one requirement has hashes, or --require-hashes stands, pip wants them for each."""
        lines: Sequence[RequirementLine | DirectRequirement] = (*self.requirements, *self._direct)
        hashed = [line for line in lines if line.sha256]
        if not hashed and not self._options.require_hashes:
            return
        reason = f"{hashed[0].where} has one" if hashed else "--require-hashes stands"
        for line in lines:
            if not line.sha256:
                local = isinstance(line, DirectRequirement)
                self._refuse(
                    f"no hash for {line.name or 'a source'}, where {reason}: pip refuses such a set",
                    line.where,
                    _LOCAL_HASH if local else _HASHES,
                )

    def _refuse(self, message: str, where: str, remedy: str = "") -> None:
        self._problems.append(InputFileError(message, where=where, remedy=remedy))


def _read_any(path: Path) -> bytes:
    with path.open("rb") as file:
        data = file.read(_LARGEST + 1)
    if len(data) > _LARGEST:
        raise ValueError(f"is larger than {_LARGEST >> 20} MiB")
    return data


def _short(text: str) -> str:
    return textwrap.shorten(_veiled(text), 60, placeholder="...")


def _veiled(text: str) -> str:
    """What of it may be repeated: an address may hold credentials."""
    return re.sub(r"//[^/@\s]*@", "//***@", text)


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0]
