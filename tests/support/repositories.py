"""Git repositories that mean harm, and odd ones that do not; made with git's own plumbing."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

FILE, PROGRAM, LINK, GITLINK, TREE = "100644", "100755", "120000", "160000", "40000"
Row = tuple[str, bytes | str, str]
"""Mode, name, object."""

_NOBODY = "A U Thor <a@example.org> 1600000000 +0000"
_LEVELS = 10


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

    def commit_of(self, tree: str) -> str:
        text = f"tree {tree}\nauthor {_NOBODY}\ncommitter {_NOBODY}\n\nAll of it\n"
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


def _case(kind: str, name: str, rows: Callable[[Scene, Bare], Sequence[Row]]) -> Case:
    def make(scene: Scene) -> tuple[str, str]:
        bare = scene.repository()
        return bare.url, bare.commit(*rows(scene, bare))

    return Case(kind, name, make)


# --- names ---------------------------------------------------------------------------------------

_NAMES = {
    "dot-dot": "..",
    "dot": ".",
    "empty": "",
    "git": ".git",
    "git-upper": ".GIT",
    "git-mixed": ".Git",
    "git-ntfs-short": "git~1",
    "git-ntfs-short-upper": "GIT~1",
    "git-trailing-dot": ".git.",
    "git-trailing-space": ".git ",
    "git-trailing-both": ".git. .",
    "git-stream": ".git::$INDEX_ALLOCATION",
    "git-hfs-joiner": ".g\u200cit",
    "git-hfs-mark": "\ufeff.git",
    "slash": "a/b",
    "slash-dot-dot": "../canary",
    "slash-deep": "a/../../canary",
    "absolute": "/tmp/parity-canary",
    "too-long": "n" * 300,
}


Rows = Callable[[Scene, Bare], Sequence[Row]]


def _placed(name: str) -> Iterable[tuple[str, str, Rows]]:
    yield "name", "a file {}", lambda _, bare: [(FILE, name, bare.blob())]
    yield "name", "a folder {}", lambda _, bare: [(TREE, name, _with_canary(bare))]
    inside = "name-inside", "a file {} in a folder"
    yield *inside, lambda _, bare: [(TREE, "pkg", bare.tree((FILE, name, bare.blob())))]


def _names() -> Iterable[Case]:
    for what, name in _NAMES.items():
        for kind, where, rows in _placed(name):
            yield _case(kind, where.format(what), rows)


# --- the same name twice -------------------------------------------------------------------------


def _outside(scene: Scene, bare: Bare) -> str:
    """A link's blob that leads to the scene's folder."""
    return bare.blob(str(scene.folder))


def _with_canary(bare: Bare) -> str:
    return bare.tree((FILE, "canary", bare.blob()))


def _twice() -> Iterable[Case]:
    yield _case("duplicate", "two files", lambda _, b: [(FILE, "a", b.blob("1")), (FILE, "a", b.blob("2"))])
    yield _case(
        "duplicate", "file, folder", lambda _, b: [(FILE, "a", b.blob()), (TREE, "a", _with_canary(b))]
    )
    yield _case(
        "duplicate", "link, folder", lambda s, b: [(LINK, "a", _outside(s, b)), (TREE, "a", _with_canary(b))]
    )
    yield _case(
        "duplicate", "folder, link", lambda s, b: [(TREE, "a", _with_canary(b)), (LINK, "a", _outside(s, b))]
    )
    yield _case(
        "duplicate",
        "inner link, folder",
        lambda s, b: [
            (LINK, "a", b.blob("pkg")),
            (TREE, "a", _with_canary(b)),
            (TREE, "pkg", _with_canary(b)),
        ],
    )
    yield _case(
        "duplicate",
        "link, file of one path by a slash",
        lambda s, b: [(LINK, "a", _outside(s, b)), (FILE, "a/canary", b.blob())],
    )


# --- links ---------------------------------------------------------------------------------------

_TARGETS = {
    "absolute": "/etc",
    "up": "..",
    "up-a-file": "../canary",
    "through a folder": "pkg/../../canary",
    "many up": "../" * 40 + "etc/passwd",
    "up behind a dot": "./../x",
    "double slash": "//etc",
    "empty": "",
    "too long": "x/" * 3000,
    "with a zero byte": "a\0b",
}


def _linked(target: str) -> Rows:
    return lambda _, b: [(LINK, "l", b.blob(target)), (TREE, "pkg", _with_canary(b))]


def _links() -> Iterable[Case]:
    for what, target in _TARGETS.items():
        yield _case("link", what, _linked(target))
    yield _case(
        "link-through-link",
        "down, then up more than it went down",
        lambda _, b: [
            (TREE, "p", b.tree((TREE, "q", b.tree((LINK, "l", b.blob("../..")))))),
            (LINK, "x", b.blob("p/q/l/../y")),
        ],
    )
    yield _case(
        "link-through-link",
        "three of them",
        lambda _, b: [
            (LINK, "a", b.blob("d/b")),
            (TREE, "d", b.tree((LINK, "b", b.blob("c")), (LINK, "c", b.blob("..")))),
            (LINK, "z", b.blob("a/../x")),
        ],
    )


# --- modes and kinds -----------------------------------------------------------------------------


def _with_mode(mode: str) -> Rows:
    return lambda _, b: [(mode, "a", b.blob())]


def _modes() -> Iterable[Case]:
    for mode in ("10644", "60644", "20666", "140777", "0", "777"):
        yield _case("mode", mode, _with_mode(mode))
    yield _case("kind", "a file that is a tree", lambda _, b: [(FILE, "a", _with_canary(b))])
    yield _case("kind", "a link that is a tree", lambda _, b: [(LINK, "a", _with_canary(b))])
    yield _case("kind", "a folder that is a file", lambda _, b: [(TREE, "a", b.blob())])
    yield _case("kind", "a file that is not there", lambda _, b: [(FILE, "a", "1" * 40)])


# --- bombs ---------------------------------------------------------------------------------------


def _bomb(bare: Bare, leaf: str, levels: int = _LEVELS, wide: int = 10, name: str = "d") -> str:
    for _ in range(levels):
        leaf = bare.tree(*((TREE, f"{name}{number}", leaf) for number in range(wide)))
    return leaf


def _bombs() -> Iterable[Case]:
    def files(scene: Scene) -> tuple[str, str]:
        bare = scene.repository()
        return bare.url, bare.commit_of(_bomb(bare, _with_canary(bare)))

    def folders(scene: Scene) -> tuple[str, str]:
        bare = scene.repository()
        return bare.url, bare.commit_of(_bomb(bare, bare.tree()))

    def deep(scene: Scene) -> tuple[str, str]:
        bare = scene.repository()
        return bare.url, bare.commit_of(_bomb(bare, _with_canary(bare), 400, 1, "n" * 8))

    def large(scene: Scene) -> tuple[str, str]:
        bare = scene.repository()
        big = bare.blob(bytes(8 * 1024 * 1024))  # a few kilobytes as an object
        return bare.url, bare.commit(*((FILE, f"f{number:04}", big) for number in range(1024)))

    yield Case("bomb", "10 levels of 10 folders with a file", files)
    yield Case("bomb", "10 levels of 10 empty folders", folders)
    yield Case("bomb", "400 folders in one another", deep)
    yield Case("bomb", "8 GiB of zeros", large)


# --- submodules ----------------------------------------------------------------------------------


def _inner(scene: Scene, *rows: Row, name: str = "inner") -> tuple[str, str]:
    bare = scene.repository(name)
    commit = bare.commit(*(rows or ((FILE, "canary", bare.blob()),)))
    return bare.url, commit


def _at(name: str) -> Callable[[Scene, Bare], Sequence[Row]]:
    """A submodule at that path."""

    def rows(scene: Scene, bare: Bare) -> Sequence[Row]:
        url, commit = _inner(scene)
        return [bare.module(name, url), (GITLINK, name, commit)]

    return rows


def _link_and_gitlink(scene: Scene, bare: Bare) -> Sequence[Row]:
    url, commit = _inner(scene)
    return [bare.module("a", url), (LINK, "a", _outside(scene, bare)), (GITLINK, "a", commit)]


def _gitlink_and_link(scene: Scene, bare: Bare) -> Sequence[Row]:
    url, commit = _inner(scene)
    return [bare.module("a", url), (GITLINK, "a", commit), (LINK, "a", _outside(scene, bare))]


def _through_submodules_link(scene: Scene, bare: Bare) -> Sequence[Row]:
    """`a` brings the link `b`, and another submodule is to lie at `a/b`."""
    first = scene.repository("first")
    commit = first.commit((LINK, "b", first.blob(str(scene.folder))))
    url, inner = _inner(scene)
    _, one, _ = bare.module("a", first.url)
    both = f'[submodule "a"]\n path = a\n url = {first.url}\n[submodule "b"]\n path = a/b\n url = {url}\n'
    return [(FILE, one, bare.blob(both)), (GITLINK, "a", commit), (GITLINK, "a/b", inner)]


def _through_submodules_folder(scene: Scene, bare: Bare) -> Sequence[Row]:
    """The same, `a/b` from a tree `a` beside the gitlink."""
    rows = list(_through_submodules_link(scene, bare))
    inner = rows.pop()[2]
    return [*rows, (TREE, "a", bare.tree((GITLINK, "b", inner)))]


def _below_a_link(scene: Scene, bare: Bare) -> Sequence[Row]:
    url, commit = _inner(scene)
    rows = bare.tree((GITLINK, "x", commit))
    return [bare.module("lib/x", url), (LINK, "lib", _outside(scene, bare)), (TREE, "lib", rows)]


def _below_a_link_by_slash(scene: Scene, bare: Bare) -> Sequence[Row]:
    url, commit = _inner(scene)
    return [bare.module("lib/x", url), (LINK, "lib", _outside(scene, bare)), (GITLINK, "lib/x", commit)]


def _link_inside(target: str) -> Callable[[Scene, Bare], Sequence[Row]]:
    def rows(scene: Scene, bare: Bare) -> Sequence[Row]:
        inner = scene.repository("inner")
        commit = inner.commit((LINK, "l", inner.blob(target)))
        return [bare.module("a", inner.url), (GITLINK, "a", commit)]

    return rows


def _deep(scene: Scene, bare: Bare) -> Sequence[Row]:
    url, commit = _inner(scene)
    for number in range(25):
        each = scene.repository(f"level{number}")
        commit = each.commit(each.module("s", url), (GITLINK, "s", commit))
        url = each.url
    return [bare.module("s", url), (GITLINK, "s", commit)]


def _many(scene: Scene, bare: Bare) -> Sequence[Row]:
    """Three levels of twenty each: 8,420 checkouts out of four repositories."""
    url, commit = _inner(scene)
    for level in range(3):
        each = scene.repository(f"wide{level}") if level < 2 else bare
        paths = [f"s{number:02}" for number in range(20)]
        text = "".join(f'[submodule "{path}"]\n path = {path}\n url = {url}\n' for path in paths)
        rows = [(FILE, ".gitmodules", each.blob(text)), *((GITLINK, path, commit) for path in paths)]
        if level == 2:
            return rows
        url, commit = each.url, each.commit(*rows)
    return []


def _modules_link(scene: Scene, bare: Bare) -> Sequence[Row]:
    url, commit = _inner(scene)
    (scene.folder / "work").mkdir()
    (scene.folder / "work" / "m").write_text(f'[submodule "a"]\n path = a\n url = {url}\n')
    return [(LINK, ".gitmodules", bare.blob(str(scene.folder / "work" / "m"))), (GITLINK, "a", commit)]


def _modules_large(scene: Scene, bare: Bare) -> Sequence[Row]:
    url, commit = _inner(scene)
    text = f'[submodule "a"]\n path = a\n url = {url}\n' + "# \n" * 3_000_000
    return [(FILE, ".gitmodules", bare.blob(text)), (GITLINK, "a", commit)]


def _command_update(scene: Scene, bare: Bare) -> Sequence[Row]:
    url, commit = _inner(scene)
    return [bare.module("a", url, update=f"!touch {scene.canary}"), (GITLINK, "a", commit)]


def _included(scene: Scene, bare: Bare) -> Sequence[Row]:
    """Settings of a submodule out of a file of this machine."""
    url, commit = _inner(scene)
    (scene.folder / "work").mkdir()
    path = scene.folder / "work" / "m"
    path.write_text(f'[submodule "a"]\n path = a\n url = {url}\n')
    text = f"[include]\n path = {path}\n"
    return [(FILE, ".gitmodules", bare.blob(text)), (GITLINK, "a", commit)]


def _no_modules(scene: Scene, bare: Bare) -> Sequence[Row]:
    return [(GITLINK, "a", _inner(scene)[1])]


def _submodules() -> Iterable[Case]:
    for name in ("..", ".git", ".GIT", "git~1", "/tmp/parity-canary", "../canary", ".", "a/../../canary"):
        yield _case("submodule-path", name, _at(name))
    yield _case("submodule-and-link", "link, submodule", _link_and_gitlink)
    yield _case("submodule-and-link", "submodule, link", _gitlink_and_link)
    yield _case("submodule-through-link", "of another submodule, by a slash", _through_submodules_link)
    yield _case("submodule-through-link", "of another submodule, by a folder", _through_submodules_folder)
    yield _case("submodule-through-link", "beside it, by a folder", _below_a_link)
    yield _case("submodule-through-link", "beside it, by a slash", _below_a_link_by_slash)
    for target in ("../../canary", "/etc", "../.."):
        yield _case("link-in-submodule", target, _link_inside(target))
    yield _case("submodule-bomb", "25 in one another", _deep)
    yield _case("submodule-bomb", "20 in 20 in 20", _many)
    yield _case("submodule-settings", ".gitmodules is a link", _modules_link)
    yield _case("submodule-settings", ".gitmodules of 9 MB", _modules_large)
    yield _case("submodule-settings", "update = !command", _command_update)
    yield _case("submodule-settings", "include.path", _included)
    yield _case("submodule-settings", "none at all", _no_modules)


# --- addresses -----------------------------------------------------------------------------------

COMMANDS = (
    "ext::sh -c 'touch% {canary}'",
    "ext::touch {canary}",
    "git+ext::touch {canary}",
    "fd::17/x",
    "file::{folder}/served/inner.git",
    "--upload-pack=touch {canary}",
    "-u{canary}",
    "ssh://-oProxyCommand=touch%20{canary}/x",
    "ssh://user@-oProxyCommand=touch%20{canary}/x",
    "ssh://-oProxyCommand=touch${{IFS}}{canary}@127.0.0.1/x",
    "-oProxyCommand=touch {canary}@127.0.0.1:x",
    "git@-oProxyCommand=touch {canary}:x",
    "git@127.0.0.1:-x",
    "ssh://127.0.0.1:9/-x",
    "https://127.0.0.1%0ahost=example.org/x",
    "https://127.0.0.1:9\n.example.org/x",
    "https://127.0.0.1:99999x/x",
    "http::{folder}/served/inner.git",
    "{folder}/served/inner.git",
    "../served/inner.git",
    "file://example.org/x",
    "file://{folder}/served/inner.git?x=\x1b[2J",
    "hg::https://127.0.0.1:9/x",
    "rsync://127.0.0.1:9/x",
    "ftp://127.0.0.1:9/x",
    "https:///x",
    "",
)
"""Addresses that git, or a helper of it, would take for something else."""

_REVISIONS = (
    "--upload-pack=touch {canary}",
    "-x",
    "main:canary",
    "HEAD~1",
    "main..main",
    "refs/heads/*",
    "main^{{tree}}",
    "@{{-1}}",
    "a b",
    "main\nHEAD",
    "/main",
    "main.lock",
)


def _addresses() -> Iterable[Case]:
    for address in COMMANDS:
        # An address in one's own words, and one that a repository says.
        def direct(scene: Scene, address: str = address) -> tuple[str, str]:
            _, commit = _inner(scene)
            return address.format(canary=scene.canary, folder=scene.folder), commit

        def said(scene: Scene, bare: Bare, address: str = address) -> Sequence[Row]:
            _, commit = _inner(scene)
            text = address.format(canary=scene.canary, folder=scene.folder)
            quoted = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
            return [bare.module("a", f'"{quoted}"'), (GITLINK, "a", commit)]

        yield Case("address", repr(address), direct)
        if not address.startswith("../"):  # which is a legal one there
            yield _case("submodule-address", repr(address), said)
    for revision in _REVISIONS:

        def asked(scene: Scene, revision: str = revision) -> tuple[str, str]:
            url, _ = _inner(scene)
            return url, revision.format(canary=scene.canary)

        yield Case("revision", repr(revision), asked)


HOSTILE = (
    *_names(),
    *_twice(),
    *_links(),
    *_modes(),
    *_bombs(),
    *_submodules(),
    *_addresses(),
)


# --- the user's own programs, by what a repository says ------------------------------------------

_PROGRAMS = {
    "a smudge filter": '[filter "x"]\n smudge = touch {canary}; cat\n required = true\n',
    "a filter process": '[filter "x"]\n process = touch {canary}\n',
    "fsmonitor": "[core]\n fsmonitor = touch {canary}; false\n",
    "hooks": "[core]\n hooksPath = {home}/hooks\n",
    "a template's hooks": "[init]\n templateDir = {home}/template\n",
    "attributes of the user's": "[core]\n attributesFile = {home}/attributes\n"
    '[filter "x"]\n smudge = touch {canary}; cat\n',
    "a difference shown": '[diff]\n external = touch {canary}\n[diff "x"]\n textconv = touch {canary}; cat\n',
    "autocrlf": "[core]\n autocrlf = true\n",
    "gc": "[gc]\n auto = 1\n[maintenance]\n auto = true\n[core]\n hooksPath = {home}/hooks\n",
}


def _program(settings: str) -> Callable[[Scene], tuple[str, str]]:
    def make(scene: Scene) -> tuple[str, str]:
        home = scene.home
        for folder in (home / "hooks", home / "template" / "hooks"):
            folder.mkdir(parents=True)
            for name in ("post-checkout", "reference-transaction", "pre-auto-gc", "post-index-change"):
                (folder / name).write_text(f"#!/bin/sh\ntouch {scene.canary}\n")
                (folder / name).chmod(0o755)
        (home / "attributes").write_text("* filter=x diff=x\n")
        scene.settings(settings.format(canary=scene.canary, home=home))
        bare = scene.repository()
        rows = (FILE, ".gitattributes", bare.blob("* filter=x diff=x\n")), (FILE, "a", bare.blob("a\n"))
        return bare.url, bare.commit(*rows)

    return make


_PROGRAM_FILES = {".gitattributes": "* filter=x diff=x\n", "a": "a\n"}
PROGRAMS = tuple(
    Case("program", name, _program(settings), _PROGRAM_FILES) for name, settings in _PROGRAMS.items()
)
"""Nothing of the user's runs, and the files come as they are in the repository."""


