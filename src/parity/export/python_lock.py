"""The lock of an environment's interpreter: a file of its own beside the wheels' lock, read as strictly."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from parity.lock_files import LockFormat
from parity.model import LockedPython
from parity.model.toml import read_row
from parity.portable.sha256 import is_sha256

_VERSION = re.compile(r"[0-9]{1,3}(\.[0-9]{1,3}){2}")
_FILE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]{0,127}")


def _from_document(document: Mapping[str, Any]) -> LockedPython:
    locked = read_row(LockedPython, {key: value for key, value in document.items() if key != "format"})
    check_python(locked)
    return locked


PYTHON_LOCK = LockFormat(
    "parity-python/1",
    "an interpreter",
    ".python.toml",
    "The interpreter that the environment carries. Written by parity; keep it beside the lock.",
    _from_document,
)


def write_python_lock(locked: LockedPython) -> str:
    """The text of that lock's file."""
    return PYTHON_LOCK.text(vars(locked))


def is_of(locked: LockedPython, python: str) -> bool:
    """Whether it is of a target's Python, `3.11` or `3.11.2`."""
    return locked.version.split(".")[:2] == python.split(".")[:2]


def check_python(locked: LockedPython) -> None:
    """Refuse what cannot be: its version, its file's name, its digest; ValueError says which."""
    if not _VERSION.fullmatch(locked.version):
        raise ValueError("version is no full version of Python")
    # It is shown, and travels in the signed manifest; it never becomes a path.
    if not _FILE.fullmatch(locked.file):
        raise ValueError("file is called as no archive of an interpreter is")
    if not is_sha256(locked.sha256):
        raise ValueError("no SHA-256, or not 64 lower-case hexadecimal digits")
