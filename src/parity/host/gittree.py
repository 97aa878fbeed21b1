"""A commit's tree, read out of our own copy of a repository and laid out without git's help.

git runs filters, converts line ends and follows attributes when it checks a commit out, with programs of the
user's settings and by a stranger's word. Here the files come as they are in the repository.
"""

from __future__ import annotations

import os
import re
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import IO, NamedTuple, TypeVar

from parity.errors import HostileSource
from parity.host.gitrun import GitRunner
from parity.model.network import clean_url
from parity.portable.treepaths import (
    FILE,
    LINK,
    PROGRAM,
    Entry,
    Refused,
    check_places,
    folders_of,
    lay_out,
)

T = TypeVar("T")

_ROW = re.compile(rb"(\d{6}) (blob|tree|commit) ([0-9a-f]{40}|[0-9a-f]{64}) +(\d+|-)\t(.+)", re.DOTALL)
# All modes that git's fsck knows; 100664 is from its first days.
_KINDS = {b"100644 blob": FILE, b"100664 blob": FILE, b"100755 blob": PROGRAM, b"120000 blob": LINK}
_GITLINK, _TREE = b"160000 commit", b"040000 tree"
# What HFS+ does not see in names (git's utf8.c), and how NTFS spells .git besides.
_UNSEEN = dict.fromkeys((*range(0x200C, 0x2010), *range(0x202A, 0x202F), *range(0x206A, 0x2070), 0xFEFF))
_GIT = re.compile(r"(\.git|git~\d+)[ .]*(:.*)?", re.IGNORECASE | re.DOTALL)
_MODULES = ".gitmodules"
_LONGEST_LINK, _LARGEST_MODULES = 4096, 1 << 20
_PIECE = 1 << 20
# Of the Git LFS specification; the first line of every pointer.
_POINTER = b"version https://git-lfs.github.com/spec/v1\n"


@dataclass
class Budget:
    """What one checkout may take, submodules and all; counted down as it is read.

    Attributes:
        entries: files, links and folders.
        listing: bytes of their names and what git says with them.
        content: bytes of all files.
        repositories: how many may be in one another or beside each other.
    """

    entries: int = 300_000
    listing: int = 128 << 20
    content: int = 4 << 30
    repositories: int = 500


class TreeEntry(NamedTuple):
    """A file or link of a tree: what it is, which object, how large."""

    entry: Entry
    oid: str
    size: int


class Tree(NamedTuple):
    """A commit's files and links, its submodules (path → commit), and the object of its .gitmodules."""

    files: tuple[TreeEntry, ...]
    gitlinks: dict[str, str]
    modules: str


def read_tree(git: GitRunner, url: str, repository: Path, commit: str, budget: Budget) -> Tree:
    """Everything that a commit holds, judged before anything of it is written.

    Raises:
        HostileSource: it is none that can lie in a folder of its own, or too large.
        SourceUnavailable: our copy has not all of it.
    """
    words = ["ls-tree", "-r", "-t", "-z", "-l", "--full-tree", commit]
    files: list[TreeEntry] = []
    gitlinks: dict[str, str] = {}
    folders: list[str] = []
    try:
        # Folders are listed too (-t): a tree of nothing but folders must count.
        for mode, oid, size, path in git.read(url, repository, words, partial(_rows, budget=budget)):
            _check_name(path)
            if mode == _GITLINK:
                gitlinks[path] = oid
            elif mode == _TREE:
                folders.append(path)
            else:
                files.append(TreeEntry(Entry(path, _kind(mode, path, size)), oid, size))
        _spend(budget, files)
        files = _with_targets(git, url, repository, files)
        _check_places([*(each.entry for each in files), *(Entry(path, FILE) for path in gitlinks)], folders)
        return Tree(tuple(files), gitlinks, _modules(files))
    except Refused as error:
        raise refused(url, error) from error


def refused(url: str, error: Refused) -> HostileSource:
    """The error for a repository whose tree is not laid out."""
    return HostileSource(f"the repository {clean_url(url)} is refused: {error}", where=clean_url(url))


def read_settings(git: GitRunner, url: str, repository: Path, oid: str) -> str:
    """What a .gitmodules says, as `git config --null --list` tells it; empty for none."""
    if not oid:
        return ""
    # git reads its own syntax, from the object and without `include`, which could name any file here.
    words = ["config", "--blob", oid, "--no-includes", "--null", "--list"]
    return git.read(url, repository, words, lambda stream: stream.read().decode(errors="surrogateescape"))


def write_files(
    git: GitRunner, url: str, repository: Path, folder: Path, files: Sequence[TreeEntry]
) -> list[str]:
    """Write the files and links of a tree that was judged; gives the paths of those that are LFS pointers.

    Raises:
        HostileSource: they are not what was listed, or the file system takes two names for one.
    """
    pointers: list[str] = []
    by_entry = {each.entry.path: each for each in files}

    def written(stream: IO[bytes]) -> None:
        def content(entry: Entry) -> Iterator[bytes]:
            for number, piece in enumerate(_blob(stream, by_entry[entry.path])):
                if number == 0 and piece.startswith(_POINTER):
                    pointers.append(entry.path)
                yield piece

        lay_out(str(folder), [each.entry for each in files], content)

    try:
        _with_blobs(git, url, repository, [each for each in files if each.entry.kind != LINK], written)
    except Refused as error:
        raise refused(url, error) from error
    return pointers


