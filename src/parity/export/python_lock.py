"""The lock of an environment's interpreter: a file of its own beside the wheels' lock, read as strictly."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from parity.errors import LockInvalid
from parity.files import read_lock_file
from parity.model import LockedPython
from parity.model.toml import parse, place_of, read_row, reason
from parity.portable.texts import toml

FORMAT = "parity-python/1"
_SHA256 = re.compile(r"[0-9a-f]{64}")
_VERSION = re.compile(r"[0-9]{1,3}(\.[0-9]{1,3}){2}")
_FILE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]{0,127}")


def python_lock_path(lock_path: Path) -> Path:
    """Where it lies: `pylock.NAME.python.toml` beside `pylock.NAME.toml`."""
    return lock_path.with_suffix(".python.toml")


def write_python_lock(locked: LockedPython) -> str:
    """Its text."""
    lines = [
        "# The interpreter that the environment carries. Written by parity; keep it beside the lock.",
        f"format = {toml(FORMAT)}",
        *(f"{name} = {toml(value)}" for name, value in vars(locked).items()),
    ]
    return "\n".join(lines) + "\n"


def read_python_lock(path: Path) -> LockedPython | None:
    """The lock in a file, None where there is none.

    Raises:
        LockInvalid: it is not one that `write_python_lock` could have written.
    """
    data = read_lock_file(path)
    if data is None:
        return None
    try:
        return _locked(parse(data.decode("utf-8")))
    except (RecursionError, ValueError) as error:
        place = place_of(str(path), data, error)
        raise LockInvalid(f"not a lock of an interpreter: {reason(error)}", where=place) from error


def _locked(document: Mapping[str, Any]) -> LockedPython:
    if document.get("format") != FORMAT:
        raise ValueError(f"the format is not {FORMAT}")
    locked = read_row(LockedPython, {key: value for key, value in document.items() if key != "format"})
    check_python(locked)
    return locked


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
    if not _SHA256.fullmatch(locked.sha256):
        raise ValueError("no SHA-256, or not 64 lower-case hexadecimal digits")
