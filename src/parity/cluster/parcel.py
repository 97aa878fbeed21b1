"""What a build needs of the caller's files, as one tar that is written once and sent in pieces."""

from __future__ import annotations

import io
import shutil
import tarfile
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from parity.errors import InputFileError

ROOT = "root"
"""The folder in it that stands for the caller's `/`."""


class InputsTar:
    """A tar on this machine's disk."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file

    def pieces(self, size: int) -> Iterator[bytes]:
        """Its bytes from the beginning, each time anew."""
        self._file.seek(0)
        return iter(lambda: self._file.read(size), b"")


@contextmanager
def packed(paths: Iterable[Path], texts: Mapping[str, str]) -> Iterator[InputsTar]:
    """A parcel for as long as the context lasts.

    Args:
        paths: absolute, files and folders; a link counts as what it leads to.
        texts: more files by their names.

    Raises:
        InputFileError: a file cannot be read.
    """
    with tempfile.TemporaryFile(prefix="parity-parcel-") as file:
        with tarfile.open(fileobj=file, mode="w", dereference=True) as archive:
            for name, text in texts.items():
                info = tarfile.TarInfo(name)
                info.size = len(text.encode())
                archive.addfile(info, io.BytesIO(text.encode()))
            for path in dict.fromkeys(paths):
                _add(archive, path)
        yield InputsTar(file)


def _add(archive: tarfile.TarFile, path: Path) -> None:
    try:
        archive.add(path, ROOT + str(path), filter=_plain)
    except OSError as error:
        raise InputFileError(
            f"cannot read {error.filename or path}: {error.strerror}", where=str(path)
        ) from error


def _plain(info: tarfile.TarInfo) -> tarfile.TarInfo | None:
    """Files and folders; two names of one file are two files."""
    return info if info.isfile() or info.isdir() else None


def unpack(parcel: Path, folder: Path) -> None:
    """Lay a parcel out. It comes from the caller, whose word this worker takes; links are none of it."""
    with tarfile.open(parcel) as archive:
        for info in archive:
            place = folder / info.name
            if info.isdir():
                place.mkdir(parents=True, exist_ok=True)
            elif (content := archive.extractfile(info)) is not None:
                place.parent.mkdir(parents=True, exist_ok=True)
                with place.open("wb") as file:
                    shutil.copyfileobj(content, file)
                place.chmod(info.mode | 0o600)
