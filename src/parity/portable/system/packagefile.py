"""Whether a file is the package that its name says: asked before a package manager gets it.

rpm takes a text file for a list of further packages to fetch, expands patterns in names, and takes some
names for addresses; each manager takes a name with a hyphen first for an option. So the name is one of
letters and few signs, with the manager's suffix, and the first bytes are those of the format: rpm's lead of
a binary package and the header after it, ar(5) with `debian-binary` first (deb(5)), or gzip (apk).
Standard library only, Python 3.6 and later.
"""

import re
from typing import Dict, Pattern

from ..plainfile import read_start

SUFFIXES = {"deb": ".deb", "rpm": ".rpm", "apk": ".apk"}
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9.+_:~^%=-]{0,250}")
_HEAD = 128
_FORMS: Dict[str, Pattern[bytes]] = {
    # Magic, version 3 or 4, type 0 (binary); 96 bytes in all, then the signature header's magic.
    "rpm": re.compile(rb"\xed\xab\xee\xdb[\x03\x04].\x00\x00.{88}\x8e\xad\xe8\x01", re.DOTALL),
    # deb(5); a slash ends the member's name where ar writes as System V does.
    "deb": re.compile(rb"!<arch>\ndebian-binary[ /]  .{32}[0-9 ]{10}`\n2\.[0-9]+\n", re.DOTALL),
    "apk": re.compile(rb"\x1f\x8b\x08", re.DOTALL),
}


def is_file_name(name: str, manager: str) -> bool:
    """Whether a package's file may be called so: nothing that a manager or a shell reads as more."""
    return _NAME.fullmatch(name) is not None and name.endswith(SUFFIXES[manager]) and "://" not in name


def is_package(path: str, manager: str) -> bool:
    """Whether a file begins as that manager's packages do.

    Args:
        path: a file.
        manager: `deb`, `rpm` or `apk`.

    Raises:
        OSError: it cannot be read.
    """
    return _FORMS[manager].match(read_start(path, _HEAD)) is not None
