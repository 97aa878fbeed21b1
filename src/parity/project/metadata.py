"""A project as it lies on this machine: what it asks for, and which files tell."""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from packaging.specifiers import InvalidSpecifier, SpecifierSet

from parity.errors import InputFileError
from parity.files import read_small
from parity.model import ProjectPlan
from parity.model.toml import TOMLError, parse
from parity.portable.names import normalize_name
from parity.project.groups import DEVELOPMENT, group_lines, groups_of
from parity.project.script import script_block
from parity.project.shapes import Pyproject, UvLock, check_pylock, check_pyproject, check_uv_lock
from parity.project.whichlock import NO_LOCK, PYLOCK, UV_LOCK, lock_file, lock_kind
from parity.project.workspace import led_to_root, local_sources, members, virtual

T = TypeVar("T")

_NAME = re.compile(r"\s*([A-Za-z0-9][A-Za-z0-9._-]*)")
_CREDENTIALS = re.compile(r"https?://[^/\s\"'@]+@")
UV_TOML = "uv.toml"
"""Beside a pyproject.toml it counts instead of that one's tool.uv, where it says the same."""
_REPLACED = frozenset(("git", "url", "path"))


@dataclass(frozen=True)
class Project:
    """A project read from this machine's disk; nothing of it is ever written.

    Attributes:
        plan: what the profile asks of it.
        lock: `uv.lock`, `pylock.toml` or `none`.
        files: the texts that resolving needs, by path relative to `base`.
        base: the folder around the project and all local packages that its lock names.
        root: the project's folder relative to `base`.
        pyproject: the project's own, parsed.
        locked: uv.lock, parsed; empty where another lock decides.
    """

    plan: ProjectPlan
    lock: str
    files: Mapping[str, str]
    base: Path
    root: str
    pyproject: Pyproject
    locked: UvLock

    @property
    def name(self) -> str:
        """The project's normalised name, empty where it has none."""
        return normalize_name(str(self.pyproject.get("project", {}).get("name", "")))

    @property
    def lock_text(self) -> str:
        """The lock's own text; empty where there is none."""
        return "" if self.lock == NO_LOCK else self.files[_join(self.root, lock_file(self.plan, self.lock))]

    @property
    def said(self) -> tuple[Path, str]:
        """The file that says what the project asks for, and its text."""
        name = self.plan.script or "pyproject.toml"
        return self.plan.folder / name, self.files[_join(self.root, name)]

    @property
    def is_package(self) -> bool:
        """Whether the project itself is built and installed, as uv decides it."""
        if self.plan.only_dependencies:
            return False
        said = self.pyproject.get("tool", {}).get("uv", {}).get("package")
        return bool(said) if said is not None else "build-system" in self.pyproject

    @property
    def members(self) -> dict[str, Pyproject]:
        """The packages of the workspace that it is, by name; empty where it is none."""
        return members(self.files, self.root, self.locked)

    @property
    def meant(self) -> tuple[Pyproject, ...]:
        """What of the workspace is carried: the package that the profile names, else all."""
        there = self.members
        if self.plan.package:
            return (there.get(normalize_name(self.plan.package), self.pyproject),)
        return (self.pyproject, *(each for name, each in there.items() if name != self.name))

    @property
    def which(self) -> list[str]:
        """The options of uv that ask for what is meant."""
        if self.plan.script:
            return ["--script", self.plan.script]
        if self.plan.package:
            return ["--package", normalize_name(self.plan.package)]
        return ["--all-packages"] if self.members else []

    @property
    def default_groups(self) -> tuple[str, ...]:
        """The groups that uv takes unless told otherwise."""
        known = {normalize_name(name): name for one in self.meant for name in groups_of(one)}
        said = self.meant[0].get("tool", {}).get("uv", {}).get("default-groups", [DEVELOPMENT])
        named = known if said == "all" else map(normalize_name, said)
        return tuple(known[name] for name in named if name in known)

    @property
    def groups(self) -> tuple[str, ...]:
        """The groups that are carried: what is for development stays here unless it is asked for."""
        if self.plan.groups is not None:
            return self.plan.groups
        if self.lock != UV_LOCK:
            return ()
        return tuple(group for group in self.default_groups if normalize_name(group) != DEVELOPMENT)

    @property
    def direct(self) -> tuple[str, ...]:
        """The requirement lines that name their source themselves (`name @ address`, PEP 508)."""
        lines = [*self.dependencies(), *self.group_lines()]
        return tuple(line for line in lines if "@" in line.partition(";")[0])

    @property
    def is_workable(self) -> bool:
        """Whether the far side can lead uv in a checkout: it needs uv.lock, and sources it can replace."""
        alone = self.plan.script or self.plan.only_dependencies
        return self.lock == UV_LOCK and not self.hindrance and not alone

    @property
    def hindrance(self) -> str:
        """Why uv cannot be led to what is carried; empty where it can."""
        if self.direct:
            name = self.direct[0].partition("@")[0].strip()
            return f"{name} names its source itself, not in tool.uv.sources"
        kinds = self.source_kinds()
        needed = set(_needed(self.locked))
        member = next((name for name, found in kinds.items() if "workspace" in found and name in needed), "")
        other = next(iter(sorted(self.replaced)), "")
        if member and other:  # uv takes no members of a workspace once it is told to leave another source out
            return (
                f"tool.uv.sources has both a member of the workspace ({member}) and another source ({other})"
            )
        return ""

    @property
    def replaced(self) -> frozenset[str]:
        """The packages whose source in tool.uv.sources (git, url, path) a carried wheel replaces."""
        named = frozenset(name for name, found in self.source_kinds().items() if found & _REPLACED)
        return named - virtual(self.locked)

    def source_kinds(self) -> dict[str, set[str]]:
        """The keys of tool.uv.sources by name, in the project and the local packages that its lock names."""
        found: dict[str, set[str]] = {}
        for path, text in sorted(self.files.items()):
            document = parse(text) if path.rpartition("/")[2] == "pyproject.toml" else {}
            for name, source in document.get("tool", {}).get("uv", {}).get("sources", {}).items():
                entries = source if isinstance(source, list) else [source]
                kinds = {str(key) for entry in entries if isinstance(entry, dict) for key in entry}
                found.setdefault(normalize_name(str(name)), set()).update(kinds)
        return found

    def digest(self) -> str:
        """SHA-256 over everything here that decides what is resolved."""
        plan: list[object] = [self.plan.extras, self.groups, self.lock, self.root]
        plan += [self.plan.package, self.plan.script] if self.plan.package or self.plan.script else []
        plan += ["only dependencies"] if self.plan.only_dependencies else []
        return hashlib.sha256(json.dumps([plan, sorted(self.files.items())]).encode()).hexdigest()

    def requested(self) -> frozenset[str]:
        """The normalised names that the project asks for itself, and its own."""
        lines = [*self.dependencies(), *self.group_lines()]
        matches = (_NAME.match(line) for line in lines)
        return frozenset(normalize_name(match[1]) for match in matches if match) | {self.name}

    def dependencies(self) -> list[str]:
        """The requirement lines of pyproject.toml, with those of the extras that are carried."""
        wanted = [normalize_name(extra) for extra in self.plan.extras]
        lines: list[object] = []
        for own in (one.get("project", {}) for one in self.meant):
            extras = {
                normalize_name(key): value for key, value in own.get("optional-dependencies", {}).items()
            }
            lines += own.get("dependencies", [])
            lines += [line for extra in wanted for line in extras.get(extra, [])]
        return [str(line) for line in lines]

    def group_lines(self) -> list[str]:
        """The requirement lines of the groups that are carried, included groups among them (PEP 735)."""
        return [line for one in self.meant for line in group_lines(one, self.groups)]

    def check_names(self) -> None:
        """Demand that the extras and groups of the profile exist, as far as pyproject.toml tells.

        Raises:
            InputFileError: one does not; says which there are.
        """
        own = [one.get("project", {}) for one in self.meant]
        if not any("optional-dependencies" in each.get("dynamic", ()) for each in own):
            self.check_extras([extra for each in own for extra in each.get("optional-dependencies", {})])
        groups = [group for one in self.meant for group in groups_of(one)]
        self._check("dependency group", self.plan.groups or (), groups)
        if self.plan.package:
            self._check("package", [self.plan.package], self.members or [self.name])

    def check_python(self, python: str) -> None:
        """Demand that neither pyproject.toml nor the lock excludes the target's Python.

        Raises:
            InputFileError: one does, or says no specifier (PEP 440).
        """
        said = {
            "pyproject.toml": self.pyproject.get("project", {}).get("requires-python", ""),
            UV_LOCK: self.locked.get("requires-python", ""),
        }
        for name, specifier in said.items():
            where = str(self.plan.folder / (self.plan.script or name))
            try:
                holds = SpecifierSet(specifier).contains(python, prereleases=True)
            except InvalidSpecifier as error:
                raise InputFileError(f"requires-python: {error}", where=where) from error
            if not holds:
                raise InputFileError(
                    f"the project is for Python {specifier}, the target has Python {python}",
                    where=where,
                    remedy="choose an image with such a Python, or widen requires-python in the project "
                    "(and run `uv lock` where it has a lock)",
                )

    def check_extras(self, known: Iterable[str]) -> None:
        """Demand that the extras of the profile are among those that the project has; see `check_names`."""
        self._check("extra", self.plan.extras, known)

    def _check(self, what: str, names: Iterable[str], known: Iterable[str]) -> None:
        there = {normalize_name(each) for each in known}
        for name in names:
            if normalize_name(name) not in there:
                raise InputFileError(
                    f"the project has no {what} {name!r}",
                    where=str(self.plan.folder / "pyproject.toml"),
                    remedy=f"it has: {', '.join(sorted(there)) or 'none'}",
                )


