"""Source archives unpacked: judged whole first (`treepaths`), on every Python alike, and within bounds."""

import os
import shutil
import stat
import tarfile
import zipfile
import zlib
from contextlib import suppress
from typing import Callable, Dict, Iterable, Iterator, List, NamedTuple, Tuple, Type

from ...portable.treepaths import (
    FILE,
    FOLDER,
    LINK,
    PROGRAM,
    Entry,
    Refused,
    check_tree,
    lay_out,
    shown,
)

_PIECE = 1 << 20

_DAMAGED: Tuple[Type[Exception], ...] = (
    tarfile.TarError, zipfile.BadZipFile, zlib.error, EOFError, ValueError, RuntimeError,
)  # fmt: skip
with suppress(ImportError):  # some Pythons are built without it
    import lzma

    _DAMAGED += (lzma.LZMAError,)

Content = Callable[[], Iterable[bytes]]


class Bounds(NamedTuple):
    """How many members an archive may have, and bytes in all of them together."""

    members: int = 500000
    total: int = 4 << 30


_USUAL = Bounds()


class _TarMember(NamedTuple):
    entry: Entry
    size: int
    content: Content


def unpack(archive: str, place: str, bounds: Bounds = _USUAL) -> None:
    """Unpack an sdist or another source archive, without the one folder that it usually has around.

    Of several members of one name the last counts, as for every tool that unpacks them in a row.

    Args:
        archive: a tar, compressed or not, or a zip.
        place: the folder to be made.
        bounds: of what it may hold.

    Raises:
        Refused: it is no such archive, or holds what no source has: devices, names or links that leave it,
            more than half a million members, more than 4 GiB.
    """
    around = place + ".around"
    shutil.rmtree(around, ignore_errors=True)
    os.makedirs(around)
    try:
        if zipfile.is_zipfile(archive):
            with zipfile.ZipFile(archive) as packed:
                _lay_out(around, _zip_members(packed), bounds)
        else:
            with tarfile.open(archive) as tar:
                _lay_out(around, _tar_members(tar), bounds)
    except _DAMAGED as error:
        raise Refused("it cannot be unpacked: %s" % error) from error
    except OSError as error:
        if error.errno is not None:  # a full disk is no fault of the archive
            raise
        raise Refused("it cannot be unpacked: %s" % error) from error
    names = os.listdir(around)
    # The folder around is a sdist's own rule (PEP 517) and a habit of archives; where there are several
    # names, there is none.
    inner = os.path.join(around, names[0]) if len(names) == 1 else around
    os.rename(inner if os.path.isdir(inner) and not os.path.islink(inner) else around, place)
    shutil.rmtree(around, ignore_errors=True)


def _lay_out(root: str, members: Iterable[_TarMember], bounds: Bounds) -> None:
    found: Dict[str, _TarMember] = {}
    left = bounds.total
    for count, member in enumerate(members):
        left -= member.size
        if left < 0 or count >= bounds.members:
            raise Refused("it holds more than 4 GiB, or more than half a million members")
        found.pop(member.entry.path, None)  # the last one counts, at its own place in the archive
        found[member.entry.path] = member
    entries: List[Entry] = [member.entry for member in found.values()]
    check_tree(entries)
    lay_out(root, entries, lambda entry: found[entry.path].content())


def _tar_members(tar: tarfile.TarFile) -> Iterator[_TarMember]:
    seen: Dict[str, tarfile.TarInfo] = {}
    for member in tar:
        path = _plain(member.name)
        if member.isdir():
            yield from _folder(path)
        elif member.issym():
            yield _TarMember(Entry(path, LINK, member.linkname), 0, tuple)
        # A sparse file of some bytes may unpack to any size.
        elif member.isreg() and not member.issparse():
            seen[path] = member
            yield _TarMember(Entry(path, _kind(member.mode)), member.size, _in_tar(tar, member))
        elif member.islnk():  # another name for a file that came before: a copy of it
            original = seen.get(_plain(member.linkname))
            if original is None:
                raise Refused("%s is a link to what is no file before it" % shown(member.name))
            yield _TarMember(Entry(path, _kind(original.mode)), original.size, _in_tar(tar, original))
        else:
            raise Refused("%s is neither a file nor a link" % shown(member.name))


def _in_tar(tar: tarfile.TarFile, member: tarfile.TarInfo) -> Content:
    def pieces() -> Iterator[bytes]:
        source = tar.extractfile(member)
        if source is not None:
            for piece in iter(lambda: source.read(_PIECE), b""):
                yield piece

    return pieces


def _zip_members(packed: zipfile.ZipFile) -> Iterator[_TarMember]:
    for info in packed.infolist():
        if info.filename.endswith("/"):
            yield from _folder(_plain(info.filename))
        else:
            kind = _kind(info.external_attr >> 16)
            yield _TarMember(Entry(_plain(info.filename), kind), info.file_size, _in_zip(packed, info))


def _in_zip(packed: zipfile.ZipFile, info: zipfile.ZipInfo) -> Content:
    def pieces() -> Iterator[bytes]:
        with packed.open(info) as source:
            for piece in iter(lambda: source.read(_PIECE), b""):
                yield piece

    return pieces


def _plain(name: str) -> str:
    """A member's name as a path: `./` before it says nothing."""
    while name.startswith("./"):
        name = name[2:].lstrip("/") if name[2:3] == "/" else name[2:]
    return name.rstrip("/")


def _folder(path: str) -> Iterator[_TarMember]:
    if path not in ("", "."):  # which is the one that all is unpacked into
        yield _TarMember(Entry(path, FOLDER), 0, tuple)


def _kind(mode: int) -> str:
    return PROGRAM if mode & stat.S_IXUSR else FILE
