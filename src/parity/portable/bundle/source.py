"""Where a bundle comes from: its tar file, or a folder that `tar xf` left. Python 3.6 and later.

A tar file is never trusted twice: its head and manifest are authenticated before anything else is read
or written; then one pass checks every byte and leaves the files in a private folder, and what is
installed is what lies there.
"""

import os
from contextlib import contextmanager
from typing import BinaryIO, Callable, Iterator, NamedTuple, Optional

from ..errors import BundleDamaged, BundleUnreadable, InstallFailed, SignatureInvalid
from ..plainfile import open_plain
from ..wheel.wheelset import sha256_of
from .envelope import Checker, Envelope, pae, parse_head
from .folder import UNPACK_AGAIN, BundleFolder, check_files, open_folder
from .kinds import demand_no_part
from .manifest import HEAD_SIZE
from .reader import open_bundle, read_unverified
from .unpack import unpack_bundle

_FOLDER = "bundle"
_CHUNK = 1 << 20
_CHANGED = "the bundle changed while it was being read"
LayOut = Callable[[str, str], BundleFolder]


class Source(NamedTuple):
    """A bundle of which nothing has been laid out yet.

    `head` holds its manifest, authentic where keys were named; there is nothing at its path yet where it
    is a tar file. `lay_out(work, ignore)` checks every byte and gives the folder with the files: inside
    the private folder `work`, or the unpacked bundle itself, in which the path `ignore` is passed over.
    """

    head: BundleFolder
    lay_out: LayOut


@contextmanager
def open_source(path: str, check: Optional[Checker]) -> Iterator[Source]:
    """Open a bundle and authenticate its manifest.

    Args:
        path: a tar file, or an unpacked bundle's folder.
        check: decides whether a trusted key signed; a tar file needs it.

    Raises:
        BundleUnreadable, BundleDamaged, SignatureInvalid: as they say; nothing was written.
    """
    if os.path.isdir(path):
        yield _from_folder(path, check)
        return
    with open_bundle(path) as file:
        if check is None:
            raise SignatureInvalid("a bundle's file is not installed without a key", "name one with --key")
        yield _from_file(file, check)


def _from_folder(path: str, check: Optional[Checker]) -> Source:
    head = open_folder(path, check)

    def lay_out(_work: str, ignore: str) -> BundleFolder:
        check_files(head, ignore)
        return head

    return Source(head, lay_out)


def copy_folder(bundle: BundleFolder, work: str) -> BundleFolder:
    """An unpacked bundle again, in a private folder: where it lies, others could change it after the look.

    Raises:
        BundleDamaged: it was changed meanwhile.
        InstallFailed: there is no room for it.
    """
    folder = os.path.join(work, _FOLDER)
    demand_space(work, sum(member.size for member in bundle.manifest.members))
    copy = bundle._replace(path=folder)
    for member in bundle.manifest.members:
        target = copy.file(member.path)
        os.makedirs(os.path.dirname(target), exist_ok=True)
        with open_plain(bundle.file(member.path)) as source, open(target, "xb") as sink:
            _copy(source, sink, member.size)
    # Hashed where nobody else can write, after copying: a check of the original would be one too early.
    if any(sha256_of(copy.file(member.path)) != member.sha256 for member in bundle.manifest.members):
        raise BundleDamaged(_CHANGED, UNPACK_AGAIN)
    return copy


def _copy(source: BinaryIO, sink: BinaryIO, size: int) -> None:
    """At most so many bytes."""
    while size:
        piece = source.read(min(size, _CHUNK))
        if not piece:
            return
        sink.write(piece)
        size -= len(piece)


def _from_file(file: BinaryIO, check: Checker) -> Source:
    sealed = _read_head(file)
    signers = check(pae(sealed.payload), sealed.signatures)
    found = read_unverified(file)
    # The head is read a second time here; without this the signature could be one head's, the rest another's.
    if found.envelope != sealed:
        raise BundleDamaged(_CHANGED)
    statement = found.statement
    head = BundleFolder("", found.manifest, statement.payload.manifest_sha256, statement, signers)

    def lay_out(work: str, _ignore: str) -> BundleFolder:
        folder = os.path.join(work, _FOLDER)
        demand_space(work, statement.payload.size)
        # `durable=False`: the folder is gone when the installation is done.
        bundle = unpack_bundle(file, check, folder, durable=False)
        if bundle.statement != statement:
            raise BundleDamaged(_CHANGED)
        return head._replace(path=folder)

    return Source(head, lay_out)


def _read_head(file: BinaryIO) -> Envelope:
    """The envelope alone, so that nothing else is looked at before its signature is known to be right."""
    try:
        head = file.read(HEAD_SIZE)
    except OSError as error:
        raise BundleUnreadable(f"the bundle cannot be read: {error.strerror}") from error
    demand_no_part(head)
    return parse_head(head)


def demand_space(path: str, needed: int) -> None:
    """Refuse to begin what cannot end.

    Args:
        path: a folder of the file system that is to be written to.
        needed: bytes.

    Raises:
        InstallFailed: it has fewer.
    """
    found = os.statvfs(path)
    # Not `f_bfree`: that counts what the file system keeps back for root.
    free = found.f_bavail * found.f_frsize
    if free < needed:
        raise InstallFailed(
            f"{path} has {free >> 20} MiB free, {needed >> 20} MiB are needed", "free some space there"
        )
