"""The lock to a wheel set: the guest downloads, this side asks and judges."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence

from parity.engine.events import Event
from parity.engine.guests import Guest, GuestFailed
from parity.engine.workshop import STORE, out_of_memory
from parity.errors import FetchFailed, HashMismatch, IndexFailed, ParityError
from parity.model import Download, LockedWheel, StoredFiles, StoredWheel, WheelSet
from parity.model.network import HostNetwork, clean_url
from parity.portable.texts import counted
from parity.wire.shapes import read
from parity.wire.store import FetchJob, FetchProgress, FetchResult, FetchWarning, FileFailed, FileWanted
from parity.wire.tasks import FETCH

# As many at one time as `guest.net.routes` asks of one index.
THREADS = 16
ATTEMPTS = 4
SILENCE = 30.0
"""Seconds without a byte after which a connection counts as broken."""
STALL = 300.0
"""Seconds in which all downloads together must go forward; they may take as long as they then take."""

_REMEDIES = {
    "http-401": "the index wants credentials: UV_INDEX_<NAME>_USERNAME and _PASSWORD, netrc, or the keyring",
    "http-403": "the index refuses these credentials for this file",
    "http-404": "the file is no longer on the index: build with --upgrade to lock others",
    "http-429": "the index asks to slow down: try again later",
    "no-tls": "give the image a Python that has ssl, or build with --stand-in IMAGE in one that has",
    "tls": "name the CA bundle of your network in SSL_CERT_FILE or in pip's `cert` setting",
    "dns": "check the name server, or set HTTPS_PROXY where a proxy is needed",
    "proxy": "check HTTP_PROXY, HTTPS_PROXY and NO_PROXY",
    "slow": "find out what holds the network up; what has come is kept, so build again to go on",
    "size": "whoever runs the index must say what this is: --upgrade locks what it has now",
    "disk": "free space where the engine keeps its volumes (`parity cache prune` helps)",
}
_REMEDIES_OF_FILES = {
    **_REMEDIES,
    "http-401": "the server wants credentials: put them in netrc",
    "http-404": "nothing lies at that address any more: mend the profile's `files`",
    "http-429": "the server asks to slow down: try again later",
    "hash": "the server gives other bytes than the profile's `sha256`: find out why before you go on",
}


def fetch_wheels(guest: Guest, wheels: Sequence[LockedWheel]) -> WheelSet:
    """Make exactly a lock's wheels present in the store, in its order; args and errors as `fetch_files`."""
    stored = fetch_files(guest, [wheel.download for wheel in wheels], what="wheels")
    return WheelSet(
        wheels=tuple(StoredWheel(wheel, stored.sizes[wheel.filename]) for wheel in wheels),
        folder=stored.folder,
        fetched=stored.fetched,
        fetched_bytes=stored.fetched_bytes,
    )


def fetch_files(guest: Guest, files: Sequence[Download], *, what: str = "files") -> StoredFiles:
    """Make files present in the store, every byte hashed in this run.

    Args:
        guest: the workshop's; its reporter hears bytes done and total.
        files: what to fetch.
        what: what they are: `wheels`, or `files` of addresses that the profile names.

    Raises:
        FetchFailed: a file could not be downloaded.
        HashMismatch: other bytes are served than were locked.
        IndexFailed: the index refuses or does not answer.
    """
    network, reporter = guest.network, guest.reporter

    def hear(event: Event) -> None:
        if event["event"] == "progress":
            so_far = read(FetchProgress, event, "its progress")
            label = f"{so_far['files_done']} of {counted(so_far['files'], what.removesuffix('s'))}"
            reporter.advance(so_far["done"], so_far["total"], label)
        elif event["event"] == "warning":
            reporter.warn(network.redact(read(FetchWarning, event, "its warning")["message"]))

    try:
        result = guest.ask(FETCH, fetch_job(files, network), on_event=hear)
    except GuestFailed as error:
        raise out_of_memory(error) or FetchFailed(
            "the download script died: " + network.redact(error.last_line)
        ) from error
    if result["failed"]:
        remedies = _REMEDIES if what == "wheels" else _REMEDIES_OF_FILES
        raise fetch_error(result["failed"], files, network, remedies)
    return stored_files(files, result)


def fetch_job(files: Sequence[Download], network: HostNetwork) -> FetchJob:
    """The guest's job (see `parity.guest.tasks.fetch`); it holds secrets."""
    wanted: list[FileWanted] = [
        {"filename": f.filename, "url": f.url, "sha256": f.sha256, "size": f.size} for f in files
    ]
    fetched = [file for file in files if file.url]
    job = network.job((f.url for f in fetched), named={f.url: f.index for f in fetched})
    return {
        **job,
        "threads": THREADS,
        "attempts": ATTEMPTS,
        "stall": STALL,
        "deadline": None,
        "timeout": SILENCE,
        "store": STORE,
        "set": set_digest(files),
        "wheels": wanted,
    }


def set_digest(files: Sequence[Download]) -> str:
    """The name of a set's folder: SHA-256 over its sorted file names and digests."""
    # Sorted: the same files are one set, in whatever order a lock names them.
    lines = sorted(f"{file.sha256}  {file.filename}\n" for file in files)
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def stored_files(files: Sequence[Download], result: FetchResult) -> StoredFiles:
    """The guest's result as a value; HashMismatch where it tells of other bytes."""
    # What comes out of a container is compared, although no package code runs in this one.
    told = {(entry["filename"], entry["sha256"]) for entry in result["wheels"]}
    other = [file.filename for file in files if (file.filename, file.sha256) not in told]
    if other:
        raise HashMismatch("the store tells of another file than was asked for", where=other[0])
    if result["folder"] is None:
        raise FetchFailed("the store tells of no folder for what was fetched")
    return StoredFiles(
        folder=result["folder"],
        sizes={entry["filename"]: entry["size"] for entry in result["wheels"]},
        fetched=sum(entry["fetched"] for entry in result["wheels"]),
        fetched_bytes=result["fetched_bytes"],
    )


def fetch_error(
    failed: Sequence[FileFailed],
    files: Sequence[Download],
    network: HostNetwork,
    remedies: Mapping[str, str] = _REMEDIES,
) -> ParityError:
    """One error for all failures: the gravest first, every file named with its address."""
    urls = {file.filename: clean_url(file.url) for file in files}
    details = tuple(
        network.redact(f"{f['filename']}: {f['message']} ({urls[f['filename']]})") for f in failed
    )
    # Other bytes than were locked come before any network's trouble: one is an attack, maybe, the other a
    # nuisance.
    first = min(failed, key=lambda f: f["kind"] != "hash")
    kind, name = first["kind"], first["filename"]
    more = f" (and {len(failed) - 1} more)" if len(failed) > 1 else ""
    message = network.redact(f"{name}: {first['message']}{more}")
    error = _error_class(kind)
    return error(message, where=urls[name], remedy=remedies.get(kind, ""), details=details)


def _error_class(kind: str) -> type[ParityError]:
    if kind == "hash":
        return HashMismatch
    if kind in ("tls", "dns", "proxy", "http-401", "http-403", "http-407", "http-429"):
        return IndexFailed
    return FetchFailed
