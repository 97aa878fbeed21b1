"""The engine-side store: content by SHA-256, sets of hard links, unfinished downloads.

    sha256/<first 2>/<sha256>    content; its time stamp tells when it was last used
    sets/<digest>/<file name>    hard links to content under the wheels' real names
    partial/<sha256>             an unfinished download, locked by whoever works on it

Nothing in it is trusted before it was hashed in this run, so no write needs an fsync: what a power
cut damages is found on read. Many processes in many containers may work in it at once.
"""

import contextlib
import errno
import fcntl
import hashlib
import os
import re
import shutil
import tempfile
import time
import uuid
from typing import IO, Callable, Dict, Iterator, List, Optional, Set, Tuple

from ...portable.sha256 import is_sha256

CHUNK = 256 * 1024
_KEY = re.compile("[a-z0-9][a-z0-9-]{0,99}")
# A wheel's name becomes a file's: no slash, not `.` or `..`, no control characters.
_MEMBER = re.compile(r"(?!\.{1,2}\Z)[^/\x00-\x1f\x7f]{1,255}")
_PATIENCE = 20.0
_STEP = 1024 * 1024
"""Bytes that an unfinished download must grow by while somebody is patient with whoever works on it."""


def sha256_file(path: str) -> str:
    """SHA-256 of a file, read in pieces."""
    digest = hashlib.sha256()
    with open(path, "rb", buffering=0) as file:
        for piece in iter(lambda: file.read(CHUNK), b""):
            digest.update(piece)
    return digest.hexdigest()


