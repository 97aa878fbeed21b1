"""Inventories: what the other side has, told by bundles, by an index, or by `installed --json`.

None is believed further than that a delta leaves out what it names: what comes out of a delta is verified by
the signature of the new bundle, and a file that is not there after all stops the patch.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from parity.errors import InputFileError, OptionConflict
from parity.portable.bundle.manifest import Member
from parity.portable.plainfile import parse_json, read_start, read_whole
from parity.portable.sha256 import is_sha256
from parity.portable.texts import printable
from parity.portable.transfer.at_hand import files_of
from parity.progress import Reporter
from parity.update.offered import offered

_LIMIT = 16 << 20
"""The largest inventory of a prefix, in bytes."""


@dataclass(frozen=True)
class InstalledRelease:
    """The release in use under a prefix, as `installed` tells it."""

    product: str
    version: str
    payload: str

    def __str__(self) -> str:
        return f"{self.product} {self.version}, payload sha256:{self.payload}"


@dataclass(frozen=True)
class Inventories:
    """What a call named, by kind.

    Attributes:
        bundles: files of bundles.
        folders: of indexes.
        addresses: of indexes.
        installed: the release in use of each prefix that told.
    """

    bundles: tuple[Path, ...]
    folders: tuple[Path, ...]
    addresses: tuple[str, ...]
    installed: tuple[InstalledRelease, ...]


def sorted_inventories(words: Sequence[str]) -> Inventories:
    """What each word is, by a look at it.

    Raises:
        InputFileError: one is nothing of these, or its shape is wrong.
    """
    bundles, folders, addresses, installed = [], [], [], []
    for word in words:
        if re.match(r"https?://", word):
            addresses.append(word)
        elif Path(word).is_dir():
            folders.append(_index_folder(Path(word)))
        # By its content, not its name: what `installed --json` printed may be called anything.
        elif _start(word).lstrip()[:1] == b"{":
            installed.append(_installed(word))
        else:
            bundles.append(Path(word))
    return Inventories(tuple(bundles), tuple(folders), tuple(addresses), tuple(installed))


def _start(word: str) -> bytes:
    try:
        return read_start(word, 64)
    except (OSError, ValueError) as error:
        raise InputFileError(
            f"it cannot be read: {getattr(error, 'strerror', error)}",
            where=word,
            remedy="name a bundle, an index's folder or address, or a file of `installed --json`",
        ) from error


def _index_folder(folder: Path) -> Path:
    if not (folder / "simple").is_dir():
        raise InputFileError(
            "there is no index in this folder: it has no `simple`",
            where=str(folder),
            remedy="name the folder that `parity index` wrote, or the bundles themselves",
        )
    return folder


def _installed(word: str) -> InstalledRelease:
    try:
        document: Any = parse_json(read_whole(word, _LIMIT))
        # Exactly one release is in use; that is the one a delta can start from.
        (row,) = [each for each in document["releases"] if each["current"] is True]
        return InstalledRelease(_word(row["product"]), _word(row["version"]), _digest(row["payload_sha256"]))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputFileError(
            "this is not what `installed --json` prints of a prefix with a release in use",
            where=word,
            remedy="carry that output as it is; of what was installed unsigned no delta can be made",
        ) from error


def _word(said: object) -> str:
    # It is only told, never compared; a stranger's word on a terminal.
    return printable(str(said))[:100]


def _digest(said: object) -> str:
    """The digest, ValueError where it is none: of what was installed unsigned."""
    if not isinstance(said, str) or not is_sha256(said):
        raise ValueError("it does not say which bundle it is of")
    return said


def base_of(found: Inventories, payloads: Iterable[tuple[Path, str]]) -> Path:
    """The bundle that is installed there.

    Args:
        found: with at least one inventory of a prefix.
        payloads: the bundles at hand, each with its payload's digest.

    Raises:
        OptionConflict: it is none of these, or the prefixes differ.
    """
    wanted = {each.payload: each for each in found.installed}
    told = " and ".join(sorted(str(each) for each in wanted.values()))
    if len(wanted) > 1:
        raise OptionConflict(f"different releases are installed: {told}", remedy="write a delta for each")
    if found.folders or found.addresses:
        raise OptionConflict(
            "what is installed names the one bundle that a delta is made from; beside an index there is none",
            remedy="give one or the other",
        )
    for path, payload in payloads:
        if payload in wanted:
            return path
    raise OptionConflict(
        f"installed is {told}, and none of the bundles named here is that one",
        remedy="name its file before NEW: wheels cannot be made of what is installed, both sides need it",
    )


def index_digests(found: Inventories, members: Sequence[Member], reporter: Reporter) -> set[str]:
    """The SHA-256 of wheels of the new bundle that indexes have.

    Args:
        found: folders are looked through and hashed, addresses asked.
        members: the new bundle's files; no other name or size is looked at.
        reporter: hears where it looks.

    Raises:
        BundleUnreadable: a folder cannot be read.
        IndexFailed: an address gives no pages.
    """
    # An index has wheels alone; texts and scripts of the bundle are small, and come with every delta.
    wheels = [each for each in members if each.path.endswith(".whl")]
    held: set[str] = set()
    if found.folders:
        reporter.stage("inventory", ", ".join(map(str, found.folders)))
        held |= set(files_of([str(each) for each in found.folders], wheels))
    for address in found.addresses:
        held |= offered(address, [each.path.rpartition("/")[2] for each in wheels], reporter)
    # An index tells of every version that it has; none but the new bundle's matter.
    return held & {each.sha256 for each in wheels}
