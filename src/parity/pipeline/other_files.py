"""The profile's other files: from this machine's disk, or fetched into the store as wheels are."""

from __future__ import annotations

from functools import partial

from parity.engine import Container
from parity.fetch import fetch_files
from parity.model import BundleFile
from parity.other_files import downloads, fetched_files, files_on_disk
from parity.pack import file_in_archive
from parity.pipeline.context.run import BuildRun
from parity.portable.texts import counted


def other_files(run: BuildRun) -> tuple[BundleFile, ...]:
    """Every file that the profile's `files` stand for, hashed in this run.

    Raises:
        InputFileError, HashMismatch: as `files_on_disk` says.
        FetchFailed, IndexFailed: an address does not give its file.
    """
    entries, reporter = run.profile.other_files, run.world.reporter
    if not entries:
        return ()
    reporter.stage("files")
    files = files_on_disk(entries, reporter)
    if wanted := downloads(entries):
        stored = fetch_files(run.guest, wanted)
        files += fetched_files(entries, stored, partial(_from_store, run.container))
    reporter.note(f"{counted(len(files), 'file')}, {counted(sum(file.size for file in files), 'byte')}")
    return files


def _from_store(room: Container, path: str, stored: str, size: int, sha256: str) -> BundleFile:
    return file_in_archive(path, lambda: room.get(stored), size, sha256)
