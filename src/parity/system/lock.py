"""The lock of the system packages: a file of its own beside the wheels' lock, as strict in reading."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from parity.errors import LockInvalid
from parity.files import read_lock_file
from parity.model import SystemPackage, SystemPlan, SystemSet, Target
from parity.model.toml import parse, place_of, read_row, reason
from parity.portable.bundle.ustar import is_safe_path
from parity.portable.families.packagefile import is_file_name
from parity.portable.families.registry import FAMILIES
from parity.portable.sha256 import is_sha256
from parity.portable.texts import toml

FORMAT = "parity-system/1"
_MANAGERS = tuple(FAMILIES)
_WORD = re.compile(r"[A-Za-z0-9][A-Za-z0-9.+_:~^%-]{0,255}")


@dataclass(frozen=True)
class SystemLock:
    """What was found for `inputs` (see `system_inputs`)."""

    inputs: str
    found: SystemSet


def system_lock_path(lock_path: Path) -> Path:
    """Where it lies: `pylock.NAME.system.toml` beside `pylock.NAME.toml`."""
    return lock_path.with_suffix(".system.toml")


def system_inputs(plan: SystemPlan, target: Target, wheels: Iterable[str]) -> str:
    """SHA-256 over everything that decides which packages are wanted.

    Args:
        plan: the profile's.
        target: the machine.
        wheels: the digests of the wheels; what is missing depends on them where it is to be found out.
    """
    document = {
        "names": sorted(plan.names),
        "auto": plan.auto,
        "target": [target.os_id, target.os_version, target.arch],
        # Without `auto` new wheels change nothing here, and the lock stays.
        "wheels": sorted(wheels) if plan.auto else [],
    }
    return hashlib.sha256(json.dumps(document, sort_keys=True).encode()).hexdigest()


def write_system_lock(lock: SystemLock) -> str:
    """The lock's text (TOML 1.0, format `parity-system/1`); the same lock always gives the same text."""
    lines = [
        "# Written by `parity build`: the distribution's packages that a bundle carries.",
        f"format = {toml(FORMAT)}",
        f"inputs = {toml(lock.inputs)}",
        f"manager = {toml(lock.found.manager)}",
        f"unprovided = {toml(lock.found.unprovided)}",
    ]
    for package in lock.found.packages:
        lines += ["", "[[packages]]"]
        lines += [f"{name} = {toml(value)}" for name, value in vars(package).items()]
    return "\n".join(lines) + "\n"


def read_system_lock(path: Path) -> SystemLock | None:
    """The lock in a file, None where there is none.

    Raises:
        LockInvalid: it is not one that `write_system_lock` could have written.
    """
    data = read_lock_file(path)
    return None if data is None else parse_system_lock(data, str(path))


def parse_system_lock(data: bytes, where: str) -> SystemLock:
    """The lock in a file's bytes; errors as `read_system_lock`."""
    try:
        return _lock(parse(data.decode("utf-8")))
    except (RecursionError, ValueError) as error:
        place = place_of(where, data, error)
        raise LockInvalid(f"not a lock of system packages: {reason(error)}", where=place) from error


def _lock(document: Mapping[str, Any]) -> SystemLock:
    if document.get("format") != FORMAT or document.get("manager") not in _MANAGERS:
        raise ValueError(f"format and manager are not {', '.join(_MANAGERS)}")
    inputs, rows = document.get("inputs"), document.get("packages", [])
    unprovided = document.get("unprovided", [])
    if not isinstance(inputs, str) or not isinstance(rows, list) or not isinstance(unprovided, list):
        raise ValueError("inputs, packages or unprovided are not what they must be")  # noqa: TRY004
    if not all(isinstance(each, str) for each in unprovided):
        raise ValueError("unprovided is no list of libraries")
    packages = tuple(read_package(row) for row in rows)
    # The name ends on the target's command line as `system/NAME`.
    odd = [package.file for package in packages if not is_file_name(package.file, document["manager"])]
    if odd:
        raise ValueError(f"{odd[0]!a} is no file's name of a package")
    if len({package.file for package in packages}) != len(packages):
        raise ValueError("a file is named twice")
    return SystemLock(inputs, SystemSet(document["manager"], packages, tuple(unprovided)))


def read_package(row: object) -> SystemPackage:
    """A package as a lock or a guest tells of it; ValueError where it is none."""
    package = read_row(SystemPackage, row)
    if not all(_WORD.fullmatch(word) for word in (package.name, package.version, package.arch)):
        raise ValueError(f"{package.name!r} {package.version!r} ({package.arch!r}) is no package")
    if not is_safe_path(package.path) or package.size < 0:
        raise ValueError(f"{package.name}: its file or its size cannot be")
    if not is_sha256(package.sha256):
        raise ValueError(f"{package.name}: no SHA-256, or not 64 lower-case hexadecimal digits")
    return package
