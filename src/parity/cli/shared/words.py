"""The words of one call, sorted: targets, packages, folders of projects; what is none of these is told."""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from parity.cli.shared.lying import declares_project
from parity.errors import InputFileError, OptionConflict, ParityError, ProfileNotFound
from parity.files import read_small
from parity.model import FOREIGN_LOCKS, LOCKS_OF_PROJECTS, foreign_lock_remedy
from parity.profile import (
    NAMED_LOCK,
    TARGETS,
    ProjectAsked,
    available,
    find_profile,
    is_bare,
    is_profile_name,
    is_profile_path,
    likely_targets,
)
from parity.resolve import is_direct, requirement_name

PROJECT_FILES = ("pyproject.toml", "uv.lock", "pylock.toml")
SCRIPT = ".py"
_LISTS = (".txt", ".in")
_ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+:/")
_FILES, _PROFILES = (".toml", ".lock", ".cfg", ".tar"), (".json",)
"""Endings of what is hardly a package's name; a few packages are called like the second."""
_CONDA, _CONDA_KEY = "environment.yml", re.compile(rb"^dependencies:", re.MULTILINE)
_BUILT_FROM = ("setup.py", "setup.cfg")
_ARCHIVES = (".whl", ".zip", ".gz", ".bz2", ".xz", ".tgz")


@dataclass(frozen=True)
class SortedWords:
    """What the words of a call mean.

    Attributes:
        targets: names and paths of profiles.
        packages: requirement lines, paths and addresses among them.
        projects: folders with a pyproject.toml.
    """

    targets: tuple[str, ...]
    packages: tuple[str, ...]
    projects: tuple[Path, ...]


def sort_words(words: Sequence[str], command: str, options: Sequence[str] = ()) -> SortedWords:
    """Tell targets, packages and projects apart.

    A word that ends in .yaml or is the name of a profile is that profile; a path to a folder is a project;
    all else is a requirement (PEP 508, or an address or path as pip takes it).

    Args:
        words: as they were given, in any order.
        command: which is called so, for remedies.
        options: what else was given, for remedies.

    Raises:
        ProfileNotFound: no target is among them, or one that is none; says which was meant.
        InputFileError: a file or folder that is to be given otherwise; says how.
    """
    return _Sorting(words, command, options).all()


@dataclass(frozen=True)
class SortedFiles:
    """What the files of -r, and folders of projects, mean: lists of requirements, and at most one project."""

    lists: tuple[Path, ...] = ()
    project: ProjectAsked | None = None
    script: Path | None = None


def sort_files(files: Sequence[Path], folders: Sequence[Path] = ()) -> SortedFiles:
    """Tell lists, projects and scripts apart, by their names.

    `pyproject.toml` stands for what the project requires, without itself; so does its lock, to the letter.

    Raises:
        InputFileError: a folder is named as a file.
        OptionConflict: more than one project or script.
    """
    projects = [ProjectAsked(folder) for folder in folders]
    for file in files:
        if problem := _no_file_of_ours(str(file), "-r") or _no_list(file):
            raise problem
        if file.name in PROJECT_FILES:
            lock = "auto" if file.name == "pyproject.toml" else file.name
            projects.append(ProjectAsked(file.parent, lock, itself=False))
    scripts = [file for file in files if file.suffix == SCRIPT]
    if len(projects) + len(scripts) > 1:
        told = ", ".join(map(str, [*(each.folder for each in projects), *scripts]))
        raise OptionConflict(
            f"one bundle carries one project, and here are several: {told}",
            remedy="build each by itself, or make them one uv workspace",
        )
    lists = tuple(file for file in files if file.name not in PROJECT_FILES and file.suffix != SCRIPT)
    return SortedFiles(lists, projects[0] if projects else None, scripts[0] if scripts else None)


def _no_list(file: Path) -> InputFileError | None:
    """What is neither a list of requirements nor a project, and how it is given otherwise."""
    told = str(file)
    if os.path.isdir(file):
        return InputFileError(f"{told} is a folder", where=told, remedy="name a project's folder without -r")
    foreign = _CONDA if _is_of_conda(file) else file.name
    if foreign in FOREIGN_LOCKS:
        remedy = foreign_lock_remedy(foreign, "line")
        return InputFileError(f"{told} is what only its own tool reads", where=told, remedy=remedy)
    if file.name in _BUILT_FROM:
        remedy = "name the project's folder without -r"
        return InputFileError(f"{told} is a project's, no list of requirements", where=told, remedy=remedy)
    if NAMED_LOCK.fullmatch(file.name):
        remedy = f"--lock {told} uses it as parity's lock; a project's own is called pylock.toml"
        return InputFileError(f"{told} is a lock, no list of requirements", where=told, remedy=remedy)
    if is_profile_path(file.name):
        return InputFileError(f"{told} is a profile", where=told, remedy="name a profile without -r")
    return None


