"""An interpreter's archive, judged as a stranger's and written anew: what is allowed is a list.

It is a gzipped tar of one folder, `python` or `python/install`, as python-build-standalone packs what uv
calls `install_only`. Nothing of it is run here.
"""

from __future__ import annotations

import tarfile
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import IO, cast

from parity.errors import HostileSource, PythonUnfit
from parity.export.spool import NewSpool, Spool, SpooledBytes, inflated
from parity.portable import treepaths
from parity.portable.bundle.ustar import FILE, LINK, TarEntry, entry, padding
from parity.portable.bundle.ustar import FOLDER as DIRECTORY

FOLDER = "python"
"""Where the interpreter lies in an environment."""
_TOPS = ("python/install/", "python/")
_LARGEST, _MOST = 2 << 30, 100_000
"""Bytes unpacked, and members; known builds have a quarter of the one, a tenth of the other."""
_HEAD, _HEADS = 1 << 16, 256 << 20
"""Bytes that tell of one member, and of all of them: longer paths are none."""
_TRIPPED = (EOFError, ValueError, ArithmeticError, LookupError, RecursionError)
"""What `tarfile` raises besides its own errors, where a header is odd."""
_MACHINES = {"x86_64": 62, "aarch64": 183, "ppc64le": 21, "s390x": 22}
"""e_machine in an ELF header (elf(5))."""
_HEADER = 20
_KINDS = {DIRECTORY: treepaths.FOLDER, LINK: treepaths.LINK, FILE: treepaths.FILE}


@dataclass(frozen=True)
class _Held:
    told: TarEntry
    offset: int = 0


def judged_interpreter(
    archive: SpooledBytes, minor: str, arch: str, new: NewSpool, *, largest: int = _LARGEST
) -> SpooledBytes:
    """The same interpreter as a tar in our own writing, below FOLDER; without byte-compiled modules.

    Args:
        archive: the file as it came.
        minor: the target's Python, `3.11`.
        arch: the target's, as `uname -m` says it.
        new: gives room on the disk.
        largest: how many bytes it may have unpacked.

    Raises:
        PythonUnfit: it is no archive of that Python for that architecture.
        HostileSource: it holds what no interpreter needs, or reaches out of its folder.
    """
    unpacked = new()
    try:
        unpacked.add(_bounded(inflated(archive.chunks()), largest))
        rows = _below_top(_members(unpacked))
    except (tarfile.TarError, zlib.error, *_TRIPPED) as error:
        raise PythonUnfit(f"the interpreter's archive cannot be read: {error}") from error
    _demand_sound(rows)
    _demand_small(rows, largest)
    _demand_python(rows, unpacked, minor, arch)
    return new().add(_written(rows, unpacked))


def _bounded(chunks: Iterable[bytes], largest: int) -> Iterator[bytes]:
    done = 0
    for chunk in chunks:
        done += len(chunk)
        if done > largest:
            raise HostileSource(f"the interpreter's archive unpacks to more than {largest} bytes")
        yield chunk


class _Heads:
    """A tar for `tarfile` to look through, which reads whatever a header says to into memory."""

    def __init__(self, file: IO[bytes]) -> None:
        self.seek, self.tell = file.seek, file.tell
        self._file = file
        self._left, self._left_at_all = _HEAD, _HEADS

    def begin_member(self) -> None:
        """What tells of the next one may be as large again."""
        self._left = min(_HEAD, self._left_at_all)

    def read(self, size: int) -> bytes:
        """Bytes of a header."""
        if not 0 <= size <= self._left:
            raise HostileSource("the interpreter's archive has a header that is too large")
        self._left, self._left_at_all = self._left - size, self._left_at_all - size
        return self._file.read(size)


def _members(unpacked: Spool) -> dict[str, _Held]:
    unpacked.file.seek(0)
    rows: dict[str, _Held] = {}
    seen: set[str] = set()
    heads = _Heads(unpacked.file)
    with tarfile.open(fileobj=cast("IO[bytes]", heads), mode="r:") as tar:
        while (member := tar.next()) is not None:
            heads.begin_member()
            # It would keep each, with a copy of all that headers say.
            tar.members.clear()  # type: ignore[attr-defined]
            path = member.name.removeprefix("./").rstrip("/")
            # Two readers may see two files where one name stands twice.
            if path in seen or len(seen) > _MOST:
                raise HostileSource(f"the interpreter's archive has {path[:200]!a} twice, or too many files")
            seen.add(path)
            if "__pycache__" not in path.split("/"):  # they hold times, and are made anew
                rows[path] = _row(path, member, rows)
    return rows


