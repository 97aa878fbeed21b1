"""An environment that is there already, renewed all or nothing. Python 3.6 and later.

Nothing is ever changed in place. The environment is copied, the copy is installed into and tried, and
then the two change places in one step (renameat2(2), RENAME_EXCHANGE): whoever looks sees the old
environment or the new one. What was written for the copy's path is rewritten for the final one before.

    PARENT/NAME                     the environment, old or new
    PARENT/.NAME.parity-work/lock   locked while one of us works
    PARENT/.NAME.parity-work/new    the copy; after the exchange what was there before, until it is removed
    PARENT/.NAME.parity-work/old    where the file system cannot exchange: what was there before, while its
                                    place is empty for a moment; brought back by the next start

Processes that run from the environment keep their open files; they see the new ones when they start again.
"""

import glob
import os
import shutil
import stat
import tempfile
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Iterator, List, Tuple

from ...portable.atomic import sync_folder
from ...portable.errors import EnvironmentUnfit
from ...portable.exchange import CANNOT, exchange
from ...portable.plainfile import read_whole
from . import journal
from .owners import check_inside, check_ours, check_way
from .prefix import MARK, readable_by_all, remove, take_lock
from .receiptfile import write_receipt
from .relocate import relocate
from .state import RECORD

if TYPE_CHECKING:
    from ...portable.documents.installations import ActDocument, ReceiptDocument

_LOCK, _NEW, _OLD = "lock", "new", "old"
_MAX_CFG = 1 << 20
# O_NONBLOCK and O_NOFOLLOW: a pipe of that name must not stop us, nor a link lead us elsewhere.
_APPEND = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


class Existing:
    """A locked environment; see `open_environment`."""

    def __init__(self, path: str, lock: int, work: str) -> None:
        self.path = path
        self.parent = os.path.dirname(path)
        self.lock = lock
        self.work = work
        self.new = os.path.join(_work_of(path), _NEW)

    def size(self) -> int:
        """Its bytes.

        Raises:
            EnvironmentUnfit: it holds what cannot be copied: a pipe, a device, a socket.
        """
        total = 0
        for parent, _, names in os.walk(self.path):
            for name in names:
                # Not `stat`: a link counts as itself, wherever it leads.
                found = os.lstat(os.path.join(parent, name))
                if not (stat.S_ISREG(found.st_mode) or stat.S_ISLNK(found.st_mode)):
                    raise EnvironmentUnfit(f"{os.path.join(parent, name)} is neither a file nor a link")
                total += found.st_size
        return total

    def copy(self) -> None:
        """Copy it whole: contents, links, times, modes and, where we may, owners."""
        try:
            # Copies, never hard links: writing into one would change the environment that is in use.
            shutil.copytree(self.path, self.new, symlinks=True)
        # It goes on after a failure and raises a list of (source, target, reason): the first one is told.
        except shutil.Error as error:
            raise EnvironmentUnfit(f"{self.path} cannot be copied: {error.args[0][0][2]}") from error
        if os.geteuid() == 0:
            _copy_owners(self.path, self.new)

    def settle(self) -> None:
        """Rewrite what names the copy's path, so that it holds at the final one."""
        relocate(self.new, self.new, self.path)

    def write(self, receipt: "ReceiptDocument", act: "ActDocument") -> None:
        """Put record and receipt into the copy."""
        record = os.open(os.path.join(self.new, RECORD), _APPEND, 0o644)
        try:
            journal.append(record, act)
        finally:
            os.close(record)
        write_receipt(self.new, receipt)

    def swap(self) -> None:
        """Let the copy take the environment's place."""
        try:
            exchange(self.new, self.path)
        except OSError as error:
            if error.errno not in CANNOT:
                raise
            self._swap_in_two_steps()
        sync_folder(self.parent)

    def _swap_in_two_steps(self) -> None:
        """For file systems that cannot exchange; `repair` mends a kill in the middle."""
        old = os.path.join(_work_of(self.path), _OLD)
        os.rename(self.path, old)
        try:
            os.rename(self.new, self.path)
        except BaseException:
            os.rename(old, self.path)
            raise