def sort_constraints(files: Sequence[Path]) -> tuple[Path, ...]:
    """The files of -c, each of which can be one.

    Raises:
        InputFileError: one is no file.
    """
    for file in files:
        told = str(file)
        if problem := _no_file_of_ours(told, "-c"):
            raise problem
        if os.path.isdir(file):
            raise InputFileError(
                f"{told} is a folder", where=told, remedy="name a file of constraints with -c"
            )
    return tuple(files)


def _no_file_of_ours(told: str, option: str) -> InputFileError | None:
    """An address, of whose slashes a path keeps one, or a pipe; pip takes both."""
    if told in ("-", "/dev/stdin") or _is_stream(told):
        why, how = "lists are read from files, not from a pipe", "write it into a file first"
    elif _ADDRESS.match(told) and not os.path.exists(told):
        why, how = "an address is no file: what is asked for must lie here", "download it first"
    else:
        return None
    return InputFileError(why, where=told, remedy=f"{how}, and give that with {option}")


def _is_stream(told: str) -> bool:
    """Whether it is a pipe or a device, as a shell's `<(…)` is."""
    return os.path.exists(told) and not (os.path.isfile(told) or os.path.isdir(told))


def _is_of_conda(file: Path) -> bool:
    """Whether a YAML file, whatever it is called, is an environment of conda's and no profile."""
    if not is_profile_path(file.name) or not file.is_file():
        return False
    try:
        return bool(_CONDA_KEY.search(read_small(file)))
    except OSError:  # whoever reads it as a profile will tell
        return False


