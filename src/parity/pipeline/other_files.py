"""The profile's other files: from this machine's disk, or fetched into the store as wheels are."""

from __future__ import annotations

from functools import partial

from parity.engine import Container
from parity.fetch import fetch_wheels
from parity.model import BundleFile, Facts, Profile
from parity.other_files import fetched_files, files_on_disk, lock_of_addresses
from parity.pack import file_in_archive
from parity.pipeline.context.values import World


def other_files(profile: Profile, facts: Facts, room: Container, world: World) -> tuple[BundleFile, ...]:
    """Every file that the profile's `files` stand for, hashed in this run.

    Args:
        profile: names them.
        facts: of the workshop's image.
        room: the workshop.
        world: how to reach addresses, and who listens.

    Raises:
        InputFileError, HashMismatch: as `files_on_disk` says.
        FetchFailed, IndexFailed: an address does not give its file.
    """
    entries = profile.other_files
    if not entries:
        return ()
    world.reporter.stage("files")
    files = files_on_disk(entries, world.reporter)
    lock = lock_of_addresses(entries)
    if lock.wheels:
        fetched = fetch_wheels(room, facts.executable, lock, world.network, world.reporter, what="files")
        files += fetched_files(entries, fetched, partial(_from_store, room))
    world.reporter.note(f"{len(files)} files, {sum(file.size for file in files)} bytes")
    return files


def _from_store(room: Container, path: str, stored: str, size: int, sha256: str) -> BundleFile:
    return file_in_archive(path, lambda: room.get(stored), size, sha256)