class Store:
    """A store under one folder; every path it makes is readable for everyone in a container."""

    floor = 1 << 30
    """Bytes that stay free on the engine's disk; as `parity.engine.diskwatch` has it."""

    def __init__(self, root: str) -> None:
        self.root = root
        # Images come with umasks of all kinds; rehearsals read the store as another user.
        os.umask(0o022)
        for folder in ("sha256", "sets", "partial"):
            os.makedirs(os.path.join(root, folder), exist_ok=True)

    def content(self, sha256: str) -> str:
        """Where content of that digest lies, whether or not it is there; ValueError for no SHA-256."""
        _demand(is_sha256(sha256), "a SHA-256")
        return os.path.join(self.root, "sha256", sha256[:2], sha256)

    def holds(self, sha256: str) -> Optional[bool]:
        """True where the content is there and right, None where it is absent, False where it is poisoned."""
        path = self.content(sha256)
        try:
            right = sha256_file(path) == sha256
            # The time stamp says "used": `prune` keeps what it finds young.
            if right:
                os.utime(path)
        except FileNotFoundError:
            return None
        return right

    def discard(self, sha256: str) -> None:
        """Remove content; nothing happens where it is absent."""
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self.content(sha256))

    @contextlib.contextmanager
    def partial(self, key: str, give_up: Callable[[], bool]) -> Iterator[Optional[IO[bytes]]]:
        """The unfinished file of a digest (or other key), locked; None where `give_up` said so meanwhile.

        Whoever holds it for long and does not go forward is not waited for: the key gets a file of its
        own then, which `keep` must be told (`os.path.basename(handle.name)`).
        """
        path = self.partial_path(key)
        waited = _Patience()
        while not give_up():
            handle = _opened(path)
            try:
                # Both: between opening and locking, the one before may have finished the file and renamed it.
                if _locked(handle) and _still_there(handle, path):
                    yield handle
                    return
                if waited.is_over(os.fstat(handle.fileno()).st_size):
                    path = self.partial_path("alone-" + uuid.uuid4().hex)
                    continue
            finally:
                handle.close()
            time.sleep(0.05)
        yield None

    def partial_path(self, key: str) -> str:
        """Where the unfinished download of a digest (or another key) lies; ValueError for no plain key."""
        _demand(_KEY.fullmatch(key) is not None, "a key")
        return os.path.join(self.root, "partial", key)

    def keep(self, key: str, sha256: str = "") -> None:
        """Turn a finished, checked partial file into content; its digest is the key where none is given."""
        path = self.content(sha256 or key)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        os.rename(self.partial_path(key), path)

    def is_full(self) -> bool:
        """Whether more would take what stays free on the engine's disk for others."""
        status = os.statvfs(self.root)
        return status.f_bavail * status.f_frsize < self.floor

    def make_set(self, digest: str, members: List[Tuple[str, str]]) -> str:
        """Hard-link (file name, sha256) pairs into one folder, give back its path.

        A set that exists is mended link by link, so that whoever reads it sees old or new bytes of
        one digest and never half a folder. ValueError for names that are no plain file names.
        """
        _demand(is_sha256(digest), "a SHA-256")
        for name, _ in members:
            _demand(_MEMBER.fullmatch(name) is not None, "a plain file name")
        folder = os.path.join(self.root, "sets", digest)
        if not os.path.isdir(folder):
            self._new_set(folder, members)
        wanted = {name for name, _ in members}
        for name in set(os.listdir(folder)) - wanted:
            with contextlib.suppress(FileNotFoundError):  # another run mends the same set
                os.unlink(os.path.join(folder, name))
        for name, sha256 in members:
            self._mend_link(self.content(sha256), os.path.join(folder, name))
        os.utime(folder)
        return folder

    def _new_set(self, folder: str, members: List[Tuple[str, str]]) -> None:
        # Made aside and renamed: a set that exists is whole, also after a kill.
        fresh = tempfile.mkdtemp(prefix=".new-", dir=os.path.dirname(folder))
        os.chmod(fresh, 0o755)  # noqa: S103 - the rehearsal reads it as another user
        try:
            for name, sha256 in members:
                os.link(self.content(sha256), os.path.join(fresh, name))
            os.rename(fresh, folder)
        except OSError as error:
            shutil.rmtree(fresh, ignore_errors=True)
            if error.errno not in (errno.EEXIST, errno.ENOTEMPTY):  # another run made the same set
                raise

    def _mend_link(self, content: str, link: str) -> None:
        if os.path.exists(link) and os.path.samefile(content, link):
            return
        fresh = os.path.join(self.root, "partial", "link-" + uuid.uuid4().hex)
        # `link` replaces nothing, so it is made under another name and renamed over the old one.
        os.link(content, fresh)
        try:
            os.rename(fresh, link)
        finally:
            # It is still there where that failed, and where another run was faster: rename(2) does nothing
            # between two names of one file.
            with contextlib.suppress(FileNotFoundError):
                os.unlink(fresh)

    def sizes(self) -> Dict[str, int]:
        """{"wheels", "sets": counts, "bytes": of content, "partial_bytes", "uv_cache_bytes"}."""
        counts = {"wheels": 0, "bytes": 0, "sets": 0, "partial_bytes": 0, "uv_cache_bytes": 0}
        for status in filter(None, map(_status, self._contents())):
            counts["wheels"] += 1
            counts["bytes"] += status.st_size
        counts["sets"] = len(os.listdir(os.path.join(self.root, "sets")))
        counts["partial_bytes"] = _tree_size(os.path.join(self.root, "partial"))
        counts["uv_cache_bytes"] = _tree_size(os.path.join(self.root, "uv-cache"))
        return counts

    def prune(self, older_than: float, in_use_since: Optional[float] = None) -> Dict[str, int]:
        """Remove what was not used for so many seconds, and the sets that lose a member by it.

        Args:
            older_than: seconds; 0 for everything.
            in_use_since: when the oldest run began that uses the store now, None where none does: what was
                used since then stays, and uv's cache, whose times tell nothing.

        Returns:
            {"wheels", "sets": how many were removed, "bytes": what that freed}.
        """
        limit = time.time() - older_than
        if in_use_since is not None:
            limit = min(limit, in_use_since)
        removed = {"wheels": 0, "bytes": 0, "sets": 0}
        for path in list(self._contents()):
            size = self._taken(path, limit)
            removed["wheels"] += size is not None
            removed["bytes"] += size or 0
        # Sets hold hard links: their members are told by inode, since content has no way back to its sets.
        kept = {status.st_ino for status in map(_status, self._contents()) if status}
        for name in os.listdir(os.path.join(self.root, "sets")):
            removed["sets"] += self._prune_set(os.path.join(self.root, "sets", name), kept, limit)
        removed["bytes"] += self._prune_unfinished(limit)
        if in_use_since is None:
            removed["bytes"] += self._prune_uv_cache(limit)
        return removed

    def _taken(self, path: str, limit: float) -> Optional[int]:
        """Remove content that was not used since; its size, None where it stays or somebody removed it."""
        status = _status(path)
        if status is None or status.st_mtime > limit:
            return None
        # Renaming is atomic, looking and removing is not: a run may touch the file between the two.
        aside = os.path.join(self.root, "partial", "pruned-" + uuid.uuid4().hex)
        try:
            os.rename(path, aside)
            if os.stat(aside).st_mtime > limit:  # a run has used it in this very moment
                os.rename(aside, path)
                return None
            os.unlink(aside)
        except FileNotFoundError:
            return None
        return status.st_size

    def _prune_set(self, folder: str, kept: Set[int], limit: float) -> bool:
        status = _status(folder)
        if status is None:
            return False
        used = status.st_mtime > limit
        try:
            members = [_status(os.path.join(folder, member)) for member in os.listdir(folder)]
        except FileNotFoundError:  # another one prunes, too
            return False
        whole = all(member is not None and member.st_ino in kept for member in members)
        if used and (whole or os.path.basename(folder).startswith(".new-")):
            return False
        shutil.rmtree(folder, ignore_errors=True)
        return True

    def _prune_unfinished(self, limit: float) -> int:
        """Remove old partial downloads that nobody holds."""
        freed = 0
        folder = os.path.join(self.root, "partial")
        for name in os.listdir(folder):
            path = os.path.join(folder, name)
            with contextlib.suppress(FileNotFoundError), open(path, "rb") as handle:
                # Whoever works on it holds the lock; its age alone would not tell a slow download from a dead
                # one.
                status = os.fstat(handle.fileno())
                if status.st_mtime <= limit and _locked(handle):
                    os.unlink(path)
                    freed += status.st_size
        return freed

    def _prune_uv_cache(self, limit: float) -> int:
        cache = os.path.join(self.root, "uv-cache")
        status = _status(cache)
        if status is None or status.st_mtime > limit:
            return 0
        freed = _tree_size(cache)
        shutil.rmtree(cache, ignore_errors=True)
        return freed

    def _contents(self) -> Iterator[str]:
        for folder, _, names in os.walk(os.path.join(self.root, "sha256")):
            for name in names:
                yield os.path.join(folder, name)


