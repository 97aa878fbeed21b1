"""What is here already, for a delta: the old bundle; or several, and folders. Python 3.6 and later, stdlib.

Whatever lies there is believed by its SHA-256 alone, which the new bundle's signed manifest names.
"""

import hashlib
import os
import stat
from contextlib import ExitStack, contextmanager
from typing import BinaryIO, Dict, Iterator, List, NamedTuple, Optional, Sequence, Tuple

from .. import canonical
from ..bundle.manifest import LIMIT, Manifest, Member
from ..bundle.reader import UnverifiedBundle, member_chunks, open_bundle, read_unverified
from ..errors import BundleDamaged, BundleUnreadable, DeltaDamaged, WrongBase
from ..plainfile import first_chunks, open_plain
from .delta import DeltaIndex, identity_of

_MOST_FILES = 1 << 20
"""Of a folder and all below: an index of every wheel of a large site has some ten thousand."""


class _OldBundle(NamedTuple):
    """A bundle that is here: its open file, what it says of itself, its files by digest and by path."""

    file: BinaryIO
    bundle: UnverifiedBundle
    by_sha256: Dict[str, Member]
    by_path: Dict[str, Member]


class AtHand:
    """What is here: bundles, and files of folders by their names; `base` is the delta's own, if any."""

    def __init__(
        self, base: Optional[_OldBundle], bundles: Sequence[_OldBundle], folders: Sequence[str]
    ) -> None:
        self._base = base
        self._bundles = bundles
        self._folders = folders
        self._found: Dict[str, str] = {}

    def older_manifest(self) -> bytes:
        """What the new manifest is packed against."""
        return manifest_bytes(self._base.bundle.manifest) if self._base else b""

    def older(self, path: str) -> bytes:
        """What a file of that path is packed against; errors as `older_text`."""
        if self._base is None:
            return b""
        with _blame_base():
            return older_text(self._base.file, self._base.by_path.get(path))

    def demand(self, members: Sequence[Member]) -> None:
        """Refuse before anything is written where a file is not here.

        Raises:
            DeltaDamaged: the old bundle lacks what the delta takes from it.
            WrongBase: what is here lacks what the delta's maker was told of.
            BundleUnreadable: a folder cannot be read.
        """
        # With a base the delta's maker saw all its files: what lacks is the delta's fault and not the
        # place's.
        lacking = [member for member in members if self._in_bundles(member) is None]
        if self._base is not None and lacking:
            raise DeltaDamaged(f"neither the delta nor the old bundle holds {lacking[0].path}")
        self._found = files_of(self._folders, lacking) if lacking else {}
        missing = [member.path for member in lacking if member.sha256 not in self._found]
        if missing:
            more = f" and {len(missing) - 5} more" if len(missing) > 5 else ""  # noqa: PLR2004
            raise WrongBase(
                f"the delta was made for a place that has {', '.join(missing[:5])}{more}, and this has not",
                "name every bundle and index folder that the delta was made for, or ask for the whole bundle",
            )

    def copy(self, member: Member) -> Iterator[bytes]:
        """The bytes of a file that `demand` has found, hashed once more on the way."""
        held = self._in_bundles(member)
        if held is None:
            yield from _file_chunks(self._found[member.sha256], member)
            return
        with _blame_base():
            yield from member_chunks(held[0].file, held[1])

    def _in_bundles(self, member: Member) -> Optional[Tuple[_OldBundle, Member]]:
        for each in self._bundles:
            source = each.by_sha256.get(member.sha256)
            # The old manifest may say any digest; a wrong size would shift all that follows in the new
            # archive.
            if source is not None and source.size == member.size:
                return each, source
        return None


def opened(paths: Sequence[str], index: DeltaIndex, stack: ExitStack) -> AtHand:
    """What lies at these paths, as far as a delta can use it.

    Args:
        paths: bundles, and folders where the delta has no base.
        index: the delta's.
        stack: closes what is opened.

    Raises:
        WrongBase: the delta was made from another bundle.
        BundleDamaged, BundleUnreadable: a bundle is.
    """
    folders = [path for path in paths if os.path.isdir(path)]
    files = [path for path in paths if path not in folders]
    if index.base is None:
        return AtHand(None, [_bundle(path, stack) for path in files], folders)
    if folders:
        raise WrongBase(
            f"the delta was made from the bundle {index.base}, and {folders[0]!a} is a folder",
            "name that bundle's file",
        )
    given = []
    # Several may be given, as they lie there: the delta itself says which of them it is made from.
    for path in files:
        bundle = _bundle(path, stack)
        identity = identity_of(bundle.bundle.statement)
        # The payload decides, not the file: signatures that were added to the old bundle change nothing here.
        if identity.payload == index.base.payload:
            return AtHand(bundle, [bundle], ())
        given.append(str(identity))
    raise WrongBase(f"the delta was made from {index.base}; the bundle given is {' and '.join(given)}")


