"""What a package manager changed in an image, as a canonical layer: without what is of one moment alone."""

from __future__ import annotations

import posixpath
import tarfile
from collections.abc import Iterator, Sequence

from parity.errors import EngineLost, SystemPackagesFailed
from parity.export.spool import NewSpool, SpooledBytes
from parity.portable.bundle.ustar import END, FILE, FOLDER, LINK, TarEntry, entry, padding

_SAME = b"1"
"""A second name of a file (POSIX.1-2017, ustar typeflag 1)."""
_DROPPED = (
    "carry",
    "dev",
    "proc",
    "run",
    "sys",
    "tmp",
    "var/cache",
    "var/lib/apt/lists",
    "var/lib/dpkg/status-old",
    "var/lib/dpkg/diversions-old",
    "var/lib/dpkg/statoverride-old",
    "var/log",
    "var/tmp",
)
_KINDS = {tarfile.DIRTYPE: FOLDER, tarfile.SYMTYPE: LINK, tarfile.LNKTYPE: _SAME, tarfile.REGTYPE: FILE}


def system_layer(made: SpooledBytes, new: NewSpool) -> SpooledBytes:
    """The layer again, in byte order, times 0, without logs, caches and compiled modules.

    Args:
        made: the layer as an engine wrote it: what changed, and whiteouts for what is gone.
        new: makes what the bytes wait in.

    Raises:
        SystemPackagesFailed: it holds what a canonical layer cannot.
        EngineLost: it is no archive.
    """
    rows: list[tuple[TarEntry, int]] = []
    # tarfile counts from where the file stands when it is opened.
    made.spool.file.seek(made.offset)
    try:
        with tarfile.open(fileobj=made.spool.file, mode="r:") as tar:
            for member in tar:
                path = posixpath.normpath(member.name)
                if not _is_dropped(path):
                    rows.append((_told(path, member), member.offset_data))
    except tarfile.TarError as error:
        raise EngineLost(f"the layer of system packages is no archive: {error}") from error
    return new().add(_bytes(made, rows))


def _bytes(made: SpooledBytes, rows: Sequence[tuple[TarEntry, int]]) -> Iterator[bytes]:
    # Second names last: whoever unpacks must have the first before.
    order = sorted(rows, key=lambda row: (row[0].kind == _SAME, _spelled(row[0].path)))
    for told, offset in order:
        yield entry(told)
        yield from made.spool.read(offset, told.size)
        yield padding(told.size)
    yield END


def _spelled(path: str) -> bytes:
    return path.encode("utf-8", "surrogateescape")


def _is_dropped(path: str) -> bool:
    below = any(path == each or path.startswith(each + "/") for each in _DROPPED)
    return below or path in (".", "") or "__pycache__" in path.split("/")


def _told(path: str, member: tarfile.TarInfo) -> TarEntry:
    kind = _KINDS.get(member.type)
    # Without its capabilities a program would be another one than was proved.
    special = any(key.startswith("SCHILY.xattr.") for key in member.pax_headers)
    if kind is None or special or member.issparse() or path.startswith(("/", "..")):
        raise SystemPackagesFailed(
            f"the carried system packages make {path!r}, which an exported image cannot hold",
            remedy="put that package into the profile's image, and build the bundle on that",
        )
    link = posixpath.normpath(member.linkname) if kind == _SAME else member.linkname
    return TarEntry(
        path + "/" if kind == FOLDER else path,
        member.size if kind == FILE else 0,
        member.mode & 0o7777,
        kind,
        link if kind in (LINK, _SAME) else "",
        (member.uid, member.gid),
    )
