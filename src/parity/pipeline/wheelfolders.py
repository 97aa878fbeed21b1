"""Folders of wheels brought into the workshop, where they answer like indexes."""

from __future__ import annotations

import re
import tarfile
from collections.abc import Iterator
from pathlib import Path

from parity.errors import InputFileError
from parity.model import NamedIndex
from parity.pipeline.context.run import BuildRun
from parity.portable.wheelfolders import ROOT

_FILE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+!-]{0,250}\.(whl|tar\.gz|tar\.bz2|zip)")
_CHUNK = 1024 * 1024


def bring_folders(run: BuildRun) -> None:
    """Put the wheels and source distributions of the profile's folders into the workshop.

    Raises:
        InputFileError: one cannot be read.
    """
    for index in run.profile.index.named:
        if index.folder is not None:
            run.container.put("/", _tar(index, index.folder))


def _tar(index: NamedIndex, folder: Path) -> Iterator[bytes]:
    """Those of its files whose names are an installer's, as a tar stream; memory stays flat."""
    try:
        files = [each for each in sorted(folder.iterdir()) if _FILE.fullmatch(each.name) and each.is_file()]
        for path in files:
            yield from _member(f"{ROOT[1:]}/{index.name}/{path.name}", path)
    except OSError as error:
        raise InputFileError(
            f"cannot read {error.filename or folder}: {error.strerror}", where=f"indexes: {index.name}"
        ) from error
    yield bytes(2 * tarfile.BLOCKSIZE)


def _member(name: str, path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        info = tarfile.TarInfo(name)
        info.size, info.mode = path.stat().st_size, 0o644
        yield info.tobuf(tarfile.PAX_FORMAT)
        left = info.size
        while left and (piece := file.read(min(left, _CHUNK))):
            left -= len(piece)
            yield piece
        if left:
            raise InputFileError(f"{path} became shorter while it was read", where=str(path))
    yield bytes(-info.size % tarfile.BLOCKSIZE)
