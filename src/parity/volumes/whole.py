"""A bundle's files under their own names on discs; the layout and the way back: `portable.transfer.discs`."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from parity.errors import OptionConflict, WriteFailed
from parity.files import atomic_file
from parity.portable.atomic import folder_beside, sweep_beside, sync_folder
from parity.portable.bundle.envelope import encode_head
from parity.portable.bundle.manifest import ENVELOPE_NAME, NAME, Member, encode
from parity.portable.bundle.reader import UnverifiedBundle, member_chunks, open_bundle, read_unverified
from parity.portable.bundle.ustar import BLOCK
from parity.portable.texts import counted
from parity.portable.transfer.discs import FOLDER, README, SUFFIX, Disc, disc_file, encode_disc, sums_file
from parity.portable.transfer.volumes import MAX_VOLUMES
from parity.progress import Reporter
from parity.volumes.split import bundle_name, checked_digest

# ISO 9660 and UDF take blocks of 2,048 bytes, ext4 and NTFS of 4,096: the larger fits all of them.
_CLUSTER = 4096
"""What a file takes on a medium is counted in these, and one more for each folder."""
_ROW = 64 + 2 + len(FOLDER) + 1 + 1
"""A line for `sha256sum -c`, without its path."""
_TEXT = """\
Disc {number} of {count} of {name}: a bundle's files under their own names. To check this disc by itself:

    sha256sum -c {sums}

With parity-farside.py and all discs, in any order, which gives the bundle's file:

    python3 parity-farside.py join DISC DISC ... -o {name}
    python3 parity-farside.py verify {name} --key SENDER.pub

With stock tools: copy the folder {folder} of every disc into one place, where they become one folder. That is
the unpacked bundle, and its own README.txt says how to verify and install it. What is signed is the manifest.
"""


@dataclass(frozen=True)
class SplitDiscs:
    """A folder of discs: each disc's folder, what it says of itself, and the bytes of the files on it."""

    folder: Path
    discs: tuple[tuple[Path, Disc, int], ...]


def split_whole(path: Path, folder: Path, size: int, reporter: Reporter) -> SplitDiscs:
    """Spread a bundle's files over discs, no file cut, into a new folder `NAME.discs`.

    The bundle's digests are checked, its signature is not: that is for whoever joins the discs.

    Args:
        path: the bundle.
        folder: where the folder of discs goes; made if it is not there.
        size: the most bytes on a disc, files counted in clusters of 4 KiB.
        reporter: hears how far it is.

    Raises:
        OptionConflict: a file is larger than a disc, or there is such a folder already.
        BundleDamaged, BundleUnreadable: the bundle is.
        WriteFailed: no room. Whatever is raised, there is no such folder then.
    """
    with open_bundle(str(path)) as file:
        bundle = read_unverified(file)
        name = bundle_name(bundle.statement)
        place = folder / (name + SUFFIX)
        if os.path.lexists(place):
            raise OptionConflict(
                f"there is {place} already", remedy="move it away, or name another folder with -o"
            )
        spread = _spread(bundle, size)
        payload = bundle.statement.payload.sha256
        head = hashlib.sha256(encode_head(bundle.envelope)).hexdigest()
        discs = [Disc(name, payload, head, number, spread) for number in range(1, len(spread) + 1)]
        reporter.stage("check", path.name)
        checked_digest(file, bundle.statement, reporter)
        reporter.stage("split", counted(len(discs), "disc"))
        with _new_folder(place) as work:
            sizes = _DiscWriter(file, bundle, work, reporter).write(discs)
    told = zip(discs, sizes, strict=True)
    return SplitDiscs(place, tuple((place / _folder_of(disc), disc, count) for disc, count in told))


def _folder_of(disc: Disc) -> str:
    return f"disc-{disc.label}"


def _spread(bundle: UnverifiedBundle, size: int) -> tuple[tuple[str, ...], ...]:
    """The paths on each disc: each file in payload order goes to the first disc that has room."""
    members = bundle.manifest.members
    free = size - _shared(bundle)
    discs: list[list[str]] = []
    left: list[int] = []
    # First fit in payload order: not the fewest discs, but the same ones on every machine.
    for member in members:
        cost = _cost(member.size) + _ROW + len(member.path)
        # Said before anything is written, and with the way out.
        if cost > free:
            raise OptionConflict(
                f"{member.path} has {member.size} bytes: beside what is on each, it fits no disc of {size}",
                remedy="choose a larger --size; or leave out --whole-files: then the bundle is cut anywhere",
            )
        number = next((each for each, room in enumerate(left) if room >= cost), len(left))
        if number == len(left):
            discs.append([])
            left.append(free)
        discs[number].append(member.path)
        left[number] -= cost
    if len(discs) > MAX_VOLUMES:
        raise OptionConflict(
            f"this would give {len(discs)} discs, {MAX_VOLUMES} is the most", remedy="choose a larger --size"
        )
    return tuple(tuple(paths) for paths in discs) or ((),)


