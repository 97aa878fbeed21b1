"""A finished environment's files on their way out of the container: a list of them, then the bytes of all.

An engine's own archive of a folder would do as well, but not of one in memory, and to look at each header of
its tar takes longer than to read the files.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, TypedDict

from parity.engine import Container
from parity.errors import EngineLost, HashMismatch, RehearsalFailed
from parity.export.spool import Spool
from parity.portable.texts import printable
from parity.wire.shapes import Malformed, read

_SECONDS = 900
_LONGEST = 1 << 20
"""Bytes of one line of the list: a path and a link's target."""
_HEAD = 1 << 16
_ROOM = "give it more room: `disk` under `rehearsal` in the profile"
# With a stack: a wheel may nest folders deeper than Python's calls go. Byte-compiled modules are left out:
# they hold the time at which they were made.
GIVE = """
import json, os, stat, sys
top, out, left, files = os.fsencode(sys.argv[1]), sys.stdout.buffer, [b""], []
kinds = {stat.S_IFREG: "file", stat.S_IFDIR: "folder", stat.S_IFLNK: "link"}
while left:
    folder = left.pop()
    for found in os.scandir(os.path.join(top, folder)):
        if found.name == b"__pycache__":
            continue
        path, told = folder + found.name, found.stat(follow_symlinks=False)
        kind = kinds.get(stat.S_IFMT(told.st_mode), "other")
        link = os.readlink(os.path.join(top, path)) if kind == "link" else b""
        size = told.st_size if kind == "file" else 0
        texts = [each.decode("utf-8", "surrogateescape") for each in (path, link)]
        row = {"path": texts[0], "kind": kind, "mode": told.st_mode & 0o7777, "size": size, "link": texts[1]}
        out.write(json.dumps(row).encode("ascii") + b"\\n")
        if kind == "folder":
            left.append(path + b"/")
        elif size:
            files.append((path, size))
out.write(b"\\n")
for path, size in files:
    with open(os.path.join(top, path), "rb", 0) as file:
        while size:
            data = file.read(min(size, 1 << 20))
            if not data:
                sys.exit("%r became shorter" % path)
            out.write(data)
            size -= len(data)
out.flush()
"""


class _GivenFile(TypedDict):
    path: str
    kind: Literal["file", "folder", "link", "other"]
    mode: int
    size: int
    link: str


@dataclass(frozen=True)
class TakenFile:
    """A file, folder or link of an environment.

    Attributes:
        path: below the environment's folder.
        kind: `file`, `folder`, `link`, or `other` for what is none of these.
        mode: its permissions.
        size: of a file, in bytes.
        link: where a link leads.
        offset: where a file's bytes lie in the spool.
    """

    path: str
    kind: str
    mode: int
    size: int = 0
    link: str = ""
    offset: int = 0


def take(
    container: Container, python: str, user: str, folder: str, spool: Spool, most: int
) -> tuple[TakenFile, ...]:
    """Bring the files of a folder into a spool that has nothing yet.

    Args:
        container: started; where they are.
        python: its interpreter, which reads them.
        user: whose they are, so that nothing is read that others keep.
        folder: whose files.
        spool: gets the bytes.
        most: how many there may be.

    Raises:
        RehearsalFailed: they cannot be read, or are too many.
        EngineLost: the stream broke off or is no such list.
        HashMismatch: a path is none that a file there has.
        TimeoutError: it took too long.
    """
    command = [python, "-I", "-S", "-B", "-c", GIVE, folder]

    def hear(chunk: bytes) -> None:
        if spool.size + len(chunk) > most:
            raise RehearsalFailed(f"the environment has more than {most >> 20} MiB", remedy=_ROOM)
        spool.append(chunk)

    done = container.exec(command, user=user, timeout=_SECONDS, on_stdout=hear)
    if done.exit_code:
        said = printable(done.stderr.decode("utf-8", "replace")[-400:])
        raise RehearsalFailed(f"the environment's files cannot be read: {said}")
    return taken(spool)


def taken(spool: Spool) -> tuple[TakenFile, ...]:
    """The files that a spool holds, as they were given; errors as `take`."""
    found: dict[str, TakenFile] = {}
    rows, offset = _rows(spool)
    for row in rows:
        if row["size"] < 0 or row["path"] in found:
            raise _broken()
        _demand_sound(row)
        found[row["path"]] = TakenFile(**row, offset=offset)
        offset += row["size"]
    if offset != spool.size:
        raise _broken()
    return tuple(found.values())


def _rows(spool: Spool) -> tuple[list[_GivenFile], int]:
    """The list, and where what follows it begins."""
    rows: list[_GivenFile] = []
    end = 0
    for line in _lines(spool):
        end += len(line) + 1
        if not line:
            return rows, end
        try:
            rows.append(read(_GivenFile, json.loads(line)))
        except (ValueError, RecursionError, Malformed) as error:
            raise _broken() from error
    raise _broken()


def _lines(spool: Spool) -> Iterator[bytes]:
    """Each line that ends, without its end; a line too long is none."""
    rest = b""
    offset = 0
    while offset < spool.size and len(rest) < _LONGEST:
        size = min(_HEAD, spool.size - offset)
        *whole, rest = (rest + b"".join(spool.read(offset, size))).split(b"\n")
        offset += size
        yield from whole


def _demand_sound(file: _GivenFile) -> None:
    """Refuse what the script never gives: whose files they are could speak in its place."""
    path, link = file["path"], file["link"]
    parts = path.split("/")
    if any(part in ("", ".", "..", "__pycache__") for part in parts) or "\0" in path + link:
        raise HashMismatch(f"the environment holds {path!r}, which cannot be exported: no file is called so")
    try:
        (path + link).encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        raise _broken() from None


def _broken() -> EngineLost:
    return EngineLost("what the engine gave of the environment broke off, or is no list of files")
