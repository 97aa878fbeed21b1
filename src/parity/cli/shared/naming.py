"""What a bundle is called where nobody says it: by the project, the list, or the packages that it carries."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from parity.portable.names import normalize_name
from parity.project import Project, own_words
from parity.resolve import is_direct, requirement_name

_LIST_WORDS = frozenset(
    ("requirements", "requirement", "reqs", "req", "deps", "dependencies", "packages", "constraints", "pip")
)
"""What lists of packages are called, whatever is in them."""
_STAGES = frozenset(
    ("base", "common", "main", "all", "full", "prod", "production", "dev", "test", "ci", "lock", "locked")
)
_NO_NAMES = frozenset(("", "app", "src", "tmp", "root", "home", "work", "workspace", "dev"))
"""Names of folders that tell nothing of what is in them."""
_PYTHON = re.compile(r"py[0-9.]*|[0-9.]+|stdin")
_ALLOWED = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]{0,63}")
_LONGEST = 40
_SEPARATORS = re.compile(r"[-_. ]+")


@dataclass(frozen=True)
class Naming:
    """A product's name and its version, each empty where nothing tells it.

    Attributes:
        firm: whether the name is that of a project or list, which says more than the profile's own.
        own: the package whose version is the product's, where only its wheel tells which that is.
    """

    product: str = ""
    version: str = ""
    firm: bool = False
    own: str = ""


def of_project(project: Project) -> Naming:
    """A project's own name and version, else its folder's name; a script's is its file's."""
    if project.plan.script:
        return Naming(_fit(Path(project.plan.script).stem), firm=True)
    if member := _fit(project.plan.package):
        return Naming(member, _fit(_member_version(project)), firm=True, own=normalize_name(member))
    return _of_source(project.plan.folder)


def _of_source(folder: Path) -> Naming:
    """A folder's project, by its own words."""
    said = own_words(folder)
    if name := _fit(said.name):
        return Naming(name, _fit(said.version.strip()), firm=True, own=normalize_name(name))
    # Not firm: a folder is called as whoever cloned it liked.
    return Naming(_of_folder(folder.absolute()))


def of_file(path: Path) -> Naming:
    """A list's own name if it has one (`web.txt`, `requirements-web.txt`), else its project's or folder's."""
    words = [word for word in _SEPARATORS.split(path.stem.lower()) if word]
    folder = path.absolute().parent
    listed = bool(_LIST_WORDS.intersection((*words, folder.name.lower())))
    empty = _LIST_WORDS | _STAGES if listed else frozenset()
    telling = [word for word in words if word not in empty and not _PYTHON.fullmatch(word)]
    if telling:
        return Naming(_fit("-".join(telling) if listed else path.stem), firm=True)
    return Naming(_of_folder(folder))


def of_packages(lines: Sequence[str]) -> Naming:
    """The packages' names, where these are few; one folder's own words."""
    if len(lines) == 1 and (folder := _local_folder(lines[0])):
        return _of_source(folder)
    names = list(dict.fromkeys(name for name in map(_package, lines) if name))
    if not names:
        return Naming()
    joined = "-".join(names)
    if len(joined) > _LONGEST:
        joined = f"{names[0]}-and-{len(names) - 1}-more" if len(names) > 1 else names[0]
    return Naming(_fit(joined))


def _local_folder(line: str) -> Path | None:
    path = Path(line.partition("[")[0].partition(";")[0].strip())
    return path if is_direct(line) and path.is_dir() else None


def _package(line: str) -> str:
    if name := requirement_name(line):
        return name
    # An address or a path: its last part, without extras, fragment and version.
    path = line.partition("[")[0].partition("#")[0].rstrip("/")
    return path.rpartition("/")[2].partition("-")[0].removesuffix(".git").lstrip(".")


def _of_folder(folder: Path) -> str:
    """The name of the project that lies there, else of the folder; `requirements` tells nothing."""
    # A project often keeps its lists in a folder `requirements`, so the folder above is asked, too.
    for each in (folder, folder.parent):
        if name := _fit(own_words(each).name):
            return name
        if each.name.lower() not in _LIST_WORDS | _STAGES | _NO_NAMES:
            return _fit(each.name)
    return ""


def _member_version(project: Project) -> str:
    return next((str(one.get("project", {}).get("version", "")) for one in project.meant), "")


def _fit(text: str) -> str:
    """As products and versions may be written; empty where nothing is left."""
    plain = re.sub(r"[^A-Za-z0-9._+-]+", "-", text).lstrip("._+-")[:64].rstrip("-")
    return plain if _ALLOWED.fullmatch(plain) else ""