def _bundle(path: str, stack: ExitStack) -> _OldBundle:
    file = stack.enter_context(open_bundle(path))
    with _blame_base():
        bundle = read_unverified(file)
    members = bundle.manifest.members
    return _OldBundle(file, bundle, {one.sha256: one for one in members}, {one.path: one for one in members})


# --- folders ----------------------------------------------------------------------------------------------


def files_of(folders: Sequence[str], wanted: Sequence[Member]) -> Dict[str, str]:
    """Where the wanted files lie, by SHA-256; a file is looked at where name and size are a wanted one's.

    Raises:
        BundleUnreadable: a folder cannot be read, or holds more than any index.
    """
    by_name: Dict[str, List[Member]] = {}
    for member in wanted:
        by_name.setdefault(member.path.rpartition("/")[2], []).append(member)
    found: Dict[str, str] = {}
    for folder in folders:
        for path, size in plain_files(folder, by_name):
            sizes = [member.size for member in by_name[os.path.basename(path)] if member.sha256 not in found]
            # Hashing is the slow part: of an index of many GB only what could be wanted is read.
            if size in sizes:
                digest = digest_of(path, size)
                found.setdefault(digest, path)
    return found


def plain_files(folder: str, names: "Optional[Dict[str, List[Member]]]" = None) -> Iterator[Tuple[str, int]]:
    """Path and size of the regular files in a folder and below; no link is followed.

    Args:
        folder: where to look.
        names: only files that are called so; all if not given.

    Raises:
        BundleUnreadable: it cannot be read, or holds more than any index.
    """
    seen = 0
    # `os.walk` goes into no link that leads to a folder: a planted one cannot make this an endless walk.
    if not os.path.isdir(folder):
        raise BundleUnreadable(f"there is no folder {folder!a}")
    for here, folders, files in os.walk(folder, onerror=_refuse):
        seen += len(folders) + len(files)
        if seen > _MOST_FILES:
            raise BundleUnreadable(f"{folder!a} holds more files than any index: name the index's own folder")
        folders.sort()
        for name in sorted(files):
            if names is None or name in names:
                path = os.path.join(here, name)
                told = _look(path)
                if told is not None and stat.S_ISREG(told.st_mode):
                    yield path, told.st_size


def _look(path: str) -> Optional[os.stat_result]:
    try:
        return os.lstat(path)
    except FileNotFoundError:  # an index may be pruned while we look
        return None
    except OSError as error:
        raise BundleUnreadable(f"cannot read {path!a}: {error.strerror}") from error


def _refuse(error: OSError) -> None:
    if not isinstance(error, FileNotFoundError):
        raise BundleUnreadable(f"cannot read the folder {error.filename!a}: {error.strerror}") from error


def digest_of(path: str, size: int) -> str:
    """The SHA-256 of a file that had this size a moment ago; empty where it has gone meanwhile.

    Raises:
        BundleUnreadable: it cannot be read, or is no regular file any more: a link, a pipe.
    """
    seen = hashlib.sha256()
    try:
        with open_plain(path, follow=False) as file:
            for chunk in first_chunks(file, size):
                seen.update(chunk)
    except FileNotFoundError:
        return ""
    except OSError as error:
        raise BundleUnreadable(f"cannot read {path!a}: {error.strerror}") from error
    return seen.hexdigest()


def _file_chunks(path: str, member: Member) -> Iterator[bytes]:
    seen = hashlib.sha256()
    try:
        with open_plain(path, follow=False) as file:
            # Between the look and this copy the file may have been swapped: size and digest are held once
            # more.
            for chunk in first_chunks(file, member.size):
                seen.update(chunk)
                yield chunk
    except OSError as error:
        raise BundleUnreadable(f"cannot read {path!a}: {error.strerror}") from error
    if seen.hexdigest() != member.sha256:
        raise BundleDamaged(f"{path!a} changed while it was read", "try again when nobody writes there")


# --- the old bundle ---------------------------------------------------------------------------------------


def manifest_bytes(manifest: Manifest) -> bytes:
    """A manifest's bytes: canonical, so they are the very ones that it was parsed from."""
    return canonical.encode(manifest.document) + b"\n"


def older_text(file: BinaryIO, member: Optional[Member]) -> bytes:
    """What `text_delta` packs against: the old bundle's file of that path, if there is one, not too large.

    Raises:
        BundleDamaged, BundleUnreadable: the old bundle is not what its manifest says.
    """
    # Both sides must decide alike what is packed against nothing, or the delta does not unpack.
    if member is None or member.size > LIMIT:
        return b""
    return b"".join(member_chunks(file, member))


@contextmanager
def _blame_base() -> Iterator[None]:
    """Say that it is the old bundle that is bad."""
    try:
        yield
    except BundleDamaged as error:
        raise BundleDamaged(f"the old bundle: {error.message}", "get the old bundle anew") from error
    except BundleUnreadable as error:
        raise BundleUnreadable(f"the old bundle: {error.message}") from error
