"""The lock of the gems: a file of its own beside the wheels' lock, as strict in reading."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from parity.lock_files import LockFormat
from parity.model import GemsPlan, LockedGem, Target
from parity.model.toml import read_row
from parity.portable.ruby.names import full_name, is_gem_file, is_word
from parity.portable.sha256 import is_sha256

_ABI = re.compile(r"[0-9]{1,3}\.[0-9]{1,3}\.[0-9]{1,3}")
_SOURCE = re.compile(r"https?://[^\s@]{1,2000}")


@dataclass(frozen=True)
class GemLock:
    """The gems that were found for `inputs` (see `gem_inputs`), for Rubies of that interface."""

    inputs: str
    abi: str
    gems: tuple[LockedGem, ...]


def gem_inputs(plan: GemsPlan, target: Target) -> str:
    """SHA-256 over everything that decides which gems are wanted."""
    # No path and no login: on another machine the same wishes must give the same digest.
    document = {
        "wanted": sorted([name, *wanted] for name, wanted in plan.wanted),
        "sources": list(plan.sources),
        # All that a Gemfile's lock says, so that the gems are asked for anew when one word of it changes.
        "platforms": [[name, *each] for name, each in plan.platforms],
        "bound": [[name, *each] for name, each in plan.bound],
        "checksums": [list(each) for each in plan.checksums],
        "asked": sorted(plan.asked),
        "target": [target.os_id, target.os_version, target.arch],
    }
    return hashlib.sha256(json.dumps(document, sort_keys=True).encode()).hexdigest()


def _from_document(document: Mapping[str, Any]) -> GemLock:
    inputs, abi, rows = document.get("inputs"), document.get("abi"), document.get("packages", [])
    if not isinstance(inputs, str) or not isinstance(rows, list):
        raise ValueError("inputs or packages are not what they must be")  # noqa: TRY004
    if not isinstance(abi, str) or not _ABI.fullmatch(abi):
        raise ValueError("abi is no version of Ruby's interface")
    gems = tuple(_gem(row) for row in rows)
    # Ruby activates one version of a gem: two would be installed, and one of them never used.
    if len({gem.name for gem in gems}) != len(gems):
        raise ValueError("a gem is named twice")
    return GemLock(inputs, abi, gems)


GEM_LOCK = LockFormat(
    "parity-gems/1",
    "gems",
    ".gems.toml",
    "Written by `parity build`: the Ruby gems that a bundle carries, in the order of installation.",
    _from_document,
)


def write_gem_lock(lock: GemLock) -> str:
    """The text of that lock's file."""
    return GEM_LOCK.text({"inputs": lock.inputs, "abi": lock.abi}, lock.gems)


def _gem(row: object) -> LockedGem:
    gem = read_row(LockedGem, row)
    check_gem(gem)
    if not _SOURCE.fullmatch(gem.source):
        raise ValueError(f"{gem.name}: its source is no address without credentials")
    built = (gem.built_file, gem.built_sha256, gem.built_size)
    if built != ("", "", 0):
        # Its platform is what the builder's Ruby calls this machine, and no word of the source's.
        beginning = f"{gem.name}-{gem.version}-"
        if not (is_gem_file(gem.built_file) and gem.built_file.startswith(beginning)):
            raise ValueError(f"{gem.name}: what was built is called as no gem of it is")
        if not is_sha256(gem.built_sha256) or gem.built_size < 0:
            raise ValueError(f"{gem.name}: what was built has no SHA-256 or no size")
    return gem


def check_gem(gem: LockedGem) -> None:
    """Refuse one that cannot be: its words, its file's name, its digest; ValueError says which."""
    if not all(map(is_word, (gem.name, gem.version, gem.platform))):
        raise ValueError(f"{gem.name!a} {gem.version!a} ({gem.platform!a}) is no gem")
    # The name of the file is derived, never free: it becomes a path in the store's containers and the bundle.
    if gem.file != full_name(gem.name, gem.version, gem.platform) + ".gem" or not is_gem_file(gem.file):
        raise ValueError(f"{gem.name}: its file is called as another gem's would be")
    if not is_sha256(gem.sha256):
        raise ValueError(f"{gem.name}: no SHA-256, or not 64 lower-case hexadecimal digits")
    if gem.size < 0:
        raise ValueError(f"{gem.name}: its size cannot be")
