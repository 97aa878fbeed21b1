"""Other files that lie on this machine: found, judged, hashed; memory stays flat whatever their size."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from parity.errors import HashMismatch, InputFileError
from parity.files import open_below, open_regular
from parity.model import BundleFile, OtherFile
from parity.portable.bundle import ustar
from parity.portable.bundle.manifest import OTHER_FILES
from parity.progress import Reporter

_CHUNK = 1024 * 1024
# A folder named by mistake (a home, a whole disk) is noticed before all of it is hashed.
_MOST = 20_000
_SHOWN = 20


@dataclass(frozen=True)
class _FileHere:
    """A file: its place in the payload, where it lies here, its bytes so far as a look tells, its bit.

    `top` is the path that the profile names: the file's own, or that of the folder that it is in.
    """

    place: str
    top: Path
    path: Path
    size: int
    executable: bool


def files_on_disk(entries: Sequence[OtherFile], reporter: Reporter) -> tuple[BundleFile, ...]:
    """Every file that the entries with a path stand for; a folder stands for all that is in it.

    Args:
        entries: of the profile; those with an address are passed over.
        reporter: hears how many bytes are hashed.

    Returns:
        files that are read again, and compared, each time they are opened.

    Raises:
        InputFileError: a link or a special file in a folder, a name that no bundle holds, a folder
            without a file, too many files, something that cannot be read; everything at once.
        HashMismatch: a file is not the one whose SHA-256 the profile names.
    """
    wanted = [one for one in entries if one.path is not None]
    found = _found(wanted)
    expected = {OTHER_FILES + one.place: one.sha256 for one in wanted if one.sha256}
    done, total, files = 0, sum(one.size for one in found), []
    for one in found:
        file = _hashed(one)
        if expected.get(one.place, file.sha256) != file.sha256:
            raise HashMismatch(
                "the file is not the one that the profile names",
                where=str(one.path),
                remedy="find out which of the two is right: the file, or `sha256` in the profile",
                details=(f"profile: sha256 {expected[one.place]}", f"file:    sha256 {file.sha256}"),
            )
        files.append(file)
        done += file.size
        # A file may have grown since the look.
        reporter.advance(done, max(done, total), str(one.path))
    return tuple(files)


# --- finding ----------------------------------------------------------------------------------------------


def _found(entries: Sequence[OtherFile]) -> list[_FileHere]:
    found: list[_FileHere] = []
    problems: list[str] = []
    try:
        for one in entries:
            found += _of_entry(one, problems)
    except OSError as error:
        problems.append(f"{error.filename}: {error.strerror}")
    if len(found) > _MOST:
        problems.append(f"{len(found)} files are more than {_MOST}: carry them as one archive")
    if problems:
        more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
        raise InputFileError(
            problems[0] + more,
            remedy="mend what is named, or name other `files` in the profile",
            details=tuple(problems[1:_SHOWN]),
        )
    return found


def _of_entry(one: OtherFile, problems: list[str]) -> list[_FileHere]:
    """The files of one entry. The path that the profile names may be a link; nothing below it may."""
    top = one.path or Path()
    place = OTHER_FILES + one.place
    seen = top.stat()
    if stat.S_ISREG(seen.st_mode):
        return [_file(place, top, top, seen, one.executable)]
    if not stat.S_ISDIR(seen.st_mode):
        problems.append(f"{top}: is neither a file nor a folder")
        return []
    found = list(_below(top, top, place, problems))
    if not found and not problems:
        problems.append(f"{top}: there is no file in this folder")
    return found


def _below(top: Path, folder: Path, place: str, problems: list[str]) -> Iterator[_FileHere]:
    """The files of a folder and of those below it, by name."""
    with os.scandir(folder) as entries:
        # The order of a folder is the file system's own; errors should come in the same order everywhere.
        ordered = sorted(entries, key=lambda entry: entry.name)
    for entry in ordered:
        path, inside = folder / entry.name, f"{place}/{entry.name}"
        if not ustar.is_safe_path(inside):
            problems.append(
                f"{path}: a bundle holds names of printable ASCII without backslash, and no longer path"
            )
        elif entry.is_symlink():
            problems.append(f"{path}: is a link, and no link is carried; put the file itself there")
        elif entry.is_dir():
            yield from _below(top, path, inside, problems)
        elif entry.is_file():
            yield _file(inside, top, path, entry.stat(follow_symlinks=False), None)
        else:
            problems.append(f"{path}: is neither a file nor a folder")


def _file(place: str, top: Path, path: Path, seen: os.stat_result, executable: bool | None) -> _FileHere:
    here = bool(seen.st_mode & stat.S_IXUSR)
    return _FileHere(place, top, path, seen.st_size, here if executable is None else executable)


# --- reading ----------------------------------------------------------------------------------------------


def _hashed(one: _FileHere) -> BundleFile:
    digest, size = hashlib.sha256(), 0
    for chunk in _read(one):
        digest.update(chunk)
        size += len(chunk)
    sha256 = digest.hexdigest()
    return BundleFile(
        one.place, size, sha256, lambda: _unchanged(one, size, sha256), executable=one.executable
    )


def _unchanged(one: _FileHere, size: int, sha256: str) -> Iterator[bytes]:
    """A file's bytes as they were when it was hashed.

    Raises:
        HashMismatch: they are others now; never more than `size` bytes were given.
    """
    digest, left = hashlib.sha256(), size
    for chunk in _read(one):
        left -= len(chunk)
        # Never more than was announced: the tar's header with its size is written by now.
        if left < 0:
            break
        digest.update(chunk)
        yield chunk
    if left or digest.hexdigest() != sha256:
        raise HashMismatch(
            "the file changed while the bundle was made",
            where=str(one.path),
            remedy="build again when nobody writes to it",
        )


def _read(one: _FileHere) -> Iterator[bytes]:
    try:
        with open_regular(one.path) if one.path == one.top else open_below(one.top, one.path) as file:
            while chunk := file.read(_CHUNK):
                yield chunk
    except OSError as error:
        raise InputFileError(f"cannot be read: {error.strerror}", where=str(one.path)) from error