# --- odd ones that mean no harm ------------------------------------------------------------------


def _good(name: str, rows: Callable[[Scene, Bare], Sequence[Row]], expected: dict[str, str]) -> Case:
    return Case("good", name, _case("", "", rows).make, expected)


_POINTER = f"version https://git-lfs.github.com/spec/v1\noid sha256:{'a' * 64}\nsize 12345\n"


def _left_out(scene: Scene, bare: Bare) -> Sequence[Row]:
    modules = bare.module("empty", "https://127.0.0.1:9/gone.git", update="none")
    return [modules, (FILE, "a", bare.blob("a")), (GITLINK, "empty", "1" * 40)]


def _linked_submodule(scene: Scene, bare: Bare) -> Sequence[Row]:
    inner = scene.repository("inner")
    commit = inner.commit((FILE, "f", inner.blob("deep")), (LINK, "up", inner.blob("../a")))
    rows = [bare.module("sub", "../inner.git"), (FILE, "a", bare.blob("a"))]
    return [*rows, (LINK, "into", bare.blob("sub/f")), (GITLINK, "sub", commit)]


def _sorted(*rows: Row) -> Sequence[Row]:
    """As git sorts them."""
    return sorted(rows, key=lambda row: row[1].encode() if isinstance(row[1], str) else row[1])


