"""An environment as a canonical tar: the same bytes for the same files, written while they come.

Order, owners, times and modes are ours; what is no file, folder or sound link is refused.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from parity.errors import HashMismatch
from parity.export.moving import RelocatedFile, naming_lines
from parity.export.spool import Spool, SpooledBytes
from parity.export.streamed import StreamedBytes
from parity.export.taking import TakenFile
from parity.portable.bundle.ustar import END, FILE, FOLDER, LINK, TarEntry, entry, padding, spread

_WHITEOUT = ".wh."
"""How a layer says that a file of a layer below is gone (OCI image specification)."""
_SCRIPT = 1 << 20
"""Of what is larger in `bin`, the first lines alone are looked at."""


@dataclass(frozen=True)
class Folder:
    """A folder above the environment, as the image has it or as it is to be made."""

    path: str
    mode: int
    uid: int
    gid: int


@dataclass(frozen=True)
class LayerPlace:
    """Where an environment lies, and where in its tar.

    Attributes:
        prefix: in its image.
        below: what stands before each path in the tar, with its slash.
        above: whether the tar tells the folders above it, too.
        own_python: whether its interpreter lies in it, so that no link leads out.
    """

    prefix: str
    below: str
    above: bool = False
    own_python: bool = False


class EnvironmentLayer:
    """The tar of one environment: begun with the list of its files, fed with their bytes, ended.

    `stream` is what others read meanwhile, without the tar's end where that is not asked for.
    """

    def __init__(self, place: LayerPlace, spool: Spool) -> None:
        self.stream = StreamedBytes(spool)
        self._place = place
        self._spool = spool
        self._names: set[str] = set()
        self._parents: Sequence[Folder] = ()
        self._waiting: Iterator[TarEntry] = iter(())
        self._size = self._left = 0  # of the file whose bytes come
        self._scripts: dict[str, tuple[int, int]] = {}

    def above(self, parents: Sequence[Folder]) -> None:
        """Hear of the folders above it, before it is begun."""
        self._parents = parents if self._place.above else ()

    def begin(self, files: Sequence[TakenFile]) -> None:
        """Take the list in, in the order of their bytes; see `taking.Taker`.

        Raises:
            HashMismatch: it holds what no environment may.
            WriteFailed: there is no room.
        """
        self._names = {each.path for each in files}
        above = [
            TarEntry(each.path.strip("/") + "/", mode=each.mode, kind=FOLDER, owner=(each.uid, each.gid))
            for each in self._parents
        ]
        top = TarEntry(self._place.below, mode=0o755, kind=FOLDER)
        rows = [*above, top, *map(self._told, files)]
        # Who gives it to an engine as a file of an archive must say so before the file's first byte.
        self.stream.promise(sum(map(spread, rows)))
        self._waiting = iter(rows)
        self._go_on()

    def feed(self, data: bytes) -> None:
        """Take the next bytes of the files; WriteFailed where there is no room."""
        view = memoryview(data)
        while view:
            part = view[: self._left]
            self.stream.write(part)
            view = view[len(part) :]
            self._left -= len(part)
            if not self._left:
                self.stream.write(padding(self._size))
                self._go_on()

    def naming(self, text: bytes) -> list[RelocatedFile]:
        """The files below `bin`, and pyvenv.cfg, where an installer wrote this text."""
        self.stream.settle()
        found = []
        for path, (offset, size) in self._scripts.items():
            data = b"".join(self._spool.read(offset, min(size, _SCRIPT)))
            lines = naming_lines(data, text, whole=size <= _SCRIPT)
            found += [] if lines is None else [RelocatedFile(path, lines)]
        return found

    def add(self, path: str, data: bytes, mode: int = 0o644) -> None:
        """Put one more file in, after all others.

        Raises:
            HashMismatch: there is one of that name.
        """
        # A package may bring a file of any name into the environment's folder.
        if path in self._names:
            raise _refused(path, "that is the name of a file of parity's own")
        self._names.add(path)
        told = TarEntry(self._place.below + path, len(data), mode)
        for each in (entry(told), data, padding(told.size)):
            self.stream.write(each)

    def end(self, *, whole: bool) -> SpooledBytes:
        """There are no more files; with the tar's end behind them or without."""
        self.stream.write(END if whole else b"")
        return self.stream.end()

    def _go_on(self) -> None:
        """Write what comes before the next file that has bytes."""
        for told in self._waiting:
            self.stream.write(entry(told))
            path = told.path[len(self._place.below) :]
            ours = path == "pyvenv.cfg" or path.startswith("bin/")
            if ours and told.kind == FILE and "\n" not in path:
                self._scripts[path] = (self.stream.offset, told.size)
            if told.size:
                self._size = self._left = told.size
                return

    def _told(self, found: TakenFile) -> TarEntry:
        path = found.path
        if posixpath.basename(path).startswith(_WHITEOUT):
            raise _refused(path, "an engine would take it for the removal of another file")
        at = self._place.below + path
        if found.kind == "folder":
            return TarEntry(at + "/", mode=0o755, kind=FOLDER)
        if found.kind == "link":
            link = self._moved(path, found.link)
            self._demand_sound(path, link)
            return TarEntry(at, mode=0o777, kind=LINK, link=link)
        if found.kind != "file":
            raise _refused(path, "it is no file, folder or link")
        # A umask or a wheel may say more; whoever runs it needs to read it, and root alone may change it.
        return TarEntry(at, found.size, 0o755 if found.mode & 0o100 else 0o644)

    def _moved(self, path: str, target: str) -> str:
        """A link to a place in the environment, told from where it lies: so it holds after a move."""
        if not target.startswith(self._place.prefix + "/"):
            return target
        return posixpath.relpath(target, posixpath.dirname(posixpath.join(self._place.prefix, path)))

    def _demand_sound(self, path: str, target: str) -> None:
        """A link stays in the environment; but its interpreter is the image's."""
        # venv's own links lead to the interpreter of the image, by absolute paths.
        if not self._place.own_python and path.startswith("bin/python") and "/" not in path[len("bin/") :]:
            return
        there = posixpath.normpath(posixpath.join(self._place.prefix, posixpath.dirname(path), target))
        if there != self._place.prefix and not there.startswith(self._place.prefix + "/"):
            raise _refused(path, f"it is a link out of the environment, to {target!r}")


def _refused(path: str, reason: str) -> HashMismatch:
    return HashMismatch(
        f"the environment holds {path!r}, which cannot be exported: {reason}",
        remedy="build the bundle without the package that brings it, or carry the bundle itself",
    )
