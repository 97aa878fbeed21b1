"""What lies in a folder that could be installed: a project, a list."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from parity.files import read_small
from parity.model.toml import parse
from parity.project import own_words

_LISTS = ("requirements.txt", "requirements.in")


@dataclass(frozen=True)
class Suggestion:
    """Something that can be installed.

    Attributes:
        told: what it is, for people.
        file: a list; empty for a project.
        source: a folder that is built as a package, because nothing else tells what it requires.
    """

    told: str
    file: str = ""
    source: str = ""


def suggestions(folder: Path) -> tuple[Suggestion, ...]:
    """What lies there, that first which says most exactly what is to be installed."""
    # One is enough: a requirements.txt beside a requirements.in was made from it.
    found = [Suggestion(f"{name}, as it lies here", name) for name in _LISTS if (folder / name).is_file()][:1]
    if not declares_project(folder / "pyproject.toml"):
        built = Suggestion("the package here, built with what it requires", source="./")
        return (*found, built) if own_words(folder).name else tuple(found)
    if (folder / "uv.lock").is_file():
        return (Suggestion("the project here, as its uv.lock pins it"), *found)
    return (*found, Suggestion("the project here, with what its pyproject.toml requires"))


def declares_project(path: Path) -> bool:
    """Whether a pyproject.toml says what the project requires; many hold the settings of tools alone.

    One that is there and cannot be read counts: whoever reads it as a project tells what is wrong.
    """
    try:
        return "project" in parse(read_small(path).decode())
    except FileNotFoundError:
        return False
    except (OSError, ValueError, RecursionError):
        return path.is_file()