def read_project(plan: ProjectPlan) -> Project:
    """Read pyproject.toml, the lock and what else resolving needs.

    Raises:
        InputFileError: a file is missing, cannot be read, is no TOML, or holds something of another type
            or version than what is read here.
    """
    plan = led_to_root(plan)
    pyproject = _script(plan) if plan.script else _toml(plan.folder / "pyproject.toml", check_pyproject)
    lock = lock_kind(plan)
    if lock == PYLOCK:
        _toml(plan.folder / PYLOCK, check_pylock)
    locked = _toml(plan.folder / lock_file(plan, lock), check_uv_lock) if lock == UV_LOCK else UvLock()
    places = [plan.folder, *(plan.folder / path for path in local_sources(locked))]
    normal = [Path(os.path.normpath(place)) for place in places]
    base = Path(os.path.commonpath(normal))
    files = dict(_texts(base, normal, plan, lock))
    root = Path(os.path.normpath(plan.folder)).relative_to(base).as_posix()
    project = Project(plan, lock, files, base, root, pyproject, locked)
    project.check_names()
    return project


def _needed(locked: UvLock) -> Iterator[str]:
    """The names that the packages of uv.lock need."""
    for package in locked.get("package", ()):
        tables = (package.get("optional-dependencies", {}), package.get("dev-dependencies", {}))
        lists = [package.get("dependencies", []), *(each for table in tables for each in table.values())]
        yield from (normalize_name(need["name"]) for each in lists for need in each)