def _rows(stream: IO[bytes], budget: Budget) -> list[tuple[bytes, str, int, str]]:
    """What ls-tree says, within bounds."""
    rows = []
    for record in _records(stream, budget):
        budget.entries -= 1
        if budget.entries < 0:
            raise Refused("it has more than 300,000 files and folders")
        match = _ROW.fullmatch(record)
        if match is None:
            raise Refused(f"its tree is damaged at {record[-60:]!r}")
        mode, kind, oid, size, path = match.groups()
        # Submodules and folders have `-` for a size.
        rows.append((mode + b" " + kind, oid.decode(), int(size) if size.isdigit() else 0, os.fsdecode(path)))
    return rows


def _records(stream: IO[bytes], budget: Budget) -> Iterator[bytes]:
    rest = b""
    while piece := stream.read(1 << 16):
        budget.listing -= len(piece)
        if budget.listing < 0 or len(rest) > _PIECE:
            raise Refused("the names in it take more than 128 MiB")
        *whole, rest = (rest + piece).split(b"\0")
        yield from whole
    if rest:
        raise Refused("its tree is damaged")


def _check_places(entries: Sequence[Entry], folders: Sequence[str]) -> None:
    """As `check_places`; and folders are those that the tree has, each once: no name has a slash in it."""
    check_places(entries)
    known = Counter(folders)
    for folder in folders_of(entries):
        if known[folder] != 1:
            raise Refused(f"{folder!r} is no folder of its tree, or is there twice")


def _spend(budget: Budget, files: Iterable[TreeEntry]) -> None:
    budget.content -= sum(each.size for each in files)
    if budget.content < 0:
        raise Refused("its files are larger than 4 GiB together")


def _check_name(path: str) -> None:
    for name in path.split("/"):
        # A build may run git in the checkout: a `.git` of a stranger's, spelt so that a file system takes it
        # for one, has hooks and commands in its settings.
        if _GIT.fullmatch(name.translate(_UNSEEN)):
            raise Refused(f"{path!r} is a name that is git's own")


def _kind(mode: bytes, path: str, size: int) -> str:
    kind = _KINDS.get(mode)
    if kind is None:
        raise Refused(f"{path!r} is neither a file nor a link ({mode.decode()})")
    if kind == LINK and size > _LONGEST_LINK:
        raise Refused(f"the link {path!r} leads nowhere that can be")
    return kind


def _modules(files: Iterable[TreeEntry]) -> str:
    for each in files:
        if each.entry.path.translate(_UNSEEN).casefold() != _MODULES:
            continue
        if each.entry.kind == LINK or each.size > _LARGEST_MODULES:
            raise Refused(f"{each.entry.path!r} is a link, or larger than 1 MiB")
        if each.entry.path == _MODULES:
            return each.oid
    return ""


def _with_targets(git: GitRunner, url: str, repository: Path, files: Sequence[TreeEntry]) -> list[TreeEntry]:
    """The same, links with where they lead."""
    links = [each for each in files if each.entry.kind == LINK]

    def targets(stream: IO[bytes]) -> dict[str, str]:
        return {each.entry.path: os.fsdecode(b"".join(_blob(stream, each))) for each in links}

    found = _with_blobs(git, url, repository, links, targets) if links else {}
    entries = (each.entry._replace(target=found.get(each.entry.path, "")) for each in files)
    return [each._replace(entry=entry) for each, entry in zip(files, entries, strict=True)]


def _with_blobs(
    git: GitRunner, url: str, repository: Path, files: Iterable[TreeEntry], take: Callable[[IO[bytes]], T]
) -> T:
    """Let `take` read the objects of the files, in their order."""
    with tempfile.TemporaryFile() as asked:
        # A file and not a pipe: git answers while it reads, and both sides could wait for each other.
        asked.writelines(f"{each.oid}\n".encode() for each in files)
        asked.seek(0)
        return git.read(url, repository, ["cat-file", "--batch"], take, asked)


def _blob(stream: IO[bytes], file: TreeEntry) -> Iterator[bytes]:
    """One object's bytes, exactly as many as were listed."""
    # An object that is missing is told as "OID missing" in the same place.
    if stream.readline(256) != f"{file.oid} blob {file.size}\n".encode():
        raise Refused(f"{file.entry.path!r} is not the file that its tree lists")
    left = file.size
    while left:
        piece = stream.read(min(left, _PIECE))
        if not piece:
            raise Refused(f"{file.entry.path!r} is not whole")
        left -= len(piece)
        yield piece
    if stream.read(1) != b"\n":
        raise Refused(f"{file.entry.path!r} is not the file that its tree lists")