def _cost(size: int) -> int:
    return -(-size // _CLUSTER) * _CLUSTER


def _shared(bundle: UnverifiedBundle) -> int:
    """What lies on every disc: manifest, envelope, the list of all files, texts, and the folders."""
    members = bundle.manifest.members
    folders = {parent for member in members for parent in _parents(member.path)}
    listed = sum(len(member.path) + 3 for member in members) + 2048
    small = [len(encode(bundle.manifest.document)), len(_envelope(bundle)), listed, len(_TEXT) + 2048, 1024]
    return sum(map(_cost, small)) + _CLUSTER * (len(folders) + 3)


def _parents(path: str) -> Iterator[str]:
    parts = path.split("/")[:-1]
    yield from ("/".join(parts[:count]) for count in range(1, len(parts) + 1))


def _envelope(bundle: UnverifiedBundle) -> bytes:
    """As `tar xf` leaves it: the head without its tar header."""
    return encode_head(bundle.envelope)[BLOCK:]


class _DiscWriter:
    """Writes the discs of one bundle below a folder."""

    def __init__(self, file: BinaryIO, bundle: UnverifiedBundle, work: Path, reporter: Reporter) -> None:
        self._file = file
        self._bundle = bundle
        self._work = work
        self._reporter = reporter
        self._members = {member.path: member for member in bundle.manifest.members}
        self._total = sum(member.size for member in self._members.values())
        self._done = 0

    def write(self, discs: Sequence[Disc]) -> list[int]:
        """All of them; gives the bytes on each."""
        return [self._write_disc(disc) for disc in discs]

    def _write_disc(self, disc: Disc) -> int:
        folder, sums, total = self._work / _folder_of(disc), list[str](), 0
        for path, chunks in self._files(disc):
            seen = hashlib.sha256()
            with atomic_file(folder / path) as out:
                for chunk in chunks():
                    seen.update(chunk)
                    total += len(chunk)
                    out.write(chunk)
                out.commit()
            # `sha256sum -c` reads two blanks; no path of a manifest has a backslash or a newline to escape.
            sums.append(f"{seen.hexdigest()}  {path}\n")
        with atomic_file(folder / sums_file(disc)) as out:
            out.write("".join(sums).encode("ascii"))
            out.commit()
        return total + sum(map(len, sums))

    def _files(self, disc: Disc) -> Iterator[tuple[str, Callable[[], Iterable[bytes]]]]:
        told = _TEXT.format(
            number=disc.number, count=disc.total, name=disc.name, sums=sums_file(disc), folder=FOLDER
        )
        small = {
            README: told.encode("ascii"),
            disc_file(disc): encode_disc(disc),
            f"{FOLDER}/{NAME}": encode(self._bundle.manifest.document),
            f"{FOLDER}/{ENVELOPE_NAME}": _envelope(self._bundle),
        }
        # Small files first: a disc that was cut while it was copied still says which one it is.
        for path, data in small.items():
            yield path, lambda data=data: (data,)  # type: ignore[misc]
        for path in disc.discs[disc.number - 1]:
            member = self._members[path]
            yield f"{FOLDER}/{path}", lambda member=member: self._chunks(member)  # type: ignore[misc]

    def _chunks(self, member: Member) -> Iterator[bytes]:
        # `member_chunks` compares the digest at the end: a bundle that changes meanwhile gives no discs.
        for chunk in member_chunks(self._file, member):
            self._done += len(chunk)
            self._reporter.advance(self._done, self._total, member.path)
            yield chunk


@contextmanager
def _new_folder(place: Path) -> Iterator[Path]:
    """A folder that gets its name when it is whole."""
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        absolute = os.path.abspath(place)
        sweep_beside(absolute)
        with folder_beside(absolute) as work:
            yield Path(work)
            # One rename gives all discs their name: whoever looks sees none of them, or all.
            os.rename(work, absolute)
        sync_folder(os.path.dirname(absolute))
    except OSError as error:
        raise WriteFailed(f"the discs cannot be written: {error.strerror}", where=str(place)) from error