def _script(plan: ProjectPlan) -> Pyproject:
    """What a script says of itself, as a pyproject.toml would say it."""
    path = plan.folder / plan.script
    said = _parsed(script_block(_read(path), str(path)), str(path), lambda found, _where: dict(found))
    own = {key: value for key, value in said.items() if key in ("dependencies", "requires-python")}
    return check_pyproject({"project": own, "tool": said.get("tool", {})}, str(path))


def _texts(base: Path, places: Sequence[Path], plan: ProjectPlan, lock: str) -> Iterator[tuple[str, str]]:
    wanted = [place / "pyproject.toml" for place in places]
    if plan.script:  # whatever project it lies in is none of its
        wanted[0] = places[0] / plan.script
    if lock != NO_LOCK:
        wanted += [places[0] / lock_file(plan, lock), places[0] / UV_TOML]
    for path in wanted:
        if os.path.isfile(path):  # unlike Path's own, no error for a name that is too long
            _refuse_leading_out(path, base)
            text = _read(path)
            _refuse_credentials(text, path)
            if path.name == "pyproject.toml":  # a local package's, which decides what must be built
                _parsed(text, str(path), check_pyproject)
            if path.name == UV_TOML:
                _parsed(text, str(path), lambda found, at: check_pyproject({"tool": {"uv": found}}, at))
            yield path.relative_to(base).as_posix(), text


def _refuse_leading_out(path: Path, base: Path) -> None:
    """These files travel in the bundle, so none may be another of this machine's by a link."""
    if not path.resolve().is_relative_to(base.resolve()):
        raise InputFileError(
            "a symbolic link that leads out of the project",
            where=str(path),
            remedy="put the file itself there: it travels in the bundle",
        )


def _refuse_credentials(text: str, path: Path) -> None:
    """These files travel in the bundle."""
    found = _CREDENTIALS.search(text)
    if found:
        line = text.count("\n", 0, found.start()) + 1
        raise InputFileError(
            "an address with a user or password in it",
            where=f"{path}:{line}",
            remedy="put them into git's credential helper or ~/.netrc, never into a project's files",
        )


def _toml(path: Path, check: Callable[[Mapping[str, object], str], T]) -> T:
    return _parsed(_read(path), str(path), check)


def _parsed(text: str, where: str, check: Callable[[Mapping[str, object], str], T]) -> T:
    try:
        document = parse(text)
    except (TOMLError, RecursionError) as error:
        remedy = "mend that line; a lock is written anew by `uv lock`"
        raise InputFileError(f"not TOML: {error}", where=where, remedy=remedy) from error
    return check(document, where)


def _read(path: Path) -> str:
    try:
        return read_small(path).decode("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "is not UTF-8 text"
        raise InputFileError(f"cannot be read: {reason}", where=str(path)) from error


def _join(folder: str, name: str) -> str:
    return name if folder == "." else f"{folder}/{name}"