def _row(path: str, member: tarfile.TarInfo, before: dict[str, _Held]) -> _Held:
    """What is allowed: folders, files, links; whoever may run a file, all may, and nobody more than that."""
    if member.isdir():
        return _Held(TarEntry(path, mode=0o755, kind=DIRECTORY))
    if member.issym():
        return _Held(TarEntry(path, mode=0o777, kind=LINK, link=member.linkname))
    if member.islnk():
        same = before.get(member.linkname.removeprefix("./"))
        if same is None or same.told.kind != FILE:
            raise HostileSource(f"the interpreter's archive has a link {path[:200]!a} to no file of its own")
        return _Held(same.told._replace(path=path), same.offset)
    if not member.isreg() or member.issparse() or member.size < 0:
        raise HostileSource(f"the interpreter's archive has {path[:200]!a}, which is no file, folder or link")
    mode = 0o755 if member.mode & 0o100 else 0o644
    return _Held(TarEntry(path, member.size, mode), member.offset_data)


def _below_top(rows: dict[str, _Held]) -> dict[str, _Held]:
    """Everything under its path below the top folder; what lies beside `python/install` is left out."""
    for top in _TOPS:
        found = {path[len(top) :]: row for path, row in rows.items() if path.startswith(top)}
        if any(path.startswith("bin/") for path in found):
            return {path: _Held(row.told._replace(path=path), row.offset) for path, row in found.items()}
    raise PythonUnfit("the interpreter's archive has no folder python/bin or python/install/bin")


def _entries(rows: dict[str, _Held]) -> list[treepaths.Entry]:
    return [treepaths.Entry(path, _KINDS[row.told.kind], row.told.link) for path, row in rows.items()]


def _demand_sound(rows: dict[str, _Held]) -> None:
    try:
        treepaths.check_tree(_entries(rows))
    except treepaths.Refused as error:
        raise HostileSource(f"the interpreter's archive: {error}") from error


def _demand_small(rows: dict[str, _Held], largest: int) -> None:
    # Each link to a file becomes a file.
    if sum(row.told.size for row in rows.values()) > largest:
        raise HostileSource(f"the files of the interpreter's archive have more than {largest} bytes")


def _demand_python(rows: dict[str, _Held], unpacked: Spool, minor: str, arch: str) -> None:
    program, library = rows.get(f"bin/python{minor}"), rows.get(f"lib/python{minor}/os.py")
    if program is None or program.told.kind != FILE or not program.told.mode & 0o100 or library is None:
        there = sorted({path.split("/")[1] for path in rows if path.startswith("bin/python")})
        raise PythonUnfit(
            f"the archive holds no Python {minor}, which the target has"
            + (f", but {', '.join(name[:40] for name in there[:6])}" if there else "")
        )
    head = b"".join(unpacked.read(program.offset, min(_HEADER, program.told.size)))
    order = "big" if head[5:6] == b"\2" else "little"
    # 64 bits: there is no other target.
    if head[:5] != b"\x7fELF\2" or int.from_bytes(head[18:20], order) != _MACHINES.get(arch):  # type: ignore[arg-type]
        raise PythonUnfit(f"bin/python{minor} in the archive is no program for {arch}")


def _written(rows: dict[str, _Held], unpacked: Spool) -> Iterator[bytes]:
    for path in ("", *treepaths.folders_of(_entries(rows))):
        yield entry(TarEntry(f"{FOLDER}/{path}".rstrip("/") + "/", mode=0o755, kind=DIRECTORY))
    for path in sorted(rows, key=lambda one: one.encode("utf-8", "surrogateescape")):
        row = rows[path]
        if row.told.kind != DIRECTORY:
            yield entry(row.told._replace(path=f"{FOLDER}/{path}"))
            yield from unpacked.read(row.offset, row.told.size)
            yield padding(row.told.size)
