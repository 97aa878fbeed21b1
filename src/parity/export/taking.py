"""A finished environment's files on their way out of the container: a list of them, then the bytes of all.

An engine's own archive of a folder would do as well, but not of one in memory, and to look at each header of
its tar takes longer than to read the files.
"""

from __future__ import annotations

import json
import posixpath
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol, TypedDict

from parity.engine import Container
from parity.errors import EngineLost, HashMismatch, RehearsalFailed
from parity.portable.texts import printable
from parity.wire.shapes import Malformed, read

_SECONDS = 900
_LONGEST = 1 << 20
"""Bytes of one line of the list: a path and a link's target."""
_ROOM = "give it more room: `disk` under `rehearsal` in the profile"
# With a stack: a wheel may nest folders deeper than Python's calls go. Byte-compiled modules are left out:
# they hold the time at which they were made.
GIVE = """
import json, os, stat, sys
top, out, left, found = os.fsencode(sys.argv[1]), sys.stdout.buffer, [b""], []
kinds = {stat.S_IFREG: "file", stat.S_IFDIR: "folder", stat.S_IFLNK: "link"}
while left:
    folder = left.pop()
    for each in os.scandir(os.path.join(top, folder)):
        if each.name == b"__pycache__":
            continue
        path, told = folder + each.name, each.stat(follow_symlinks=False)
        kind = kinds.get(stat.S_IFMT(told.st_mode), "other")
        found.append((path, kind, told.st_mode & 0o7777, told.st_size if kind == "file" else 0))
        if kind == "folder":
            left.append(path + b"/")
found.sort()
for path, kind, mode, size in found:
    link = os.readlink(os.path.join(top, path)) if kind == "link" else b""
    texts = [each.decode("utf-8", "surrogateescape") for each in (path, link)]
    row = {"path": texts[0], "kind": kind, "mode": mode, "size": size, "link": texts[1]}
    out.write(json.dumps(row).encode("ascii") + b"\\n")
out.write(b"\\n")
for path, kind, mode, size in found:
    if not size:
        continue
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
    """

    path: str
    kind: str
    mode: int
    size: int = 0
    link: str = ""


class Taker(Protocol):
    """Who gets the files: once the list of all, in byte order of their paths, then their bytes, in pieces."""

    def begin(self, files: Sequence[TakenFile]) -> None:
        """Hear which files there are."""

    def feed(self, data: bytes) -> None:
        """Hear more of their bytes, one file after the other; never more than the list says."""


def take(container: Container, python: str, user: str, folder: str, most: int, taker: Taker) -> None:
    """Bring the files of a folder out of a container.

    Args:
        container: started; where they are.
        python: its interpreter, which reads them.
        user: whose they are, so that nothing is read that others keep.
        folder: whose files.
        most: how many bytes there may be.
        taker: gets them as they come.

    Raises:
        RehearsalFailed: they cannot be read, or are too many.
        EngineLost: the stream broke off or is no such list.
        HashMismatch: a path is none that a file there has.
        TimeoutError: it took too long.
    """
    given = GivenFiles(most, taker)
    command = [python, "-I", "-S", "-B", "-c", GIVE, folder]
    done = container.exec(command, user=user, timeout=_SECONDS, on_stdout=given.feed)
    if done.exit_code:
        said = printable(done.stderr.decode("utf-8", "replace")[-400:])
        raise RehearsalFailed(f"the environment's files cannot be read: {said}")
    given.end()


class GivenFiles:
    """What the script gives, held against what it may give; errors as `take`."""

    def __init__(self, most: int, taker: Taker) -> None:
        self._room, self._most, self._taker = most, most, taker
        self._files: list[TakenFile] = []
        self._rest, self._last = b"", b""
        self._folders = {""}
        self._left = -1  # bytes of files that have not come; less than none while the list goes on

    def feed(self, chunk: bytes) -> None:
        """Take the next bytes of the stream."""
        self._room -= len(chunk)
        if self._room < 0:
            raise RehearsalFailed(f"the environment has more than {self._most >> 20} MiB", remedy=_ROOM)
        data = chunk if self._left >= 0 else self._after_list(chunk)
        if data:
            self._left -= len(data)
            if self._left < 0:
                raise _broken()
            self._taker.feed(data)

    def end(self) -> None:
        """The stream has ended."""
        if self._left:
            raise _broken()

    def _after_list(self, chunk: bytes) -> bytes:
        """What of a chunk comes after the list."""
        *lines, self._rest = (self._rest + chunk).split(b"\n")
        for number, line in enumerate(lines, 1):
            if not line:
                self._left = sum(each.size for each in self._files)
                self._taker.begin(self._files)
                return b"\n".join([*lines[number:], self._rest])
            self._files.append(self._file(line))
        if len(self._rest) > _LONGEST:
            raise _broken()
        return b""

    def _file(self, line: bytes) -> TakenFile:
        try:
            row = read(_GivenFile, json.loads(line))
        except (ValueError, RecursionError, Malformed) as error:
            raise _broken() from error
        _demand_sound(row)
        path = row["path"].encode("utf-8", "surrogateescape")
        # A file alone has bytes; the order tells a path that is given twice, too. What lay below a link would
        # be unpacked to where that leads.
        sized = row["size"] == 0 or (row["size"] > 0 and row["kind"] == "file")
        if not sized or path <= self._last or posixpath.dirname(row["path"]) not in self._folders:
            raise _broken()
        self._last = path
        if row["kind"] == "folder":
            self._folders.add(row["path"])
        return TakenFile(**row)


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
