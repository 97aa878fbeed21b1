"""A profile read, its bases merged, its overrides laid on top, checked, and turned into a value."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from parity.errors import Problem, ProfileError
from parity.model import Profile
from parity.portable.texts import counted
from parity.profile import checks, schema
from parity.profile.build import build, missing_files
from parity.profile.layers import (
    MAX_VALUES,
    Layer,
    TooMuch,
    merge,
    problem_at,
    to_layer,
    value_at,
    without,
)
from parity.profile.overrides import COMMAND_LINE, Overrides, override
from parity.profile.schema import near
from parity.profile.search import available, default_search, find_profile, is_bare, is_file
from parity.profile.tree import MAX_BYTES, read_tree


@dataclass(frozen=True)
class Effective:
    """A profile's document after merging, with the place of every value.

    `sources` are the files it was read from, the one that was asked for first.
    """

    name: str
    path: Path
    layer: Layer
    sources: tuple[Path, ...]


def load_profile(
    source: str | Path, search: Sequence[Path] | None = None, overrides: Overrides | None = None
) -> Profile:
    """Read a profile and everything it extends.

    Args:
        source: a path, or a bare name to look up.
        search: folders for bare names; None means `default_search()`.
        overrides: what to use instead of the profile's own values.

    Raises:
        ProfileNotFound: no such profile.
        ProfileError: it cannot be read or does not fit the schema; holds every problem.
        InputFileError: a requirements or constraints file is missing.
    """
    effective = load_effective(source, search, overrides)
    profile = build(effective.name, effective.path, effective.layer)
    if overrides is None or overrides.arch is None or overrides.arch == _own_arch(source, search):
        return profile
    # Its lock and its bundles must not take the names of those for the profile's own architecture.
    return build(f"{effective.name}-{overrides.arch}", effective.path, effective.layer)


def _own_arch(source: str | Path, search: Sequence[Path] | None) -> object:
    return value_at(load_effective(source, search).layer, ("target", "arch"))


def load_effective(
    source: str | Path, search: Sequence[Path] | None = None, overrides: Overrides | None = None
) -> Effective:
    """The merged and checked document; see `load_profile` for arguments and errors."""
    folders = default_search() if search is None else tuple(search)
    path = find_profile(source, search)
    return _load(path, _read_bytes(path), folders, overrides or Overrides())


def check_profile(source: str | Path, search: Sequence[Path] | None = None) -> tuple[Problem, ...]:
    """Everything that keeps a profile from being used, missing files included; empty if nothing does.

    Raises:
        ProfileNotFound: no such profile.
    """
    try:
        effective = load_effective(source, search)
    except ProfileError as error:
        return error.problems
    return tuple(missing_files(effective.layer))


def check_text(text: str, path: Path, search: Sequence[Path] | None = None) -> None:
    """Check a profile that is not written yet, as if it lay at `path`; errors as `load_profile`."""
    folders = default_search() if search is None else tuple(search)
    effective = _load(path, text.encode(), folders, Overrides())
    build(effective.name, effective.path, effective.layer)


def _load(path: Path, data: bytes, folders: Sequence[Path], overrides: Overrides) -> Effective:
    chain = _Chain(folders)
    layer = override(chain.read(path, data), overrides)
    # All kinds of checks, although the first has found something: people mend all in one go.
    problems = [*chain.problems, *checks.check_credentials(layer), *schema.check(layer)]
    problems += checks.check_meaning(layer, {problem.path for problem in problems})
    name = layer.value.get("name", path.stem)
    if "name" not in layer.value and not schema.fits(name, "name"):
        message = f"the file's name {name[:60]!r} cannot serve as the profile's; give a `name`"
        problems.append(problem_at(layer, (), message))
    if problems:
        raise chain.refusal(path, problems)
    return Effective(name, path.absolute(), layer, tuple(chain.files))


def _refusal(path: Path, problems: list[Problem]) -> ProfileError:
    unique = tuple(sorted(dict.fromkeys(problems), key=lambda problem: (problem.file, problem.line)))
    count = counted(len(unique), "problem")
    # A profile that was shipped is not to be mended for what was typed.
    typed = all(each.file == COMMAND_LINE for each in unique)
    remedy = "mend what was typed; `parity schema` prints what a profile may say" if typed else ""
    return ProfileError(f"{'what was typed' if typed else path} has {count}", problems=unique, remedy=remedy)


def _unquoted(problem: Problem) -> Problem:
    message = f"cannot serve as a profile; `parity profile check {problem.file}` says why"
    return Problem(problem.file, problem.line, "", message)


class _Chain:
    """Reads a profile and the bases that it extends, one after the other."""

    def __init__(self, search: Sequence[Path]) -> None:
        self.problems: list[Problem] = []
        self.files: list[Path] = []
        self._search = search
        self._foreign: set[str] = set()

    def refusal(self, path: Path, problems: list[Problem]) -> ProfileError:
        """The error for these problems; those with a file that lies elsewhere quote nothing of it.

        A profile may come from strangers, and name any file of this machine.
        """
        return _refusal(path, [_unquoted(each) if each.file in self._foreign else each for each in problems])

    def read(self, path: Path, data: bytes) -> Layer:
        """The merged layer; problems of every file are gathered.

        Raises:
            ProfileError: a file cannot be read as a mapping at all.
        """
        self.files.append(path.resolve())
        homes = [self.files[0].parent, *(folder.resolve() for folder in self._search)]
        if not any(self.files[-1].is_relative_to(home) for home in homes):
            self._foreign.add(str(path))
        layer = self._read_one(path, data)
        extends = layer.value.get("extends")
        if not isinstance(extends, str) or not extends:
            return layer
        base = self._base(layer, path, extends)
        top = without(layer, "extends")
        return top if base is None else merge(without(self.read(base, _read_bytes(base)), "name"), top)

    def _read_one(self, path: Path, data: bytes) -> Layer:
        tree = read_tree(data, str(path))
        self.problems += tree.problems
        if tree.root is None:
            raise self.refusal(path, self.problems)
        if tree.root.kind != "map":
            what = "list" if tree.root.kind == "sequence" else "single value"
            message = f"is a {what}; expected a mapping with `target` and `image`"
            self.problems.append(Problem(str(path), tree.root.line, "", message))
            raise self.refusal(path, self.problems)
        try:
            return to_layer(tree.root, str(path), path.parent.absolute())
        except TooMuch as error:
            message = f"its aliases expand to more than {MAX_VALUES} values, or too deep"
            self.problems.append(Problem(str(path), 1, "", message))
            raise self.refusal(path, self.problems) from error

    def _base(self, layer: Layer, path: Path, extends: str) -> Path | None:
        base = Path(os.path.normpath(path.parent / extends))
        if not is_file(base) and is_bare(extends):
            base = self._by_name(extends) or base
        if not is_file(base):
            hint = near(extends, available(self._search))
            self.problems.append(problem_at(layer, ("extends",), f"there is no profile {extends!r}", hint))
        elif base.resolve() in self.files:
            self.problems.append(
                problem_at(layer, ("extends",), f"{extends} extends this file in turn: a circle")
            )
        else:
            return base
        return None

    def _by_name(self, name: str) -> Path | None:
        # One that is being read already is passed over: a local profile may extend its shipped namesake.
        candidates = (available((folder,)).get(name) for folder in self._search)
        return next((path for path in candidates if path and path.resolve() not in self.files), None)


def _read_bytes(path: Path) -> bytes:
    try:
        with path.open("rb") as stream:
            # One byte too many makes the reader refuse it; a device or a log of gigabytes is not read to its
            # end.
            return stream.read(MAX_BYTES + 1)
    except OSError as error:
        problem = Problem(str(path), 0, "", f"cannot be read: {error.strerror}")
        raise _refusal(path, [problem]) from error
