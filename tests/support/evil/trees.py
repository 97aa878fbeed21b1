"""Trees that mean harm: names, twins, links, modes, bombs."""

from __future__ import annotations

from collections.abc import Iterable

from tests.support.evil.scene import (
    FILE,
    LINK,
    TREE,
    Bare,
    Case,
    Rows,
    Scene,
    case_of,
    outside,
    with_canary,
)

_LEVELS = 10

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


def _placed(name: str) -> Iterable[tuple[str, str, Rows]]:
    yield "name", "a file {}", lambda _, bare: [(FILE, name, bare.blob())]
    yield "name", "a folder {}", lambda _, bare: [(TREE, name, with_canary(bare))]
    inside = "name-inside", "a file {} in a folder"
    yield *inside, lambda _, bare: [(TREE, "pkg", bare.tree((FILE, name, bare.blob())))]


def _names() -> Iterable[Case]:
    for what, name in _NAMES.items():
        for kind, where, rows in _placed(name):
            yield case_of(kind, where.format(what), rows)


# --- the same name twice -------------------------------------------------------------------------


def _twice() -> Iterable[Case]:
    yield case_of("duplicate", "two files", lambda _, b: [(FILE, "a", b.blob("1")), (FILE, "a", b.blob("2"))])
    yield case_of(
        "duplicate", "file, folder", lambda _, b: [(FILE, "a", b.blob()), (TREE, "a", with_canary(b))]
    )
    yield case_of(
        "duplicate", "link, folder", lambda s, b: [(LINK, "a", outside(s, b)), (TREE, "a", with_canary(b))]
    )
    yield case_of(
        "duplicate", "folder, link", lambda s, b: [(TREE, "a", with_canary(b)), (LINK, "a", outside(s, b))]
    )
    yield case_of(
        "duplicate",
        "inner link, folder",
        lambda s, b: [
            (LINK, "a", b.blob("pkg")),
            (TREE, "a", with_canary(b)),
            (TREE, "pkg", with_canary(b)),
        ],
    )
    yield case_of(
        "duplicate",
        "link, file of one path by a slash",
        lambda s, b: [(LINK, "a", outside(s, b)), (FILE, "a/canary", b.blob())],
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
    return lambda _, b: [(LINK, "l", b.blob(target)), (TREE, "pkg", with_canary(b))]


def _links() -> Iterable[Case]:
    for what, target in _TARGETS.items():
        yield case_of("link", what, _linked(target))
    yield case_of(
        "link-through-link",
        "down, then up more than it went down",
        lambda _, b: [
            (TREE, "p", b.tree((TREE, "q", b.tree((LINK, "l", b.blob("../..")))))),
            (LINK, "x", b.blob("p/q/l/../y")),
        ],
    )
    yield case_of(
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
        yield case_of("mode", mode, _with_mode(mode))
    yield case_of("kind", "a file that is a tree", lambda _, b: [(FILE, "a", with_canary(b))])
    yield case_of("kind", "a link that is a tree", lambda _, b: [(LINK, "a", with_canary(b))])
    yield case_of("kind", "a folder that is a file", lambda _, b: [(TREE, "a", b.blob())])
    yield case_of("kind", "a file that is not there", lambda _, b: [(FILE, "a", "1" * 40)])


# --- bombs ---------------------------------------------------------------------------------------


def _bomb(bare: Bare, leaf: str, levels: int = _LEVELS, wide: int = 10, name: str = "d") -> str:
    for _ in range(levels):
        leaf = bare.tree(*((TREE, f"{name}{number}", leaf) for number in range(wide)))
    return leaf


def _bombs() -> Iterable[Case]:
    def files(scene: Scene) -> tuple[str, str]:
        bare = scene.repository()
        return bare.url, bare.commit_of(_bomb(bare, with_canary(bare)))

    def folders(scene: Scene) -> tuple[str, str]:
        bare = scene.repository()
        return bare.url, bare.commit_of(_bomb(bare, bare.tree()))

    def deep(scene: Scene) -> tuple[str, str]:
        bare = scene.repository()
        return bare.url, bare.commit_of(_bomb(bare, with_canary(bare), 400, 1, "n" * 8))

    def large(scene: Scene) -> tuple[str, str]:
        bare = scene.repository()
        big = bare.blob(bytes(8 * 1024 * 1024))  # a few kilobytes as an object
        return bare.url, bare.commit(*((FILE, f"f{number:04}", big) for number in range(1024)))

    yield Case("bomb", "10 levels of 10 folders with a file", files)
    yield Case("bomb", "10 levels of 10 empty folders", folders)
    yield Case("bomb", "400 folders in one another", deep)
    yield Case("bomb", "8 GiB of zeros", large)


TREES = (*_names(), *_twice(), *_links(), *_modes(), *_bombs())