def _ranges(scene: Scene, bare: Bare) -> Sequence[Row]:
    """Trees in a row, none of them a bomb."""
    leaf = bare.tree(*((FILE, f"f{number:02}", bare.blob(str(number))) for number in range(20)))
    return [(TREE, f"d{number:02}", leaf) for number in range(20)]


GOOD = (
    _good(
        "links inside, dangling ones and circles",
        lambda _, b: [
            (TREE, "d", b.tree((LINK, "back", b.blob("../f")), (LINK, "here", b.blob(".")))),
            (FILE, "f", b.blob("f")),
            (LINK, "gone", b.blob("nowhere/at-all")),
            (LINK, "round", b.blob("round")),
            (LINK, "through", b.blob("d/here/../f")),
        ],
        {"d/back": "-> ../f", "d/here": "-> .", "f": "f", "gone": "-> nowhere/at-all", "round": "-> round"}
        | {"through": "-> d/here/../f"},
    ),
    _good(
        "executable, and old group-writable files",
        lambda _, b: [("100664", "old", b.blob("o")), (PROGRAM, "run", b.blob("#!/bin/sh\n"))],
        {"old": "o", "run": "*#!/bin/sh\n"},
    ),
    _good(
        "names of all kinds",
        lambda _, b: _sorted(
            (FILE, " lead", b.blob("1")),
            (FILE, "-dash", b.blob("2")),
            (FILE, "...", b.blob("3")),
            (FILE, ".gitignore", b.blob("*\n")),
            (FILE, "a\tb\nc", b.blob("4")),
            (FILE, 'q"\\', b.blob("5")),
            (FILE, "ключ-𠮷.py", b.blob("6")),
            (FILE, b"latin-\xe9", b.blob("7")),
        ),
        {" lead": "1", "-dash": "2", "...": "3", ".gitignore": "*\n", "a\tb\nc": "4", 'q"\\': "5"}
        | {"ключ-𠮷.py": "6", "latin-\udce9": "7"},
    ),
    _good("a submodule that is left out", _left_out, {".gitmodules": "*", "a": "a"}),
    _good(
        "links into and out of a submodule",
        _linked_submodule,
        {".gitmodules": "*", "a": "a", "into": "-> sub/f", "sub/f": "deep", "sub/up": "-> ../a"},
    ),
    _good(
        "pointers of LFS",
        lambda _, b: [
            (FILE, ".gitattributes", b.blob("*.bin filter=lfs diff=lfs merge=lfs -text\n")),
            (FILE, "big.bin", b.blob(_POINTER)),
        ],
        {".gitattributes": "*.bin filter=lfs diff=lfs merge=lfs -text\n", "big.bin": _POINTER},
    ),
    _good(
        "attributes of line ends, ident and archives",
        lambda _, b: [
            (FILE, ".gitattributes", b.blob("* text=auto ident\n*.v export-subst\n*.bat text eol=crlf\n")),
            (FILE, "a.v", b.blob("$Format:%H$ $Id$\n")),
            (FILE, "w.txt", b.blob("dos\r\n")),
        ],
        {".gitattributes": "* text=auto ident\n*.v export-subst\n*.bat text eol=crlf\n"}
        | {"a.v": "$Format:%H$ $Id$\n", "w.txt": "dos\r\n"},
    ),
    _good(
        "400 files in 20 folders",
        _ranges,
        {f"d{one:02}/f{two:02}": str(two) for one in range(20) for two in range(20)},
    ),
    _good(
        "modes that git takes for others",
        lambda _, b: [
            ("120777", "l", b.blob("p")),
            ("100777", "p", b.blob("p")),
            ("100600", "s", b.blob("s")),
        ],
        {"p": "*p", "l": "-> p", "s": "s"},
    ),
    _good(
        "empty files and an empty folder",
        lambda _, b: [(FILE, "e", b.blob("")), (TREE, "t", b.tree())],
        {"e": ""},
    ),
)


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
