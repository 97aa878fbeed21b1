"""The prefix: releases side by side, and `current`, which changes hands in one step.

    PREFIX/.parity-prefix         says that the folder is ours, is locked while one of us works, and
                                  holds the record of all that was done (see `journal`)
    PREFIX/releases/<id>/         an environment; complete when, and only when, it holds a receipt
    PREFIX/current                a relative link to one of them
    PREFIX/.work-…                of an installation that runs, or was killed: swept by the next one

Standard library only, Python 3.6 and later.
"""

import fcntl
import os
import re
import secrets
import shutil
import stat
import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Callable, Dict, Iterator, List, Optional

from ...portable.atomic import sync_folder
from ...portable.errors import InstallFailed, PrefixInUse
from . import journal
from .owners import check_entries, check_folder
from .receiptfile import has_receipt, read_receipt, write_receipt

if TYPE_CHECKING:
    from ...portable.documents.installations import ActDocument, ReceiptDocument

MARK, RELEASES, CURRENT = ".parity-prefix", "releases", "current"
_WORK = ".work-"
# Under `releases`, only what is called so is ever removed.
_RELEASE = re.compile(r"[0-9a-f]{12}")
# A prefix may be a file system of its own.
_FOREIGN_BUT_FINE = ("lost+found",)
# Seconds for another installation to end; seconds between two looks.
_PATIENCE = 30.0
_PAUSE = 0.2
# How often a prefix is made anew that others take away.
_TRIES = 50
# No descriptor.
_UNLOCKED = -1


class Prefix:
    """A prefix that is locked by us; see `open_prefix`."""

    def __init__(self, path: str, lock: int) -> None:
        self.path = path
        self.lock = lock
        self.work = ""

    def release(self, release_id: str) -> str:
        """Where the release of that id lies, or will lie."""
        return os.path.join(self.path, RELEASES, release_id)

    def current(self) -> Optional[str]:
        """The id of the release that `current` points to, None where there is none."""
        return current_of(self.path)

    def switch(self, release_id: str) -> None:
        """Let `current` point to a complete release, in one step (rename(2))."""
        # Made aside and renamed over the old one: a link cannot be changed in place.
        link = os.path.join(self.work, CURRENT)
        os.symlink(os.path.join(RELEASES, release_id), link)
        os.replace(link, os.path.join(self.path, CURRENT))
        sync_folder(self.path)

    def write_receipt(self, release_id: str, receipt: "ReceiptDocument") -> None:
        """Write a release's receipt, which is what makes it complete."""
        write_receipt(self.release(release_id), receipt)

    def read_receipt(self, release_id: str) -> "Optional[ReceiptDocument]":
        """The receipt of a complete release, None where it is not complete."""
        return read_receipt(self.release(release_id))

    def note(self, act: "ActDocument") -> None:
        """Add an act to the record."""
        journal.append(self.lock, act)

    def put_away(self, release_id: str) -> None:
        """Remove a release: out of sight in one step, then file by file."""
        # In the work folder, which the next start sweeps if this is cut off.
        grave = os.path.join(self.work, "away-" + release_id)
        os.rename(self.release(release_id), grave)
        remove(grave)

    def sweep(self) -> List[str]:
        """Remove what killed installations left; gives the names. Only with the lock held."""
        gone = [name for name in sorted(os.listdir(self.path)) if name.startswith(_WORK)]
        # A receipt that cannot be read is a reason to look, not to throw a release away.
        half_done = [each for each in _ids_in(self.path) if not has_receipt(self.release(each))]
        gone += [os.path.join(RELEASES, each) for each in half_done]
        for name in gone:
            remove(os.path.join(self.path, name))
        return gone


@contextmanager
def open_prefix(path: str) -> Iterator[Prefix]:
    """Lock a prefix, made where it does not exist, swept; and give it a private work folder.

    Leaving the context removes the work folder, and the prefix too where it was made here and
    nothing came of it.

    Raises:
        PrefixInUse: the folder holds something that is not ours.
        InstallFailed: another installation holds the lock.
        OSError: it cannot be made or written.
    """
    with readable_by_all():
        yield from _open_prefix(path)


