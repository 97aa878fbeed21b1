"""Whether a file is the package that its name says: asked before a package manager gets it.

rpm takes a text file for a list of further packages to fetch, expands patterns in names, and takes some
names for addresses; each manager takes a name with a hyphen first for an option. So the name is one of
letters and few signs, with the family's suffix, and the first bytes are those of its form.
Standard library only, Python 3.6 and later.
"""

import re

from ..plainfile import read_start
from .registry import FAMILIES

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9.+_:~^%=-]{0,250}")
# More bytes than any of the expressions reads.
_HEAD = 128


def is_file_name(name: str, manager: str) -> bool:
    """Whether a package's file may be called so: nothing that a manager or a shell reads as more."""
    return _NAME.fullmatch(name) is not None and name.endswith(FAMILIES[manager].suffix) and "://" not in name


def is_package(path: str, manager: str) -> bool:
    """Whether a file begins as that manager's packages do.

    Args:
        path: a file.
        manager: the family's name.

    Raises:
        OSError: it cannot be read.
    """
    return FAMILIES[manager].head.match(read_start(path, _HEAD)) is not None
