"""The lock of the system packages: a file of its own beside the wheels' lock, as strict in reading."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from parity.lock_files import LockFormat
from parity.model import SystemPackage, SystemPlan, SystemSet, Target
from parity.model.toml import read_row
from parity.portable.bundle.ustar import is_safe_path
from parity.portable.families.packagefile import is_file_name
from parity.portable.families.registry import FAMILIES
from parity.portable.sha256 import is_sha256

_MANAGERS = tuple(FAMILIES)
_WORD = re.compile(r"[A-Za-z0-9][A-Za-z0-9.+_:~^%-]{0,255}")


@dataclass(frozen=True)
class SystemLock:
    """What was found for `inputs` (see `system_inputs`)."""

    inputs: str
    found: SystemSet


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


def _from_document(document: Mapping[str, Any]) -> SystemLock:
    if document.get("manager") not in _MANAGERS:
        raise ValueError(f"manager is none of {', '.join(_MANAGERS)}")
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


SYSTEM_LOCK = LockFormat(
    "parity-system/1",
    "system packages",
    ".system.toml",
    "Written by `parity build`: the distribution's packages that a bundle carries.",
    _from_document,
)


def write_system_lock(lock: SystemLock) -> str:
    """The text of that lock's file."""
    found = lock.found
    said = {"inputs": lock.inputs, "manager": found.manager, "unprovided": found.unprovided}
    return SYSTEM_LOCK.text(said, found.packages)


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
