"""Wheels whose index tells no SHA-256: fetched once, hashed, and held to that from then on."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from packaging.pylock import PackageSdist, PackageWheel

from parity.engine.guests import Guest, GuestFailed
from parity.engine.workshop import STORE, out_of_memory
from parity.errors import HashMismatch, IndexFailed
from parity.model.network import clean_url
from parity.portable.sha256 import is_sha256
from parity.wire.network import Reach
from parity.wire.store import FetchJob, FileWanted
from parity.wire.tasks import FETCH

_THREADS = 16
_ATTEMPTS = 4


def compute_hashes(
    guest: Guest, wheels: Mapping[str, PackageWheel | PackageSdist], index_of: Callable[[str], str]
) -> dict[str, str]:
    """Fetch wheels into the store; what the index tells of them, such as an MD5, is checked.

    Args:
        guest: the workshop's.
        wheels: by package.
        index_of: the name of a package's index.

    Returns:
        The SHA-256 of each, by address.

    Raises:
        HashMismatch: the bytes are not what the index announces.
        IndexFailed: they cannot be fetched.
    """
    urls = {name: clean_url(wheel.url or "") for name, wheel in wheels.items()}
    files: list[FileWanted] = [
        {
            "filename": wheel.filename,
            "url": urls[name],
            "sha256": "",
            "size": wheel.size,
            "hashes": dict(wheel.hashes),
        }
        for name, wheel in wheels.items()
    ]
    reach = guest.network.job(urls.values(), named={urls[name]: index_of(name) for name in wheels})
    found = _digests(guest, files, reach)
    return {wheel.url or "": found[wheel.filename] for wheel in wheels.values()}


def first_digest(guest: Guest, url: str) -> str:
    """Fetch a file into the store whose digest nobody knows yet; the SHA-256 of the bytes that came.

    Args:
        guest: the workshop's.
        url: its address; a query is asked for and never told.

    Raises:
        IndexFailed: it cannot be fetched.
    """
    filename = clean_url(url).rpartition("/")[2]
    file: FileWanted = {"filename": filename, "url": url, "sha256": "", "size": None, "hashes": {}}
    return _digests(guest, [file], guest.network.job([url]))[filename]


def _digests(guest: Guest, files: list[FileWanted], reach: Reach) -> dict[str, str]:
    """The SHA-256 of each file by its name; see `compute_hashes`."""
    job: FetchJob = {
        **reach,
        "set": None,
        "threads": _THREADS,
        "attempts": _ATTEMPTS,
        "stall": None,
        "deadline": None,
        "store": STORE,
        "wheels": files,
    }
    try:
        result = guest.ask(FETCH, job)
    except GuestFailed as error:
        raise out_of_memory(error) or IndexFailed(
            guest.network.redact(f"hashing what has no hash yet failed: {error}")
        ) from error
    for failed in result["failed"]:
        kind = HashMismatch if failed["kind"] == "hash" else IndexFailed
        message = guest.network.redact(f"{failed['filename']}: {failed['message']}")
        raise kind(message, where=failed["filename"])
    found = {entry["filename"]: entry["sha256"] for entry in result["wheels"]}
    if not all(map(is_sha256, found.values())) or len(found) != len(files):
        raise IndexFailed("two files of one name, or no digest, came of hashing what has no hash yet")
    return found
