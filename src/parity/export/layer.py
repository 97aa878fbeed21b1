"""An environment as a canonical tar: the same bytes for the same files.

Order, owners, times and modes are ours; what is no file, folder or sound link is refused.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from parity.errors import HashMismatch
from parity.export.moving import RelocatedFile, naming_lines
from parity.export.spool import Spool
from parity.export.taking import TakenFile
from parity.portable.bundle.ustar import END, FILE, FOLDER, LINK, TarEntry, entry, padding

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
class _TreeRow:
    """A file, folder or link; `offset` is where a file's bytes lie."""

    told: TarEntry
    offset: int = 0


class EnvironmentTree:
    """A finished environment's files."""

    def __init__(
        self, files: Iterable[TakenFile], prefix: str, spool: Spool, *, own_python: bool = False
    ) -> None:
        """Take them in.

        Args:
            files: of the environment's folder, as `taking.taken` gives them.
            prefix: where it lies in the image.
            spool: where the bytes are.
            own_python: whether its interpreter lies in it, so that no link leads out.

        Raises:
            HashMismatch: it holds what no environment may.
        """
        self._spool = spool
        self._prefix = prefix
        self._own_python = own_python
        self._rows = {each.path: self._row(each) for each in files}
        self._rows[""] = _TreeRow(TarEntry("", mode=0o755, kind=FOLDER))

    def entries(self, below: str, parents: Sequence[Folder] = ()) -> Iterator[bytes]:
        """The tar, without its end.

        Args:
            below: what stands before each path, with its slash.
            parents: folders above it, which are told, too.
        """
        for each in parents:
            told = TarEntry(
                each.path.strip("/") + "/", mode=each.mode, kind=FOLDER, owner=(each.uid, each.gid)
            )
            yield entry(told)
        for path in sorted(self._rows, key=lambda one: one.encode("utf-8", "surrogateescape")):
            row = self._rows[path]
            yield entry(row.told._replace(path=below + row.told.path))
            yield from self._spool.read(row.offset, row.told.size)
            yield padding(row.told.size)

    def naming(self, text: bytes) -> list[RelocatedFile]:
        """The files below `bin`, and pyvenv.cfg, where an installer wrote this text."""
        found = []
        for path, row in self._rows.items():
            ours = path == "pyvenv.cfg" or path.startswith("bin/")
            if ours and row.told.kind == FILE and "\n" not in path:
                size = row.told.size
                data = b"".join(self._spool.read(row.offset, min(size, _SCRIPT)))
                lines = naming_lines(data, text, whole=size <= _SCRIPT)
                found += [] if lines is None else [RelocatedFile(path, lines)]
        return found

    def add(self, path: str, data: bytes, mode: int = 0o644) -> None:
        """Put one more file in.

        Raises:
            HashMismatch: there is one of that name.
        """
        # A package may bring a file of any name into the environment's folder.
        if path in self._rows:
            raise _refused(path, "that is the name of a file of parity's own")
        blob = self._spool.add((data,))
        self._rows[path] = _TreeRow(TarEntry(path, blob.size, mode), blob.offset)

    def whole(self, below: str, parents: Sequence[Folder] = ()) -> Iterator[bytes]:
        """The same with its end."""
        yield from self.entries(below, parents)
        yield END

    def _row(self, found: TakenFile) -> _TreeRow:
        path = found.path
        if posixpath.basename(path).startswith(_WHITEOUT):
            raise _refused(path, "an engine would take it for the removal of another file")
        if found.kind == "folder":
            return _TreeRow(TarEntry(path + "/", mode=0o755, kind=FOLDER))
        if found.kind == "link":
            link = self._moved(path, found.link)
            self._demand_sound(path, link)
            return _TreeRow(TarEntry(path, mode=0o777, kind=LINK, link=link))
        if found.kind != "file":
            raise _refused(path, "it is no file, folder or link")
        # A umask or a wheel may say more; whoever runs it needs to read it, and root alone may change it.
        mode = 0o755 if found.mode & 0o100 else 0o644
        return _TreeRow(TarEntry(path, found.size, mode), found.offset)

    def _moved(self, path: str, target: str) -> str:
        """A link to a place in the environment, told from where it lies: so it holds after a move."""
        if not target.startswith(self._prefix + "/"):
            return target
        return posixpath.relpath(target, posixpath.dirname(posixpath.join(self._prefix, path)))

    def _demand_sound(self, path: str, target: str) -> None:
        """A link stays in the environment; but its interpreter is the image's."""
        # venv's own links lead to the interpreter of the image, by absolute paths.
        if not self._own_python and path.startswith("bin/python") and "/" not in path[len("bin/") :]:
            return
        there = posixpath.normpath(posixpath.join(self._prefix, posixpath.dirname(path), target))
        if there != self._prefix and not there.startswith(self._prefix + "/"):
            raise _refused(path, f"it is a link out of the environment, to {target!r}")


def _refused(path: str, reason: str) -> HashMismatch:
    return HashMismatch(f"the environment holds {path!r}, which cannot be exported: {reason}")