@contextmanager
def open_environment(path: str) -> Iterator[Existing]:
    """Lock an environment, mended and swept, and give it a private work folder beside it.

    Raises:
        EnvironmentUnfit: it is none, or none that may be replaced.
        InstallFailed: another installation holds the lock.
        OSError: the folder beside it cannot be made or written.
    """
    check_environment(path)
    with readable_by_all():
        yield from _open(path)


def _open(path: str) -> Iterator[Existing]:
    outer = _work_of(path)
    busy = f"another installation works on {path}"
    lock = take_lock(os.path.join(outer, _LOCK), lambda: _make_outer(outer), busy)
    try:
        check_ours(outer, EnvironmentUnfit, is_there=True)  # the file that is locked may lie in another one
        try:
            _sweep(path)
            yield Existing(path, lock, tempfile.mkdtemp(prefix="run-", dir=outer))
        finally:
            _sweep(path)
            os.unlink(os.path.join(outer, _LOCK))
            os.rmdir(outer)
    finally:
        os.close(lock)


def _make_outer(outer: str) -> None:
    """Make the folder whose name everybody knows; one that somebody else made is not taken over."""
    with suppress(FileExistsError):
        os.mkdir(outer, 0o700)
    check_ours(outer, EnvironmentUnfit)


def check_environment(path: str) -> List[str]:
    """Refuse what is no environment, or none that may be replaced as a whole.

    Returns:
        warnings, for who is not root; see `owners`.

    Raises:
        EnvironmentUnfit: says why.
    """
    warnings = check_way(os.path.dirname(path), EnvironmentUnfit)
    repair(path)
    try:
        read_whole(os.path.join(path, "pyvenv.cfg"), _MAX_CFG)  # Python reads it line by line, however long
    except OSError:
        raise EnvironmentUnfit(*_no_environment(path)) from None
    if os.path.realpath(path) != path:
        raise EnvironmentUnfit(f"{path} is a link, or lies behind one", f"name {os.path.realpath(path)}")
    # A mount point cannot be renamed.
    if os.path.ismount(path):
        raise EnvironmentUnfit(f"{path} is a mount point and cannot be replaced as a whole")
    if os.path.exists(os.path.join(os.path.dirname(os.path.dirname(path)), MARK)):
        raise EnvironmentUnfit(f"{path} is a release, which never changes", "install with --prefix")
    check_inside(path, EnvironmentUnfit)  # before the first program of it is run
    return warnings


def _no_environment(path: str) -> Tuple[str, str]:
    """Why it is none, and what to do."""
    if not os.access(os.path.join(path, "bin", "python3"), os.X_OK):
        return f"{path} is no virtual environment: it has no pyvenv.cfg", ""
    marked = glob.glob(os.path.join(glob.escape(path), "lib", "python3*", "EXTERNALLY-MANAGED"))
    whose = "is managed by the operating system (PEP 668)" if marked else "belongs to whoever installed it"
    return (
        f"{path} is no virtual environment but a Python of its own, which {whose}",
        "install with --prefix, which makes an environment of its own, or name one of `python3 -m venv`",
    )


def repair(path: str) -> None:
    """Bring an environment back that a kill took away between two renames."""
    check_ours(_work_of(path), EnvironmentUnfit)
    old = os.path.join(_work_of(path), _OLD)
    # Only where its place is empty: after a whole swap the old one lies there, too, to be swept.
    if not os.path.lexists(path) and os.path.isdir(old):
        os.rename(old, path)


def _work_of(path: str) -> str:
    return os.path.join(os.path.dirname(path), f".{os.path.basename(path)}.parity-work")


def _sweep(path: str) -> None:
    """Remove everything beside the environment but the lock. Only with the lock held."""
    repair(path)
    outer = _work_of(path)
    for name in os.listdir(outer):
        if name != _LOCK:
            remove(os.path.join(outer, name))


def _copy_owners(source: str, target: str) -> None:
    for parent, folders, files in os.walk(source):
        for name in ["", *folders, *files]:
            relative = os.path.relpath(os.path.join(parent, name), source)
            found = os.lstat(os.path.join(source, relative))
            os.lchown(os.path.join(target, relative), found.st_uid, found.st_gid)
