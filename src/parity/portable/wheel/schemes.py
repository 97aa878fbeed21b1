"""Where a wheel's files go inside an environment (PEP 427, "Spread").

Places are written relative to the environment: `/SITE/…` stands for site-packages, `/HEADERS/PROJECT/…` for
a project's own folder of C headers, `bin/…` for the scripts. Standard library only, Python 3.6 and later.
"""

import re
from typing import List, Optional

from ..names import normalize_name, normalize_version
from .layout import HEADERS, SITE
from .zipcheck import fold

SCHEMES = ("purelib", "platlib", "scripts", "headers", "data")

_DATA = ".data"
_SITE_PACKAGES = re.compile(r"lib(?:64)?/python\d[^/]*/site-packages/(?=.)")
_PYPYS = re.compile(r"(?:lib(?:64)?/pypy\d[^/]*/)?site-packages/")
_LIB64 = "lib64/"


def place_of(path: str, data_folder: str) -> Optional[str]:
    """Where the archive's `path` is installed; None where it has no place.

    `data_folder` is the wheel's own `NAME-VERSION.data`.
    """
    top, _, rest = path.partition("/")
    if not top.lower().endswith(_DATA):
        return SITE + path
    scheme, _, rest = rest.partition("/")
    # pip takes any `*.data` folder, others may look for the wheel's own alone: a second one is refused.
    if not _is_own(top, data_folder) or scheme not in SCHEMES or not rest:
        return None
    if scheme in ("purelib", "platlib"):
        return SITE + rest
    if scheme == "scripts":
        return "bin/" + rest
    if scheme == "headers":
        return f"{HEADERS}{normalize_name(top.partition('-')[0])}/{rest}"
    return _place_of_data(rest)


def key_of(place: str) -> str:
    """Equal for two places that are one file: whatever the case, and `lib64` is a link to `lib`."""
    key = fold(place)
    return "lib/" + key[len(_LIB64) :] if key.startswith(_LIB64) else key


def source_of(key: str) -> str:
    """The module whose compiled form lies there (PEP 3147), whatever that form holds; or nothing."""
    folder, cache, name = key.rpartition("/__pycache__/")
    return f"{folder}/{name.partition('.')[0]}.py" if cache and name.endswith(".pyc") else ""


def _place_of_data(rest: str) -> Optional[str]:
    if _PYPYS.match(rest):  # a site-packages for one interpreter, a folder like any other for the rest
        return None
    return _SITE_PACKAGES.sub(SITE, rest, count=1) if _SITE_PACKAGES.match(rest) else rest


def _is_own(folder: str, other: str) -> bool:
    """Whether a folder `NAME-VERSION.data` is this wheel's. To installers `.DATA` is a folder like others."""

    def key(text: str) -> List[str]:
        name, _, version = text[: -len(_DATA)].partition("-")
        return [normalize_name(name), normalize_version(version)]

    return folder.endswith(_DATA) and key(folder) == key(other)
