"""Discs found, checked one by one, and joined to the bundle. Python 3.6 and later, standard library only."""

import hashlib
import os
import re
from itertools import islice
from typing import BinaryIO, Callable, Dict, Iterator, List, NamedTuple, Optional, Sequence, Tuple, Union

from ..atomic import new_file
from ..bundle import manifest
from ..bundle.asfile import head_of, parts
from ..bundle.envelope import Statement
from ..bundle.folder import BundleFolder, open_folder
from ..bundle.manifest import HEAD_SIZE, Member
from ..bundle.reader import stated_manifest
from ..errors import BundleUnreadable, FarsideError, VolumeDamaged, VolumesIncomplete
from ..plainfile import first_chunks, open_plain, read_whole
from .discs import FOLDER, SUFFIX, Disc, parse_disc
from .join import Progress, number_list

# Four digits are more than the largest set needs: other names on a medium are somebody else's.
_FILE = re.compile(r"disc\.[0-9]{1,4}-of-[0-9]{1,4}\.json", re.ASCII)


class FoundDisc(NamedTuple):
    """A disc that was read: the folder that its files lie in; `error` is why it is bad, where it is."""

    folder: str
    disc: Optional[Disc]
    error: str = ""


class JoinedDiscs(NamedTuple):
    """The bundle that discs gave: its name, bytes and payload's digest, and how many discs there were."""

    name: str
    size: int
    payload: str
    total: int


def find_discs(paths: Sequence[str]) -> List[str]:
    """The discs' own files in the folders named, and in those below that `split` makes.

    Raises:
        BundleUnreadable: a folder cannot be read.
    """
    found: List[str] = []
    for path in filter(os.path.isdir, paths):
        sets = [each for each in _below(path) if each.endswith(SUFFIX)]
        for folder in [path, *_below(path), *(each for one in sets for each in _below(one))]:
            found += [os.path.join(folder, name) for name in _listed(folder) if _FILE.fullmatch(name)]
    return found


def _below(folder: str) -> List[str]:
    paths = [os.path.join(folder, name) for name in _listed(folder)]
    # A link could lead out of the medium, into folders that nobody named.
    return [each for each in paths if os.path.isdir(each) and not os.path.islink(each)]


def _listed(folder: str) -> List[str]:
    try:
        return sorted(os.listdir(folder))
    except OSError as error:
        raise BundleUnreadable(f"cannot read the folder {folder!a}: {error.strerror}") from error


def check_discs(files: Sequence[str]) -> List[FoundDisc]:
    """Hold every file of each disc against the manifest that lies on it, none needing another.

    Args:
        files: as `find_discs` gives them.
    """
    return [_checked(_read(file)) for file in files]


def _checked(found: FoundDisc) -> FoundDisc:
    if found.disc is None:
        return found
    try:
        bundle, _ = _opened([found])
        listed = {member.path: member for member in bundle.manifest.members}
        bad = [
            _fault(found.folder, listed.get(path), path) for path in found.disc.discs[found.disc.number - 1]
        ]
    except FarsideError as error:
        return found._replace(error=error.message)
    # Five tell that a disc is bad; a thousand lines would hide it.
    return found._replace(error="; ".join([each for each in bad if each][:5]))


def _fault(folder: str, member: Optional[Member], path: str) -> str:
    if member is None:
        return f"it names {path!a}, which the bundle has not"
    return _copied(_place(folder, member), member, lambda _: None)


def join_discs(files: Sequence[str], bundle: str, progress: Optional[Progress] = None) -> JoinedDiscs:
    """Put a bundle together from its discs, whole or not at all; in any order.

    The bundle's signature is not checked here: `verify_bundle` does that.

    Args:
        files: as `find_discs` gives them.
        bundle: where it goes; a file there is replaced. Empty: the bundle's own name, in this folder.
        progress: hears how far it is.

    Raises:
        VolumeDamaged: files are damaged; they are named with their discs.
        VolumesIncomplete: discs are missing, or they are of several bundles.
        FileNotWritten: no room. Whatever is raised, a file at `bundle` is as it was.
    """
    found = [_read(file) for file in files]
    disc = _one_set(found)
    unpacked, statement = _opened(found)
    places = _places(found, disc, unpacked.manifest.members)
    with new_file(bundle or disc.name) as out:
        _write(out, unpacked, statement, places, progress or _silent)
    size = HEAD_SIZE + statement.payload.size
    return JoinedDiscs(disc.name, size, statement.payload.sha256, disc.total)


def _silent(_done: int, _total: int) -> None:
    """Nobody listens."""


def _read(file: str) -> FoundDisc:
    folder = os.path.dirname(file)
    try:
        return FoundDisc(folder, parse_disc(read_whole(file, manifest.LIMIT, follow=False)))
    except OSError as error:
        return FoundDisc(folder, None, f"it cannot be read: {error.strerror}")
    except VolumeDamaged as error:
        return FoundDisc(folder, None, error.message)


