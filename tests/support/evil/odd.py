"""Repositories that must pass: odd ones, and those whose attributes name the user's programs."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from tests.support.evil.scene import (
    FILE,
    GITLINK,
    LINK,
    PROGRAM,
    TREE,
    Bare,
    Case,
    Row,
    Scene,
    case_of,
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
    return Case("good", name, case_of("", "", rows).make, expected)


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


def _old(scene: Scene) -> tuple[str, str]:
    """As some tools once wrote them; well-known repositories have such commits."""
    bare = scene.repository()
    tree = bare.tree((FILE, "a", bare.blob("a")), ("040000", "d", bare.tree((FILE, "b", bare.blob("b")))))
    return bare.url, bare.commit_of(tree, "A <a@example.org> 1600000000 +051800")


GOOD = (
    Case("good", "an odd time zone, and a mode with a zero before it", _old, {"a": "a", "d/b": "b"}),
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