def _open_prefix(path: str) -> Iterator[Prefix]:
    check_place(path)
    # What goes again at the end is named before it is made: a signal may come in between.
    missing = _missing_folders(path)
    prefix = Prefix(path, _UNLOCKED)
    try:
        prefix.lock = _made_and_locked(path, missing)
        check_place(path, is_there=True)  # somebody else may have hidden it just then
        prefix.sweep()
        os.makedirs(os.path.join(path, RELEASES), exist_ok=True)
        prefix.work = os.path.join(path, _WORK + secrets.token_hex(8))
        os.mkdir(prefix.work, 0o700)
        yield prefix
    finally:
        _close(prefix, missing)


def _made_and_locked(path: str, missing: List[str]) -> int:
    """Make what is missing of a prefix and lock it; gives the lock, and leaves in `missing` what is ours."""
    mark, busy = os.path.join(path, MARK), f"another installation works in {path}"
    for _ in range(_TRIES):
        with suppress(FileNotFoundError):
            _make_folders(missing)
            check_place(path)  # somebody else may have made it in the meantime
            return take_lock(mark, lambda: check_prefix(path), busy)
        # An installation that came to nothing takes away what it has made; we had no part in that.
        missing[:] = _missing_folders(path)
    raise InstallFailed(
        f"{path} cannot be made, or is taken away again and again",
        "name another folder, or see what else works there and repeat",
    )


def _close(prefix: Prefix, missing: List[str]) -> None:
    """Remove the work folder and, of what was made here, what nothing came of."""
    try:
        if prefix.work:
            remove(prefix.work)
        if missing and prefix.lock != _UNLOCKED:
            _unmake_prefix(prefix.path)
    finally:
        if prefix.lock != _UNLOCKED:
            os.close(prefix.lock)
        _unmake_folders(missing)


def _unmake_prefix(path: str) -> None:
    """Take away what makes an empty folder a prefix; one that has got a release stays."""
    with suppress(OSError):
        if os.path.isdir(os.path.join(path, RELEASES)):
            os.rmdir(os.path.join(path, RELEASES))
        os.unlink(os.path.join(path, MARK))


@contextmanager
def readable_by_all() -> Iterator[None]:
    """Let what is installed be for every user of the machine, as a package manager's files are.

    A caller's umask of 077 would give root an installation that works for root alone. The group may
    write where the caller's umask lets it; others never. Who wants a private installation makes the
    folder first: its mode stays as it is.
    """
    # It can only be read by setting it.
    before = os.umask(0o077)
    os.umask((before & 0o020) | 0o002)
    try:
        yield
    finally:
        os.umask(before)


def check_place(path: str, is_there: bool = False) -> List[str]:
    """Refuse, as root, a prefix where somebody else could exchange what is installed; see `owners`.

    Returns:
        warnings, for who is not root.

    Raises:
        PrefixInUse: it is one.
    """
    warnings = check_folder(path, is_there, PrefixInUse)
    check_entries(path, (MARK, RELEASES, CURRENT), PrefixInUse)
    check_entries(os.path.join(path, RELEASES), _ids_in(path), PrefixInUse)
    return warnings


def check_prefix(path: str) -> None:
    """Refuse a prefix that is a file, or a folder that holds something which is not ours.

    Raises:
        PrefixInUse: it is one.
    """
    if not os.path.lexists(os.path.join(path, MARK)):
        _check_around(path)
    if not os.path.lexists(path):
        return
    if not os.path.isdir(path):
        raise PrefixInUse(f"{path} is not a folder")
    names = set(os.listdir(path)).difference(_FOREIGN_BUT_FINE)
    ours = {name for name in names if name in (MARK, RELEASES, CURRENT) or name.startswith(_WORK)}
    foreign = sorted(names - ours) if MARK in names else sorted(names)
    if foreign:
        # Of a prefix that is in use, another folder is no remedy.
        remedy = f"move {foreign[0]!a} out of it, then repeat" if MARK in names else ""
        raise PrefixInUse(f"{path} holds something that is not ours: {foreign[0]!r}", remedy)
    _check_kinds(path)


def _check_around(path: str) -> None:
    """Refuse a new prefix inside another: to that one it is foreign, or goes with the release around it."""
    around = os.path.realpath(path)
    while around != os.path.dirname(around):
        around = os.path.dirname(around)
        if os.path.isfile(os.path.join(around, MARK)):
            what = f"{path} lies in {around}, which is a prefix itself"
            raise PrefixInUse(what, f"name {around}, or a folder outside of it")