def _one_set(found: Sequence[FoundDisc]) -> Disc:
    """What all discs agree on."""
    bad = [f"{each.folder!a}: {each.error}" for each in found if each.disc is None]
    if bad:
        raise VolumeDamaged("; ".join(bad))
    discs = [each.disc for each in found if each.disc is not None]
    # All but the number must agree, the paths on each disc too: two ways of splitting do not mix.
    if len({each._replace(number=1) for each in discs}) > 1:
        raise VolumesIncomplete("these discs are of several bundles, or of one that was split twice")
    return discs[0]


def _opened(found: Sequence[FoundDisc]) -> Tuple[BundleFolder, Statement]:
    """The manifest and what was signed, from the first disc that has them whole."""
    tried = [_opened_one(each) for each in found]
    for one in tried:
        if not isinstance(one, str):
            return one
    raise VolumeDamaged(f"no disc has the manifest as it was signed: {tried[0]}")


def _opened_one(found: FoundDisc) -> "Union[Tuple[BundleFolder, Statement], str]":
    """The same of one disc, or why not."""
    try:
        folder = open_folder(os.path.join(found.folder, FOLDER))
        said = folder.statement
        if said is None or found.disc is None or said.payload.sha256 != found.disc.payload:
            return f"{found.folder!a}: its envelope is missing, or another bundle's"
        # Signatures are no part of the payload: without this a damaged one would be found by `verify` alone.
        if hashlib.sha256(head_of(folder.path)).hexdigest() != found.disc.head:
            return f"{found.folder!a}: its envelope is damaged"
        stated_manifest(said, manifest.encode(folder.manifest.document))
    except FarsideError as error:
        return f"{found.folder!a}: {error.message}"
    return folder, said


def _place(folder: str, member: Member) -> str:
    # The signed manifest's path, which the reader has found to be safe; no disc says where its files lie.
    return os.path.join(folder, FOLDER, *member.path.split("/"))


def _places(found: Sequence[FoundDisc], disc: Disc, members: Sequence[Member]) -> Dict[str, str]:
    """Where each file of the bundle lies."""
    places: Dict[str, str] = {}
    for member in members:
        there = (_place(each.folder, member) for each in found)
        places[member.path] = next(filter(os.path.lexists, there), "")
    lost = [path for path, place in places.items() if not place]
    here = {each.disc.number for each in found if each.disc is not None}
    absent = sorted(set(range(1, disc.total + 1)) - here)
    # A file that lacks is no damage as long as a disc lacks that may have it.
    if lost and absent:
        raise VolumesIncomplete(f"of {disc.total} discs these are missing: {number_list(absent)}")
    if lost:
        raise VolumeDamaged("; ".join(f"{_disc_of(disc, path)} lacks {path}" for path in lost[:5]))
    return places


def _disc_of(disc: Disc, path: str) -> str:
    numbers = [number for number, paths in enumerate(disc.discs, 1) if path in paths]
    return f"disc {numbers[0]}" if numbers else "every disc"


def _write(
    out: BinaryIO, bundle: BundleFolder, statement: Statement, places: Dict[str, str], tell: Progress
) -> None:
    """The file; goes on after a bad file, to name all that are bad at once."""
    whole = hashlib.sha256()
    bad: List[str] = []
    total = HEAD_SIZE + statement.payload.size

    def put(data: bytes) -> None:
        whole.update(data)
        out.write(data)
        tell(out.tell(), total)

    head = head_of(bundle.path)
    out.write(head)
    # The first part is the head, which the payload's digest does not cover.
    for part in islice(parts(bundle, head), 1, None):
        if isinstance(part, bytes):
            put(part)
            continue
        fault = _copied(places[part.path], part, put)
        bad += [f"{places[part.path]!a}: {fault}"] if fault else []
    if bad:
        raise VolumeDamaged("; ".join(bad[:5]))
    # Order, padding and headers of the archive are in no file: only this digest holds them.
    if whole.hexdigest() != statement.payload.sha256:
        raise VolumeDamaged("every file is good, but together they are not the bundle that was signed")


def _copied(path: str, member: Member, put: Callable[[bytes], None]) -> str:
    """Hand a file on; why it is not the manifest's, where it is not."""
    try:
        for chunk in _chunks(path, member):
            put(chunk)
    except VolumeDamaged as error:
        return error.message
    return ""


def _chunks(path: str, member: Member) -> Iterator[bytes]:
    """A file's bytes, never more than its size; the last of them only says whether they are right."""
    seen = hashlib.sha256()
    try:
        with open_plain(path, follow=False) as file:
            if os.fstat(file.fileno()).st_size != member.size:
                raise VolumeDamaged(f"{member.path} has another size than the manifest says")
            for chunk in first_chunks(file, member.size):
                seen.update(chunk)
                yield chunk
    except OSError as error:
        raise VolumeDamaged(f"{member.path} cannot be read: {error.strerror}") from error
    if seen.hexdigest() != member.sha256:
        raise VolumeDamaged(f"{member.path} has other bytes than the manifest says")
