"""Lines of `.pth` files that put a folder of their own wheel on `sys.path`. Python 3.6 and later.

`site` appends such a folder behind site-packages, so that its modules stand for none that is there already:
that gives a wheel no power that modules of its own at the top would not, while they could lie at the top and
nobody else adds to them.
"""

import re
from typing import FrozenSet, Iterable, Iterator, Sequence

from . import layout
from .modules import is_reserved, module_of
from .zipcheck import fold

_FOLDER = re.compile(r"(?!import[ \t])(?:[A-Za-z0-9_][A-Za-z0-9_.+-]*/)*[A-Za-z0-9_][A-Za-z0-9_.+-]*/?")


def is_own_folder(line: str, package: str, paths: Iterable[str]) -> bool:
    """Whether a line names a folder below site-packages whose modules could lie in site-packages itself.

    Args:
        line: in ASCII, without blanks at its end.
        package: the normalised name of the wheel's project.
        paths: of the wheel's files below site-packages.
    """
    below = list(_below(folder_of(line), paths)) if _FOLDER.fullmatch(line) else []
    return bool(below) and all(_could_be_above(path, package) for path in below)


def folder_of(line: str) -> str:
    """The folder that such a line names, with its slash."""
    return line.rstrip("/") + "/"


def _below(folder: str, paths: Iterable[str]) -> Iterator[str]:
    key = fold(folder)
    return (path[len(folder) :] for path in paths if fold(path).startswith(key))


def _could_be_above(path: str, package: str) -> bool:
    module = module_of(path)
    if module and is_reserved(module) and module not in layout.NO_MODULES:
        return False
    return not layout.is_read_at_start(path) and not any(layout.check_place(layout.SITE + path, package))


def invaded(folders: Sequence[str], places: Iterable[str]) -> FrozenSet[str]:
    """The places of another wheel that lie in one of these folders."""
    keys = tuple(fold(layout.SITE + folder) for folder in folders)
    return frozenset(place for place in places if keys and fold(place).startswith(keys))