class _Sorting:
    def __init__(self, words: Sequence[str], command: str, options: Sequence[str]) -> None:
        self._words = words
        self._command = command
        self._options = options
        self._known = frozenset(available())
        targets = [word for word in words if _is_target(word, self._known)]
        # Beside a target, what lies here by a package's name and is no profile hides no package.
        firm = [word for word in targets if word in self._known or not is_bare(word)]
        self._targets = firm or targets

    def all(self) -> SortedWords:
        """Every word in its place."""
        packages, projects = [], []
        for word in self._words:
            if word in self._targets:
                self._demand_file(word)
                continue
            if _is_project(word):
                projects.append(Path(word))
            else:
                packages.append(self._package(word))
        if not self._targets:
            raise self._no_target()
        return SortedWords(tuple(self._targets), tuple(packages), tuple(projects))

    def _demand_file(self, word: str) -> None:
        """Many a package is called like a file: ruamel.yaml."""
        if not is_profile_path(word) or requirement_name(word) != word:
            return
        try:
            find_profile(word)
        except ProfileNotFound as error:
            remedy = f"{self._call({word: f'-p {word}'})} is for the package of that name; {TARGETS}"
            raise ProfileNotFound(error.message, remedy=remedy) from error

    def _package(self, word: str) -> str:
        if problem := self._misplaced_file(word) or self._empty_folder(word) or self._locked_elsewhere(word):
            raise problem
        if is_direct(word):
            return self._source(word)
        name = requirement_name(word)
        if not name:
            raise self._no_word(word)
        bare = name == word
        if bare and os.path.isdir(word) and _holds_project(Path(word)):
            raise InputFileError(
                f"{word} may be the folder here or the package of that name",
                where=word,
                remedy=f"{self._call({word: f'./{word}'})} for the folder, "
                f"{self._call({word: f'-p {word}'})} for the package",
            )
        # Beside a target a word is a package, unless it can hardly be anything but another target.
        if bare and (meant := likely_targets(word, sure=bool(self._targets))):
            raise self._unknown_target(word, meant)
        return word

    def _source(self, word: str) -> str:
        """A path or address, as a profile would have it."""
        if "://" in word or word.startswith("file:"):
            return word
        path = word.partition("[")[0].partition(";")[0].strip()
        if os.path.exists(path):
            # A path that was given in full stays one in the lock only if it leads out of here.
            return os.path.join(".", os.path.relpath(word))
        raise InputFileError(f"there is no {path}", where=word, remedy="give the path of a project or wheel")

    def _misplaced_file(self, word: str) -> ParityError | None:
        name, lists = os.path.basename(word), word.endswith((*_LISTS, SCRIPT))
        unread = name in FOREIGN_LOCKS or (NAMED_LOCK.fullmatch(name) and os.path.isfile(word))
        if unread and (foreign := _no_list(Path(word))):
            return foreign
        if not lists and name not in PROJECT_FILES:
            return None if os.path.exists(word) else self._no_file(word)
        if not os.path.isfile(word):
            return InputFileError(f"there is no file {word}", where=word, remedy="give the path of the file")
        listed = self._call({word: f"-r {shlex.quote(word)}"})
        if lists:
            what = "a script" if word.endswith(SCRIPT) else "a requirements file"
            lacking = "package" if self._targets else "profile"
            return ProfileNotFound(f"{word} is {what}, not a {lacking}", remedy=f"{listed}; {TARGETS}")
        folder = os.path.dirname(word) or "."
        whole = self._call({word: shlex.quote(folder if folder.startswith((".", "/")) else f"./{folder}")})
        return ProfileNotFound(
            f"{word} is a project, not a profile",
            remedy=f"{whole} carries the project as it is locked, {listed} what it requires; {TARGETS}",
        )

    def _no_file(self, word: str) -> InputFileError | None:
        """A file that is not there, by a name that few packages have."""
        if not word.endswith(_FILES if self._targets else (*_FILES, *_PROFILES)) or "://" in word:
            return None
        remedy = "give the path of the file"
        if requirement_name(word) == word:
            remedy += f"; {self._call({word: f'-p {word}'})} is for the package of that name"
        return InputFileError(f"there is no file {word}", where=word, remedy=remedy)

    def _empty_folder(self, word: str) -> InputFileError | None:
        if not _says_folder(word) or _holds_project(Path(word)):
            return None
        listed = os.path.join(word, "requirements.txt")
        foreign = [path for name in FOREIGN_LOCKS if (path := Path(word, name)).is_file()]
        if foreign and not os.path.isfile(listed):
            return _no_list(foreign[0])
        return InputFileError(
            f"{word} holds no project: neither pyproject.toml nor setup.py",
            where=word,
            remedy=self._call({word: f"-r {shlex.quote(listed)}"})
            if os.path.isfile(listed)
            else "name the folder of a project, or a list with -r",
        )

    def _locked_elsewhere(self, word: str) -> InputFileError | None:
        """What a folder with another tool's lock is told: built as a package, it would be resolved anew."""
        folder = word.partition("[")[0]
        locks = [path for name in LOCKS_OF_PROJECTS if (path := Path(folder, name)).is_file()]
        if not _says_folder(folder) or not locks or not (problem := _no_list(locks[0])):
            return None
        anew = self._call({word: f"-p {shlex.quote(word)}"})
        problem.remedy += f"; or {anew} to resolve it anew"
        return problem

    def _no_word(self, word: str) -> ParityError:
        if meant := likely_targets(word, sure=False):
            return self._unknown_target(word, meant)
        return ProfileNotFound(
            f"{word[:100]!r} is neither a profile nor a requirement",
            remedy=f"{TARGETS}; packages are written as in 'pandas' or 'scikit-learn>=1.4'",
        )

    def _unknown_target(self, word: str, meant: Sequence[str]) -> ProfileNotFound:
        for_package = self._call({word: f"-p {shlex.quote(word)}"})
        return ProfileNotFound(
            f"there is no profile {word[:100]!r}; did you mean {' or '.join(meant)}?",
            remedy=f"{self._call({word: meant[0]})}; for a package of that name: {for_package}; {TARGETS}",
        )

    def _no_target(self) -> ProfileNotFound:
        first = self._words[0]
        what = "a project" if _is_project(first) else "a package"
        message = f"{first[:100]} is {what}, and no target is named to build it for"
        return ProfileNotFound(message, remedy=f"{self._call({})}; {TARGETS}")

    def _call(self, instead: dict[str, str]) -> str:
        """The call with other words in place of some, behind a target."""
        written = [instead.get(word, shlex.quote(word)) for word in self._words]
        named = any(each not in instead for each in self._targets) or set(instead.values()) & self._known
        target = () if named else ("TARGET",)
        options = map(shlex.quote, self._options)
        return " ".join(("parity", self._command, *target, *written, *options))


def _is_target(word: str, known: Collection[str]) -> bool:
    if word in known or is_profile_name(word):
        return os.path.basename(word) not in FOREIGN_LOCKS
    # A profile by another ending, JSON for one: whatever file is nothing else.
    other = os.path.basename(word) in (*PROJECT_FILES, *FOREIGN_LOCKS)
    return os.path.isfile(word) and not other and not word.endswith((*_LISTS, SCRIPT, *_ARCHIVES))


def _says_folder(word: str) -> bool:
    """Whether this is the path of a folder; a bare name is a package's, as for pip."""
    return ("/" in word or word in (".", "..")) and os.path.isdir(word)


def _is_project(word: str) -> bool:
    """Whether this is a folder that uv would take as a project: its pyproject.toml says what it requires."""
    path = Path(word, "pyproject.toml")
    if not _says_folder(word) or not path.is_file():
        return False
    return declares_project(path) or (path.parent / "uv.lock").is_file()


def _holds_project(folder: Path) -> bool:
    return any((folder / each).is_file() for each in ("pyproject.toml", *_BUILT_FROM))