def _check_kinds(path: str) -> None:
    """Refuse what has one of our names and is not what we make: a link or a pipe would lead us elsewhere."""
    mark, releases, current = (os.path.join(path, name) for name in (MARK, RELEASES, CURRENT))
    if os.path.lexists(mark) and not stat.S_ISREG(os.lstat(mark).st_mode):
        raise PrefixInUse(f"{mark} is not a regular file")
    if os.path.lexists(releases) and not stat.S_ISDIR(os.lstat(releases).st_mode):
        raise PrefixInUse(f"{releases} is not a folder of its own", "a link elsewhere is not followed")
    if os.path.lexists(current) and not os.path.islink(current):
        raise PrefixInUse(f"{current} is not a link")
    if os.path.islink(current) and current_of(path) is None:
        raise PrefixInUse(f"{current} does not lead to a release: {os.readlink(current)!a}")


def _missing_folders(path: str) -> List[str]:
    """A folder and its parents, as far as they are not there; the innermost first.

    PrefixInUse where nothing can be made there.
    """
    missing = []
    while path and not os.path.lexists(path):
        missing.append(path)
        path = os.path.dirname(path)
    if os.path.islink(path) and not os.path.exists(path):
        raise PrefixInUse(f"{path} is a link to what is not there")
    return missing


def _make_folders(missing: List[str]) -> None:
    """Make them; those that somebody else has made by now are not ours to remove, and leave the list."""
    missing[:] = [each for each in reversed(missing) if _make_folder(each)][::-1]


def _make_folder(path: str) -> bool:
    try:
        os.mkdir(path)
    except FileExistsError:
        return False
    return True


def _unmake_folders(made: List[str]) -> None:
    with suppress(OSError):  # the first one that holds something stays, and those around it
        for each in made:
            os.rmdir(each)


def current_of(path: str) -> Optional[str]:
    """The id of the release that is current under a prefix, None where there is none; needs no lock."""
    link = os.path.join(path, CURRENT)
    if not os.path.islink(link):
        return None
    # Read and not followed: a link that leads elsewhere is no release, whatever lies there.
    folder, name = os.path.split(os.path.normpath(os.path.join(path, os.readlink(link))))
    ours = folder == os.path.normpath(os.path.join(path, RELEASES))
    return name if ours and _RELEASE.fullmatch(name) else None


def record_of(path: str) -> "List[ActDocument]":
    """All acts under a prefix, the oldest first; needs no lock."""
    return journal.read(os.path.join(path, MARK))


def receipts_of(path: str) -> "Dict[str, ReceiptDocument]":
    """The receipts of all complete releases under a prefix, by id; needs no lock."""
    found = ((each, read_receipt(os.path.join(path, RELEASES, each))) for each in _ids_in(path))
    return {each: receipt for each, receipt in found if receipt is not None}


def _ids_in(path: str) -> List[str]:
    """What is called like a release under a prefix."""
    releases = os.path.join(path, RELEASES)
    names = sorted(os.listdir(releases)) if os.path.isdir(releases) else []
    return [name for name in names if _RELEASE.fullmatch(name)]


def take_lock(mark: str, check: Callable[[], object], busy: str) -> int:
    """Lock a file, made where it is not there; gives its descriptor.

    Children inherit it, so nobody sweeps under a child that outlived us.

    Args:
        mark: the file.
        check: raises where the file must not be made; asked at every try.
        busy: what to say when somebody else holds it for too long.
    """
    deadline = time.monotonic() + _PATIENCE
    while True:
        check()
        # The file that is locked is the record as well: who writes into it has the lock.
        lock = os.open(mark, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o644)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            # Whoever held it before may have removed the file: then this is a lock on nothing.
            if os.path.lexists(mark) and os.path.samestat(os.lstat(mark), os.fstat(lock)):
                return lock
        except BlockingIOError:
            pass
        os.close(lock)
        if time.monotonic() > deadline:
            raise InstallFailed(busy, "wait for it to end, then repeat")
        time.sleep(_PAUSE)


def remove(path: str) -> None:
    """Remove a file, a link or a folder with all that is in it."""
    if os.path.islink(path) or not os.path.isdir(path):
        if os.path.lexists(path):
            os.unlink(path)
        return
    shutil.rmtree(path)
