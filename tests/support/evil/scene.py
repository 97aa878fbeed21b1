"""Git repositories that mean harm, and odd ones that do not; made with git's own plumbing."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

FILE, PROGRAM, LINK, GITLINK, TREE = "100644", "100755", "120000", "160000", "40000"
Row = tuple[str, bytes | str, str]
"""Mode, name, object."""

_NOBODY = "A U Thor <a@example.org> 1600000000 +0000"


@dataclass(frozen=True)
class Scene:
    """A folder of its own for one repository: what is served, the user's home, and what nobody may touch."""

    folder: Path

    @property
    def canary(self) -> Path:
        """Exists only if something was run or written that must not."""
        return self.folder / "canary"

    @property
    def home(self) -> Path:
        """The user's."""
        path = self.folder / "home"
        path.mkdir(exist_ok=True)
        return path

    def repository(self, name: str = "evil") -> Bare:
        """A new one, to be reached by `file:`."""
        return Bare.make(self.folder / "served" / f"{name}.git")

    def settings(self, text: str) -> None:
        """The user's own ~/.gitconfig."""
        (self.home / ".gitconfig").write_text(text)

    def fill_cache(self) -> None:
        """Everything served as if it had been fetched before, by a parity that looked at nothing."""
        for bare in (self.folder / "served").glob("*.git"):
            name = hashlib.sha256(bare.as_uri().encode()).hexdigest()[:32]
            shutil.copytree(bare, self.folder / "cache" / "git" / name)

    def strays(self) -> list[str]:
        """What lies where nothing may: beside the cache's repositories, or anywhere outside."""
        known = {"served", "home", "cache", "work"}
        found = [path.name for path in self.folder.iterdir() if path.name not in known]
        found += [str(path) for path in (Path("/tmp/parity-canary"),) if path.exists()]
        cache = self.folder / "cache"
        places = [path for path in (cache, cache / "git") if path.exists()]
        inside = [path.name for place in places for path in place.iterdir() if path.name != "git"]
        found += [name for name in inside if len(name) != 32]
        for repository in (each for each in (cache / "git").glob("*") if each.is_dir()):
            found += [path.name for path in repository.iterdir() if path.name not in _BARE]
        return found


_BARE = frozenset(
    ("HEAD", "config", "objects", "refs", "shallow", "FETCH_HEAD", "packed-refs", "description", "hooks")
) | {"info", "branches", "index", "logs"}


@dataclass(frozen=True)
class Bare:
    """A bare repository whose objects need not be ones that git would make."""

    path: Path

    @classmethod
    def make(cls, path: Path) -> Bare:
        """An empty one."""
        path.parent.mkdir(parents=True, exist_ok=True)
        _git(path.parent, "init", "--quiet", "--bare", "--initial-branch=main", str(path))
        return cls(path)

    @property
    def url(self) -> str:
        return self.path.as_uri()

    def blob(self, data: bytes | str = "harm\n") -> str:
        return self._write("blob", data.encode() if isinstance(data, str) else data)

    def tree(self, *rows: Row) -> str:
        """A tree of these rows as they stand, in that order."""
        parts = []
        for mode, name, oid in rows:
            raw = name.encode() if isinstance(name, str) else name
            parts.append(mode.encode() + b" " + raw + b"\0" + bytes.fromhex(oid))
        return self._write("tree", b"".join(parts))

    def commit(self, *rows: Row) -> str:
        """A commit of a tree of these rows; main points to it."""
        return self.commit_of(self.tree(*rows))

    def commit_of(self, tree: str, who: str = _NOBODY) -> str:
        text = f"tree {tree}\nauthor {who}\ncommitter {who}\n\nAll of it\n"
        commit = self._write("commit", text.encode())
        (self.path / "refs" / "heads" / "main").write_text(commit + "\n")
        return commit

    def module(self, path: str, url: str, **more: str) -> Row:
        """The row of a .gitmodules with one submodule."""
        lines = [f'[submodule "{path}"]', f"\tpath = {path}", f"\turl = {url}"]
        lines += [f"\t{key} = {value}" for key, value in more.items()]
        return (FILE, ".gitmodules", self.blob("\n".join(lines) + "\n"))

    def _write(self, kind: str, data: bytes) -> str:
        return _git(self.path, "hash-object", "-t", kind, "--literally", "-w", "--stdin", data=data)


def _git(folder: Path, *words: str, data: bytes = b"") -> str:
    environment = {"PATH": os.environ["PATH"], "HOME": "/nonexistent", "GIT_CONFIG_NOSYSTEM": "1"}
    done = subprocess.run(
        ["git", *words], cwd=folder, env=environment, input=data, check=True, capture_output=True
    )
    return done.stdout.decode().strip()


@dataclass(frozen=True)
class Case:
    """One repository.

    Attributes:
        kind: of attack.
        name: this one.
        make: puts it into a scene; gives its address and what is asked of it (a commit or a revision).
        expected: files that must come out of it, by path (a link as `-> target`); None: it must be refused.
    """

    kind: str
    name: str
    make: Callable[[Scene], tuple[str, str]]
    expected: dict[str, str] | None = field(default=None, hash=False)


Rows = Callable[[Scene, Bare], Sequence[Row]]


def case_of(kind: str, name: str, rows: Callable[[Scene, Bare], Sequence[Row]]) -> Case:
    def make(scene: Scene) -> tuple[str, str]:
        bare = scene.repository()
        return bare.url, bare.commit(*rows(scene, bare))

    return Case(kind, name, make)


def outside(scene: Scene, bare: Bare) -> str:
    """A link's blob that leads to the scene's folder."""
    return bare.blob(str(scene.folder))


def with_canary(bare: Bare) -> str:
    return bare.tree((FILE, "canary", bare.blob()))


def inner(scene: Scene, *rows: Row, name: str = "inner") -> tuple[str, str]:
    bare = scene.repository(name)
    commit = bare.commit(*(rows or ((FILE, "canary", bare.blob()),)))
    return bare.url, commit


def files_of(folder: Path) -> dict[str, str]:
    """What lies in a checkout, as `Case.expected` tells it (`*` before an executable's text)."""
    found = {}
    for here, folders, names in os.walk(folder):
        for name in (*folders, *names):
            path = Path(here, name)
            key = path.relative_to(folder).as_posix()
            if path.is_symlink():
                found[key] = f"-> {path.readlink()}"
            elif path.is_file():
                mark = "*" if path.stat().st_mode & 0o100 else ""
                found[key] = mark + path.read_bytes().decode()
    return found
