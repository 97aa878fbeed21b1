"""Who else could change a path under our hands. Standard library only, Python 3.6 and later.

Root runs what it installs, and takes over what lies where it installs. So every folder on the way there,
from the root down and through every link, must be root's and root's alone to change: then nothing on it
can be renamed or slipped in meanwhile, and a path is as good as a descriptor. What counts as root's alone:

- owned by root (or by whoever we are), and not writable by others, or sticky as /tmp is: there the next
  folder must be ours, and there must be one;
- writable by a group that has no other member, as /usr/local is for Debian's `staff`, or by root's group.

Who is not root endangers no more than himself: he is warned of what anybody may change, and goes on.
"""

import grp
import itertools
import os
import pwd
import stat
from contextlib import suppress
from functools import lru_cache
from typing import Iterable, Iterator, List, Tuple, Type

from ...portable.errors import FarsideError, InstallFailed

# As many as the kernel follows (path_resolution(7)).
_MAX_LINKS = 40
_ACL = "system.posix_acl_access"
# linux/posix_acl_xattr.h: ACL_USER and ACL_GROUP, the bit for writing, a head of 4 bytes, entries of 8.
_ACL_NAMED, _ACL_WRITE, _ACL_HEAD, _ACL_ENTRY = (0x02, 0x08), 0x2, 4, 8
Found = Tuple[str, os.stat_result]


def check_way(path: str, error: Type[FarsideError] = InstallFailed) -> List[str]:
    """Look at every folder on the way to a place that need not exist yet.

    Args:
        path: absolute.
        error: what to raise.

    Returns:
        warnings, for who is not root.

    Raises:
        FarsideError: we are root, and somebody else may change one of them.
    """
    return _judge(_problems(way(path), True), error)


def check_folder(path: str, is_there: bool, error: Type[FarsideError] = InstallFailed) -> List[str]:
    """The same, and at the folder itself, to which nobody else may add: what is there now stays there.

    Args:
        path: absolute.
        is_there: whether it must be there; somebody may have taken it away just for the look at it.
        error: what to raise.

    Raises:
        FarsideError: as `check_way`, or it is not there.
    """
    found = list(way(path))
    with suppress(FileNotFoundError):
        # The last one on the way is the folder, unless it is not there: then it is the last one that is.
        if os.path.samestat(found[-1][1], os.stat(path)):
            return _judge(itertools.chain(_problems(found, True), _problems(found[-1:], False)), error)
    if is_there:
        raise error(f"{path} was taken away meanwhile", "choose another folder")
    return _judge(_problems(found, True), error)


def check_entries(folder: str, names: Iterable[str], error: Type[FarsideError] = InstallFailed) -> None:
    """Look, as root alone, at what is in a folder by these names, if it is there.

    Raises:
        FarsideError: we are root, and one of them is somebody else's or may be changed by somebody else.
    """
    if os.geteuid() == 0:
        paths = (os.path.join(folder, name) for name in names)
        _judge(_problems(((path, os.lstat(path)) for path in paths if os.path.lexists(path)), False), error)


def check_inside(folder: str, error: Type[FarsideError] = InstallFailed) -> None:
    """Look, as root alone, at everything below a folder.

    Raises:
        FarsideError: we are root, and one of them is somebody else's or may be changed by somebody else.
    """
    if os.geteuid() == 0:
        _judge(_problems(_below(folder), False), error)


def check_ours(path: str, error: Type[FarsideError] = InstallFailed, is_there: bool = False) -> None:
    """Refuse a private folder of ours that somebody else made; fine where there is none, if there may be.

    Raises:
        FarsideError: it is one, or no folder at all.
    """
    try:
        found = os.lstat(path)
    except FileNotFoundError:
        if is_there:
            raise error(f"{path} was taken away meanwhile", "repeat") from None
        return
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid() or found.st_mode & 0o022:
        raise error(f"{path} was not made by us", "look at it, remove it, then repeat")


def is_shared(folder: str) -> bool:
    """Whether we are root, and somebody else may change a folder, what is in it, or the way there."""
    if os.geteuid() != 0:
        return False
    found = itertools.chain(_problems(way(folder), True), _problems(_below(os.path.realpath(folder)), False))
    return next(found, None) is not None


def _judge(problems: Iterator[Tuple[str, str]], error: Type[FarsideError]) -> List[str]:
    if os.geteuid() != 0:
        return [f"{path} {problem}" for path, problem in problems]
    for path, problem in problems:
        raise error(
            f"{path} {problem}: what root installs there could be exchanged",
            "let root alone own and change it (chown root, chmod go-w), choose another folder, "
            "or run the same command as the user whose folder it is",
        )
    return []


