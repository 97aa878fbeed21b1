"""Trees of files that strangers made, judged whole before a byte of them is written.

A repository's commit and a source archive are such trees. What may be in one is files, and links that stay
inside it however they are followed. Folders are made first, then files, links last: so nothing is ever
written through a link, whatever the file system takes for the same name.
"""

import os
from typing import Callable, Dict, Iterable, List, NamedTuple, Sequence, Set

FILE, PROGRAM, LINK, FOLDER = "file", "program", "link", "folder"
_LONGEST_NAME, _LONGEST_PATH, _DEEPEST = 255, 3000, 100
_FOLLOWED = 40
"""As often as Linux follows links on one way (path_resolution(7))."""
# Links that lead through each other can double the way with each one.
_STEPS = 5000000


class Refused(Exception):
    """A tree that is not laid out; says why and names the path."""


class Entry(NamedTuple):
    """A file, program (an executable file), link or folder: its path by `/`, its kind, a link's target."""

    path: str
    kind: str
    target: str = ""


def check_tree(entries: Sequence[Entry]) -> None:
    """Demand that all of it can lie in one folder and leads nowhere else.

    Raises:
        Refused: as `check_places` says; or a link leads out.
    """
    check_places(entries)
    _check_links(entries)


def check_places(entries: Sequence[Entry]) -> None:
    """Demand that each has a place of its own in one folder, wherever links lead.

    Raises:
        Refused: a path is no plain relative one, is there twice, or lies below a file or link.
    """
    seen: Set[str] = set()
    for entry in entries:
        check_path(entry.path)
        if entry.path in seen:
            raise Refused("%s is there twice" % shown(entry.path))
        if entry.kind != FOLDER:
            seen.add(entry.path)
    for folder in folders_of(entries):
        if folder in seen:
            raise Refused("%s is a folder and something else as well" % shown(folder))


def check_path(path: str) -> None:
    """Demand a relative path of plain names; see `check_tree`."""
    if len(os.fsencode(path)) > _LONGEST_PATH:
        raise Refused("a path of more than %d bytes: %s…" % (_LONGEST_PATH, shown(path[:60])))
    if path.count("/") >= _DEEPEST:  # Python removes trees by recursion
        raise Refused("a path of more than %d folders: %s…" % (_DEEPEST, shown(path[:60])))
    for name in path.split("/"):
        if name in ("", ".", "..") or "\0" in name:
            raise Refused("%s is no path inside a folder" % shown(path))
        if len(os.fsencode(name)) > _LONGEST_NAME:
            raise Refused("a name of more than %d bytes: %s…" % (_LONGEST_NAME, shown(name[:60])))


def folders_of(entries: Iterable[Entry]) -> List[str]:
    """The folders that the entries are or lie in, outer ones first."""
    found: Set[str] = set()
    for entry in entries:
        folder = entry.path if entry.kind == FOLDER else entry.path.rpartition("/")[0]
        while folder and folder not in found:
            found.add(folder)
            folder = folder.rpartition("/")[0]
    return sorted(found)


def _check_links(entries: Iterable[Entry]) -> None:
    links = {entry.path: entry.target for entry in entries if entry.kind == LINK}
    left = _STEPS
    for path, target in links.items():
        if not target or "\0" in target or len(os.fsencode(target)) > _LONGEST_PATH:
            raise Refused("the link %s leads nowhere that can be" % shown(path))
        left = _follow(path, links, left)


def _follow(path: str, links: Dict[str, str], left: int) -> int:
    """Follow a link to its end as a kernel would; how many steps are left to follow others.

    Names that are not there are taken for folders, so that nothing that is made later leads out either.
    """
    here, followed = path.split("/")[:-1], 0
    todo = links[path].split("/")[::-1]
    if links[path].startswith("/"):
        raise _leads_out(path, links)
    while todo and left:
        left -= 1
        name = todo.pop()
        if name == ".." and not here:
            raise _leads_out(path, links)
        if name == "..":
            here.pop()
        elif name not in ("", "."):
            here.append(name)
            target = links.get("/".join(here[:_LONGEST_PATH]))
            followed += target is not None
            if target is not None and followed <= _FOLLOWED:  # more than that, nobody follows
                here.pop()
                todo += target.split("/")[::-1]
            elif followed > _FOLLOWED or len(here) > _LONGEST_PATH:
                return left
    if not left:
        raise Refused("its links take too many steps to follow, such as %s" % shown(path))
    return left


def _leads_out(path: str, links: Dict[str, str]) -> Refused:
    return Refused("the link %s leads out of it, to %s" % (shown(path), shown(links[path])))


def lay_out(root: str, entries: Sequence[Entry], content: Callable[[Entry], Iterable[bytes]]) -> None:
    """Write a tree that was checked below an empty folder.

    Args:
        root: the folder.
        entries: all that is to lie there.
        content: asked for the bytes of each file, in the order of the entries.

    Raises:
        Refused: the file system takes two of the names for one, or takes none of such names.
    """
    # `mkdir` and O_EXCL fail where a file system takes two names for one (case, Unicode forms), which the
    # judge above cannot know.
    try:
        for folder in folders_of(entries):
            os.mkdir(os.path.join(root, folder), 0o755)
        for entry in entries:
            if entry.kind in (FILE, PROGRAM):
                _write(os.path.join(root, entry.path), entry.kind, content(entry))
        for entry in entries:
            if entry.kind == LINK:
                os.symlink(entry.target, os.path.join(root, entry.path))
    except (FileExistsError, NotADirectoryError, UnicodeError) as error:
        raise Refused("this file system has no room for such names: %s" % error) from error


def _write(path: str, kind: str, pieces: Iterable[bytes]) -> None:
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    with open(os.open(path, flags, 0o600), "wb") as file:
        for piece in pieces:
            file.write(piece)
        # Set here, so that it does not depend on the umask; setuid and the like never come along.
        os.fchmod(file.fileno(), 0o755 if kind == PROGRAM else 0o644)


def shown(path: str) -> str:
    """A path as a message may show it."""
    return repr(path)
