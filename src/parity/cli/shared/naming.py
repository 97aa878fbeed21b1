"""What a bundle is called where nobody says it: by the project, the list, or the packages that it carries."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from parity.files import read_small
from parity.model.toml import TOMLError, parse
from parity.project import Project
from parity.resolve import requirement_name

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

    `firm` tells whether the name is that of a project or list, which says more than the profile's own.
    """

    product: str = ""
    version: str = ""
    firm: bool = False


def of_project(project: Project) -> Naming:
    """A project's own name and version, else its folder's name; a script's is its file's."""
    own = project.pyproject.get("project", {})
    if project.plan.script:
        return Naming(_fit(Path(project.plan.script).stem), firm=True)
    said = str(own.get("name", "")) if not project.plan.package else project.plan.package
    version = str(own.get("version", "")) if not project.plan.package else _member_version(project)
    if name := _fit(said):
        return Naming(name, _fit(version.strip()), firm=True)
    # Not firm: a folder is called as whoever cloned it liked.
    return Naming(_of_folder(project.plan.folder))


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
    """The packages' names, where these are few."""
    names = list(dict.fromkeys(name for name in map(_package, lines) if name))
    if not names:
        return Naming()
    joined = "-".join(names)
    if len(joined) > _LONGEST:
        joined = f"{names[0]}-and-{len(names) - 1}-more" if len(names) > 1 else names[0]
    return Naming(_fit(joined))


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
        if name := _project_name(each / "pyproject.toml"):
            return name
        if each.name.lower() not in _LIST_WORDS | _STAGES | _NO_NAMES:
            return _fit(each.name)
    return ""


def _project_name(path: Path) -> str:
    """The name in a pyproject.toml; nobody asked to install that, so what is wrong there does not matter."""
    try:
        document = parse(read_small(path).decode())
    except (OSError, ValueError, TOMLError, RecursionError):
        return ""
    own = document.get("project")
    name = own.get("name") if isinstance(own, dict) else None
    return _fit(name) if isinstance(name, str) else ""


def _member_version(project: Project) -> str:
    return next((str(one.get("project", {}).get("version", "")) for one in project.meant), "")


def _fit(text: str) -> str:
    """As products and versions may be written; empty where nothing is left."""
    plain = re.sub(r"[^A-Za-z0-9._+-]+", "-", text).lstrip("._+-")[:64].rstrip("-")
    return plain if _ALLOWED.fullmatch(plain) else ""
