"""A folder of sources: which of its files count, their digest, and a tar stream of them."""

from __future__ import annotations

import hashlib
import os
import stat
import tarfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO

from parity.errors import SourceUnavailable
from parity.files import open_below

_SKIPPED = frozenset(
    (
        ".git", ".hg", ".svn", ".venv", ".tox", ".nox", ".parity", ".mypy_cache", ".pytest_cache",
        ".ruff_cache", "__pycache__", "node_modules",
    )
)  # fmt: skip
_CHUNK = 1024 * 1024


def tree_files(folder: Path) -> list[Path]:
    """The files and links that count, in the byte order of their paths.

    Left out are version control, caches and environments anywhere, and what earlier builds left at the
    top (`dist`, and `build` where setuptools made it).

    Raises:
        SourceUnavailable: the folder cannot be read.
    """
    found: list[Path] = []

    def fail(error: OSError) -> None:
        raise SourceUnavailable(
            f"cannot read {error.filename}: {error.strerror}", where=str(folder)
        ) from error

    for here, folders, names in os.walk(folder, onerror=fail):
        place = Path(here)
        links = [name for name in folders if (place / name).is_symlink()]
        folders[:] = [name for name in folders if name not in links and not _skipped(place / name, folder)]
        found += [place / name for name in (*names, *links) if not name.endswith((".pyc", ".pyo"))]
    kept = [path for path in found if path.is_symlink() or path.is_file()]
    return sorted(kept, key=lambda path: path.relative_to(folder).as_posix().encode())


def _skipped(path: Path, root: Path) -> bool:
    if path.name in _SKIPPED or (path / "pyvenv.cfg").exists():
        return True
    if path.parent != root:
        return False
    return path.name == "dist" or (path.name == "build" and (path / "lib").is_dir())


def tree_digest(folder: Path) -> str:
    """SHA-256 over names, executable bits, links and contents; not times, owners or places."""
    digest = hashlib.sha256()
    for path in tree_files(folder):
        name = path.relative_to(folder).as_posix().encode("utf-8", "surrogateescape")
        if path.is_symlink():
            digest.update(b"link\0" + name + b"\0" + os.fsencode(path.readlink()) + b"\0")
            continue
        content = hashlib.sha256()
        with _opened(folder, path) as file:
            for piece in iter(lambda file=file: file.read(_CHUNK), b""):  # type: ignore[misc]
                content.update(piece)
            kind = b"program" if os.fstat(file.fileno()).st_mode & stat.S_IXUSR else b"file"
        digest.update(kind + b"\0" + name + b"\0" + content.digest() + b"\0")
    return digest.hexdigest()


def left_out(folder: Path) -> list[str]:
    """The links of a folder that its tar stream leaves out, since they lead out of the folder.

    An absolute one is carried: wherever it is unpacked it names that machine's own file, never this one's.
    """
    links = (path for path in tree_files(folder) if path.is_symlink())
    names = ((path.relative_to(folder).as_posix(), str(path.readlink())) for path in links)
    return [name for name, target in names if leads_out(f"./{name}", target)]


def leads_out(member: str, target: str) -> bool:
    """Whether a relative link leads out of the outermost folder of its member's name."""
    inner = member.partition("/")[2]
    led = os.path.normpath(os.path.join(os.path.dirname(inner), target))
    return not target.startswith("/") and led.split("/")[0] == ".."


def tree_tar(folder: Path, name: str) -> Iterator[bytes]:
    """The files below a folder called `name`, as a tar stream; memory stays flat.

    No link is followed, and one that leads out is left out (see `left_out`).

    Raises:
        SourceUnavailable: a file changed while it was read.
    """
    return trees_tar({name: folder})


def trees_tar(folders: Mapping[str, Path]) -> Iterator[bytes]:
    """The same of several folders, by what each is to be called."""
    for name, folder in folders.items():
        yield from _members(folder, name)
    yield bytes(2 * tarfile.BLOCKSIZE)


def _members(folder: Path, name: str) -> Iterator[bytes]:
    for path in tree_files(folder):
        info = tarfile.TarInfo(f"{name}/{path.relative_to(folder).as_posix()}")
        if path.is_symlink():
            info.type, info.linkname, info.mode = tarfile.SYMTYPE, str(path.readlink()), 0o777
            if not leads_out(info.name, info.linkname):
                yield info.tobuf(tarfile.PAX_FORMAT)
            continue
        with _opened(folder, path) as file:
            status = os.fstat(file.fileno())
            info.size, info.mode = status.st_size, 0o755 if status.st_mode & stat.S_IXUSR else 0o644
            yield info.tobuf(tarfile.PAX_FORMAT)
            yield from _content(file, path, info.size)


def _opened(folder: Path, path: Path) -> IO[bytes]:
    """A file that was one when it was listed, and no link, nor in a folder that is one."""
    try:
        return open_below(folder, path)
    except OSError as error:
        raise SourceUnavailable(f"cannot read {path}: {error.strerror}", where=str(path)) from error


def _content(file: IO[bytes], path: Path, size: int) -> Iterator[bytes]:
    left = size
    while left and (piece := file.read(min(_CHUNK, left))):
        left -= len(piece)
        yield piece
    if left or file.read(1):
        raise SourceUnavailable(f"{path} changed while it was read", where=str(path))
    yield bytes(-size % tarfile.BLOCKSIZE)
