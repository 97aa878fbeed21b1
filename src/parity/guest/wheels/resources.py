"""Whether a wheel has files that import `pkg_resources`, as `gone_modules` reads them.

Wheels are read as archives: nothing is unpacked, nothing of them runs. What was found is remembered in the
folder of judgements, by the wheel's digest.
"""

import os
import zipfile
import zlib
from contextlib import suppress
from typing import Iterator, Optional

from ...portable.sha256 import is_sha256
from ..environment import modules
from ..readers import gone_modules

TOP = 1
"""Folders: what most come to when they import a package."""
_NAME = "pkg_resources"
_WORDS = gone_modules.words_of({_NAME})
_HINT = _NAME.encode()  # a search for plain bytes is many times as fast
_REMEMBERED = "%s.%s-%s.1"  # with a number that goes up when other files are found


def uses(path: str, sha256: str, deepest: Optional[int], cache: str) -> bool:
    """Whether a wheel does; what cannot be read is for the judge of wheels to tell.

    Args:
        path: the file.
        sha256: its digest, in hexadecimal; for what is none, nothing is remembered.
        deepest: how many folders down its files are read; None for all.
        cache: the folder of judgements, empty for none.
    """
    known = os.path.join(cache, _REMEMBERED % (sha256, _NAME, "all" if deepest is None else deepest))
    remembers = bool(cache) and is_sha256(sha256)
    if remembers:
        with suppress(OSError), open(known, "rb") as file:
            return file.read(2) == b"1"
    try:
        found = _uses(path, deepest)
    except (OSError, ValueError, RuntimeError, NotImplementedError, EOFError, zipfile.BadZipFile, zlib.error):
        return False
    if remembers:
        _remember(known, found)
    return found


def _remember(path: str, found: bool) -> None:
    partial = "%s.%d.partial" % (path, os.getpid())  # by process: two may write the same at one time
    with suppress(OSError):  # a full or read-only folder costs time, nothing else
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(partial, "wb") as file:
            file.write(b"1" if found else b"0")
        os.replace(partial, path)


def _uses(path: str, deepest: Optional[int]) -> bool:
    with zipfile.ZipFile(path) as archive:
        telling = (source for source in _sources(archive, deepest) if _HINT in source)
        return any(_NAME in gone_modules.imported(source, _WORDS) for source in telling)


def _sources(archive: zipfile.ZipFile, deepest: Optional[int]) -> Iterator[bytes]:
    names = [name for name in archive.namelist() if name.endswith(".py")]
    for name in names[: gone_modules.MOST]:
        parts = name.split("/")
        if deepest is not None and len(parts) > deepest + 1:
            continue
        if not (modules.STRAY & set(parts) or parts[0].endswith((".data", ".dist-info"))):
            with archive.open(name) as file:
                yield file.read(gone_modules.LARGEST)
