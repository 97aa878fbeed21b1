"""Submodules that mean harm, and addresses and revisions of any repository."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from tests.support.evil.scene import (
    FILE,
    GITLINK,
    LINK,
    TREE,
    Bare,
    Case,
    Row,
    Scene,
    case_of,
    inner,
    outside,
)

# --- submodules ----------------------------------------------------------------------------------


def _at(name: str) -> Callable[[Scene, Bare], Sequence[Row]]:
    """A submodule at that path."""

    def rows(scene: Scene, bare: Bare) -> Sequence[Row]:
        url, commit = inner(scene)
        return [bare.module(name, url), (GITLINK, name, commit)]

    return rows


def _link_and_gitlink(scene: Scene, bare: Bare) -> Sequence[Row]:
    url, commit = inner(scene)
    return [bare.module("a", url), (LINK, "a", outside(scene, bare)), (GITLINK, "a", commit)]


def _gitlink_and_link(scene: Scene, bare: Bare) -> Sequence[Row]:
    url, commit = inner(scene)
    return [bare.module("a", url), (GITLINK, "a", commit), (LINK, "a", outside(scene, bare))]


def _through_submodules_link(scene: Scene, bare: Bare) -> Sequence[Row]:
    """`a` brings the link `b`, and another submodule is to lie at `a/b`."""
    first = scene.repository("first")
    commit = first.commit((LINK, "b", first.blob(str(scene.folder))))
    url, commit_of_it = inner(scene)
    _, one, _ = bare.module("a", first.url)
    both = f'[submodule "a"]\n path = a\n url = {first.url}\n[submodule "b"]\n path = a/b\n url = {url}\n'
    return [(FILE, one, bare.blob(both)), (GITLINK, "a", commit), (GITLINK, "a/b", commit_of_it)]


def _through_submodules_folder(scene: Scene, bare: Bare) -> Sequence[Row]:
    """The same, `a/b` from a tree `a` beside the gitlink."""
    rows = list(_through_submodules_link(scene, bare))
    inner = rows.pop()[2]
    return [*rows, (TREE, "a", bare.tree((GITLINK, "b", inner)))]


def _below_a_link(scene: Scene, bare: Bare) -> Sequence[Row]:
    url, commit = inner(scene)
    rows = bare.tree((GITLINK, "x", commit))
    return [bare.module("lib/x", url), (LINK, "lib", outside(scene, bare)), (TREE, "lib", rows)]


def _below_a_link_by_slash(scene: Scene, bare: Bare) -> Sequence[Row]:
    url, commit = inner(scene)
    return [bare.module("lib/x", url), (LINK, "lib", outside(scene, bare)), (GITLINK, "lib/x", commit)]


def _link_inside(target: str) -> Callable[[Scene, Bare], Sequence[Row]]:
    def rows(scene: Scene, bare: Bare) -> Sequence[Row]:
        inner = scene.repository("inner")
        commit = inner.commit((LINK, "l", inner.blob(target)))
        return [bare.module("a", inner.url), (GITLINK, "a", commit)]

    return rows


def _deep(scene: Scene, bare: Bare) -> Sequence[Row]:
    url, commit = inner(scene)
    for number in range(25):
        each = scene.repository(f"level{number}")
        commit = each.commit(each.module("s", url), (GITLINK, "s", commit))
        url = each.url
    return [bare.module("s", url), (GITLINK, "s", commit)]


def _many(scene: Scene, bare: Bare) -> Sequence[Row]:
    """Three levels of twenty each: 8,420 checkouts out of four repositories."""
    url, commit = inner(scene)
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
    url, commit = inner(scene)
    (scene.folder / "work").mkdir()
    (scene.folder / "work" / "m").write_text(f'[submodule "a"]\n path = a\n url = {url}\n')
    return [(LINK, ".gitmodules", bare.blob(str(scene.folder / "work" / "m"))), (GITLINK, "a", commit)]


def _modules_large(scene: Scene, bare: Bare) -> Sequence[Row]:
    url, commit = inner(scene)
    text = f'[submodule "a"]\n path = a\n url = {url}\n' + "# \n" * 3_000_000
    return [(FILE, ".gitmodules", bare.blob(text)), (GITLINK, "a", commit)]


def _command_update(scene: Scene, bare: Bare) -> Sequence[Row]:
    url, commit = inner(scene)
    return [bare.module("a", url, update=f"!touch {scene.canary}"), (GITLINK, "a", commit)]


def _included(scene: Scene, bare: Bare) -> Sequence[Row]:
    """Settings of a submodule out of a file of this machine."""
    url, commit = inner(scene)
    (scene.folder / "work").mkdir()
    path = scene.folder / "work" / "m"
    path.write_text(f'[submodule "a"]\n path = a\n url = {url}\n')
    text = f"[include]\n path = {path}\n"
    return [(FILE, ".gitmodules", bare.blob(text)), (GITLINK, "a", commit)]


def _no_modules(scene: Scene, bare: Bare) -> Sequence[Row]:
    return [(GITLINK, "a", inner(scene)[1])]


def _submodules() -> Iterable[Case]:
    for name in ("..", ".git", ".GIT", "git~1", "/tmp/parity-canary", "../canary", ".", "a/../../canary"):
        yield case_of("submodule-path", name, _at(name))
    yield case_of("submodule-and-link", "link, submodule", _link_and_gitlink)
    yield case_of("submodule-and-link", "submodule, link", _gitlink_and_link)
    yield case_of("submodule-through-link", "of another submodule, by a slash", _through_submodules_link)
    yield case_of("submodule-through-link", "of another submodule, by a folder", _through_submodules_folder)
    yield case_of("submodule-through-link", "beside it, by a folder", _below_a_link)
    yield case_of("submodule-through-link", "beside it, by a slash", _below_a_link_by_slash)
    for target in ("../../canary", "/etc", "../.."):
        yield case_of("link-in-submodule", target, _link_inside(target))
    yield case_of("submodule-bomb", "25 in one another", _deep)
    yield case_of("submodule-bomb", "20 in 20 in 20", _many)
    yield case_of("submodule-settings", ".gitmodules is a link", _modules_link)
    yield case_of("submodule-settings", ".gitmodules of 9 MB", _modules_large)
    yield case_of("submodule-settings", "update = !command", _command_update)
    yield case_of("submodule-settings", "include.path", _included)
    yield case_of("submodule-settings", "none at all", _no_modules)


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
            _, commit = inner(scene)
            return address.format(canary=scene.canary, folder=scene.folder), commit

        def said(scene: Scene, bare: Bare, address: str = address) -> Sequence[Row]:
            _, commit = inner(scene)
            text = address.format(canary=scene.canary, folder=scene.folder)
            quoted = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
            return [bare.module("a", f'"{quoted}"'), (GITLINK, "a", commit)]

        yield Case("address", repr(address), direct)
        if not address.startswith("../"):  # which is a legal one there
            yield case_of("submodule-address", repr(address), said)
    for revision in _REVISIONS:

        def asked(scene: Scene, revision: str = revision) -> tuple[str, str]:
            url, _ = inner(scene)
            return url, revision.format(canary=scene.canary)

        yield Case("revision", repr(revision), asked)


MODULES = (*_submodules(), *_addresses())