class _Patience:
    """How long somebody waits for another's download."""

    def __init__(self) -> None:
        self._since = time.monotonic()
        self._size = 0

    def is_over(self, size: int) -> bool:
        """Whether it did not grow enough for a while; to be asked again and again."""
        if size >= self._size + _STEP:
            self._since, self._size = time.monotonic(), size
        return time.monotonic() - self._since > _PATIENCE


def _demand(holds: bool, what: str) -> None:
    """No name that a stranger told may become a path: this is the last door, the others ask earlier."""
    if not holds:
        raise ValueError("the store takes nothing by a name that is not " + what)


def _opened(path: str) -> IO[bytes]:
    # Made where it is not there, never emptied: an unfinished download goes on where it ended.
    return open(
        path, "a+b", opener=lambda name, flags: os.open(name, flags | os.O_NOFOLLOW | os.O_CLOEXEC, 0o644)
    )


def _status(path: str) -> Optional[os.stat_result]:
    """Of a file that another run may have removed meanwhile: None then."""
    try:
        return os.stat(path)
    except FileNotFoundError:
        return None


def _locked(handle: IO[bytes]) -> bool:
    try:
        fcntl.flock(handle.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno in (errno.EWOULDBLOCK, errno.EACCES):
            return False
        raise
    return True


def _still_there(handle: IO[bytes], path: str) -> bool:
    """Whether the locked file still has that name: another run may have finished and moved it."""
    try:
        return os.path.samestat(os.fstat(handle.fileno()), os.stat(path))
    except FileNotFoundError:
        return False


def _tree_size(root: str) -> int:
    total = 0
    for folder, _, names in os.walk(root):
        for name in names:
            with contextlib.suppress(FileNotFoundError):
                total += os.lstat(os.path.join(folder, name)).st_size
    return total