def way(path: str) -> Iterator[Found]:
    """The folders and links that a path leads through, from the root down, as far as there are any.

    Raises:
        OSError: links without end, or a folder that may not be looked into.
    """
    here, links, left = "/", 0, path.split("/")[::-1]
    yield here, os.lstat(here)
    while left:
        name = left.pop()
        if name in ("", os.curdir):
            continue
        below = os.path.dirname(here) if name == os.pardir else os.path.join(here, name)
        try:
            found = os.lstat(below)
        except (FileNotFoundError, NotADirectoryError):
            return
        yield below, found
        if not stat.S_ISLNK(found.st_mode):
            here = below
            continue
        links += 1
        if links > _MAX_LINKS:
            raise InstallFailed(f"{path} leads through too many links")
        target = os.readlink(below)
        here = "/" if target.startswith("/") else here
        left += target.split("/")[::-1]


def _below(path: str) -> Iterator[Found]:
    """A thing, and everything that is in it."""
    with suppress(FileNotFoundError):
        found = os.lstat(path)
        yield path, found
        if stat.S_ISDIR(found.st_mode):
            with os.scandir(path) as entries:
                for entry in entries:
                    if entry.is_dir(follow_symlinks=False):
                        yield from _below(entry.path)
                    else:
                        yield entry.path, entry.stat(follow_symlinks=False)


def _problems(found: Iterable[Found], on_the_way: bool) -> Iterator[Tuple[str, str]]:
    """What is wrong with which of them; a folder like /tmp does `on_the_way` to one of ours, nowhere else."""
    for path, facts in found:
        problem = _problem(path, facts, on_the_way)
        if problem:
            yield path, problem


def _problem(path: str, found: os.stat_result, sticky_will_do: bool) -> str:
    """Why somebody else may change it, in a few words; empty where nobody may."""
    if found.st_uid not in (0, os.geteuid()):
        return f"belongs to {_user(found.st_uid)}"
    is_sticky = stat.S_ISDIR(found.st_mode) and found.st_mode & stat.S_ISVTX
    # A link's own mode means nothing; who may exchange it is said by the folder that it lies in.
    if stat.S_ISLNK(found.st_mode) or (is_sticky and sticky_will_do):
        return ""
    if found.st_mode & stat.S_IWOTH:
        return "may be written to by everybody"
    if os.geteuid() == 0 and found.st_mode & stat.S_IWGRP and _is_shared(path, found):
        return f"may be written to by the group {_group(found.st_gid)}"
    return ""


def _is_shared(path: str, found: os.stat_result) -> bool:
    """Whether the group's right to write is anybody's but ours; with an ACL that bit speaks for all of it."""
    return _has_others(found.st_gid, os.geteuid()) or _is_named(path)


@lru_cache(maxsize=None)
def _has_others(group: int, me: int) -> bool:
    """Whether a group has members besides root and us; one that nobody knows may have any."""
    if group == 0:
        return False
    try:
        # Both ways of being a member: named in the group, or having it as the account's own.
        names = set(grp.getgrgid(group).gr_mem)
    except KeyError:
        return True
    members = {each.pw_uid for each in pwd.getpwall() if each.pw_name in names or each.pw_gid == group}
    known = {each.pw_name for each in pwd.getpwall()}
    # A name without an account may get one tomorrow, in a directory service say.
    return bool(members - {0, me}) or bool(names - known)


def _is_named(path: str) -> bool:
    """Whether an ACL lets a named user or group write (acl(5); the attribute's form is the kernel's)."""
    try:
        raw = os.getxattr(path, _ACL)
    except OSError:
        return False
    entries = [raw[at : at + _ACL_ENTRY] for at in range(_ACL_HEAD, len(raw), _ACL_ENTRY)]
    numbers = [(int.from_bytes(each[:2], "little"), int.from_bytes(each[2:4], "little")) for each in entries]
    return any(tag in _ACL_NAMED and rights & _ACL_WRITE for tag, rights in numbers)


def _user(number: int) -> str:
    try:
        return f"the user {pwd.getpwuid(number).pw_name}"
    except KeyError:
        return f"the user {number}"


def _group(number: int) -> str:
    try:
        return grp.getgrgid(number).gr_name
    except KeyError:
        return str(number)
