"""Verify a bundle and unpack it in the same pass. Standard library only, Python 3.6 and later.

Never `extractall`: every path comes from the signed manifest, every file is made new, no link is
followed, and a bundle that turns out bad leaves nothing behind.
"""

import os
import shutil
from contextlib import contextmanager, suppress
from typing import BinaryIO, Iterator, List, Optional

from .. import canonical
from ..errors import InstallFailed, PrefixInUse
from .envelope import Checker
from .manifest import NAME, Member
from .reader import Sink, VerifiedBundle, verify_bundle
from .tape import Progress

# O_EXCL, too: two names that are one on a file system that ignores case fail instead of mixing.
_NEW_FILE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


def unpack_bundle(
    file: BinaryIO,
    check: Checker,
    folder: str,
    progress: Optional[Progress] = None,
    durable: bool = True,
) -> VerifiedBundle:
    """Check every byte of a bundle and leave its files, `manifest.json` too, in a new private folder.

    Args:
        file: the bundle, open for reading.
        check: decides whether a trusted key signed; see `envelope.Checker`.
        folder: does not exist yet; its parent does.
        progress: hears how many bytes of the payload are done.
        durable: bring all of it to the disk before coming back; for a folder that does not outlive the
            process that is not worth its time.

    Raises:
        BundleDamaged, BundleUnreadable, SignatureInvalid: as for `verify_bundle`.
        PrefixInUse: there is something at `folder`.
        InstallFailed: the files cannot be written. Whatever is raised, `folder` is not there then.
    """
    writer = _Writer(folder)
    try:
        bundle = verify_bundle(file, check, progress, writer)
        # Last, since a folder without a manifest counts as no bundle.
        writer.write_manifest(canonical.encode(bundle.manifest.document) + b"\n")
        if durable:
            writer.sync()
    except BaseException:
        writer.undo()
        raise
    finally:
        writer.close()
    return bundle


class _Writer(Sink):
    """Writes files below a folder that it makes when the first of them begins."""

    def __init__(self, folder: str) -> None:
        self._folder = folder
        self._root = -1
        self._file = -1
        self._made = False

    def close(self) -> None:
        """Let go of the files."""
        for descriptor in (self._file, self._root):
            if descriptor >= 0:
                os.close(descriptor)

    def undo(self) -> None:
        """Remove what was written, if anything was."""
        if self._made:
            # What made us stop is the news; what cannot be removed is left and would hide it.
            shutil.rmtree(self._folder, ignore_errors=True)

    def begin(self, member: Member) -> None:
        with _as_ours(self._folder):
            self._make_root()
            # Step by step from an open folder: a path as a whole could be led astray by a link that somebody
            # makes meanwhile.
            *folders, name = member.path.split("/")
            parent = _enter(self._root, folders)
            try:
                self._file = os.open(name, _NEW_FILE, 0o644, dir_fd=parent)
            finally:
                os.close(parent)

    def chunk(self, data: memoryview) -> None:
        with _as_ours(self._folder):
            while data:
                # Near a full disk or a quota, a write may take a part only.
                data = data[os.write(self._file, data) :]

    def end(self) -> None:
        descriptor, self._file = self._file, -1
        with _as_ours(self._folder):
            os.close(descriptor)

    def write_manifest(self, data: bytes) -> None:
        self.begin(Member(NAME, len(data), "", 0))
        self.chunk(memoryview(data))
        self.end()

    def sync(self) -> None:
        """Bring everything to the disk: files and folders, and the name of the new folder itself."""
        with _as_ours(self._folder):
            # From the leaves up: a folder on the disk then names only what is there, too.
            for parent, _, names in os.walk(self._folder, topdown=False):
                for name in names:
                    _sync(os.path.join(parent, name))
                _sync(parent)
            _sync(os.path.dirname(os.path.abspath(self._folder)))

    def _make_root(self) -> None:
        if self._made:
            return
        try:
            # Nobody else may look in, or write, while its content is not yet known to be right.
            os.mkdir(self._folder, 0o700)
        except FileExistsError as error:
            raise PrefixInUse(f"there is something at {self._folder}") from error
        self._made = True
        self._root = os.open(self._folder, _FOLDER)


def _enter(root: int, folders: List[str]) -> int:
    """A descriptor of a folder below `root`, made if it is not there; no link is followed."""
    current = os.dup(root)
    for name in folders:
        # Where an earlier file of the same folder made it; a link there would fail at the open.
        with suppress(FileExistsError):
            os.mkdir(name, 0o755, dir_fd=current)
        try:
            below = os.open(name, _FOLDER, dir_fd=current)
        finally:
            os.close(current)
        current = below
    return current


def _sync(path: str) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def _as_ours(folder: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise InstallFailed(f"cannot write below {folder}: {error.strerror}") from error
