"""One index that grows: bundles are added, old ones go, and each state is a snapshot. Python 3.6, stdlib.

    DIR/.parity-growing-index      what it is
    DIR/current                    -> snapshots/7; to replace this link is to switch, in one step
    DIR/simple, DIR/index.html     -> current/…
    DIR/snapshots/7/               the pages, and snapshot.json, which says what is in it
    DIR/files/SHA256/              a wheel and its metadata, once for all snapshots

Whoever asks while it is switched sees the old state or the new one, and the files of both are there. What
a killed run left is removed by the next one.
"""

import fcntl
import os
import re
import secrets
import shutil
from contextlib import contextmanager, suppress
from typing import Dict, Iterable, Iterator, List, NamedTuple, Optional, Sequence, Tuple

from ...portable.atomic import sync_folder
from ...portable.errors import BundlesDisagree, IndexNotWritten, NoIndexThere, PrefixInUse
from ...portable.sha256 import is_sha256
from . import pages, static
from .catalogue import Catalogue, ListedBundle, by_project, listed
from .snapshot import NOTHING, RECORD, HeldBundle, Snapshot, encode, read_snapshot

MARK = ".parity-growing-index"
_MARK_TEXT = b"Made by parity; `parity index DIR --add BUNDLE` changes it.\n"
_KEPT = 3
"""Snapshots that stay: the one in use, and those that a rollback may lead to."""
_NUMBER = re.compile(r"[1-9][0-9]{0,8}", re.ASCII)
_FOLDERS = ("snapshots", "files")


class Switched(NamedTuple):
    """What a run changed: the snapshot now in use, which bundles came and went."""

    snapshot: Snapshot
    added: Tuple[ListedBundle, ...]
    dropped: Tuple[ListedBundle, ...]


def grow(
    catalogue: Catalogue, folder: str, keep: int = 0, progress: Optional[static.Progress] = None
) -> Switched:
    """Add bundles to an index, and let old ones go.

    Args:
        catalogue: the bundles that are added; may be empty.
        folder: a new folder, an empty one, or an index that this function wrote.
        keep: how many bundles stay of a product for a target, those with the highest serials; 0 for all.
        progress: hears how many bytes of new wheels are written.

    Raises:
        PrefixInUse: the folder holds something else, or another run is at work there.
        BundlesDisagree: other bytes under a file name that is in the index.
        IndexNotWritten: the file system said no.
        NoIndexThere: its record cannot be read.
        BundleDamaged, BundleUnreadable: a bundle is no longer what was verified.
    """
    place = os.path.abspath(folder)
    with _alone(place, new=True):
        old = _current(place)
        snapshot = _next(old, _highest(place) + 1, catalogue, keep)
        # Files, then the pages that name them, then the link: killed after any step, the index is whole.
        _bring_files(catalogue, place, {wheel.sha256 for wheel in snapshot.wheels}, progress)
        if snapshot.number != old.number:
            _write_snapshot(snapshot, place)
        _switch(place, snapshot.number)
        _prune(place, snapshot)
    return _switched(old, snapshot)


def roll_back(folder: str) -> Switched:
    """Switch to the snapshot before; errors as `grow`, and NoIndexThere where there is none before."""
    place = os.path.abspath(folder)
    with _alone(place, new=False):
        now = _current(place)
        if not now.previous or not os.path.isdir(_folder_of(place, now.previous)):
            raise NoIndexThere(f"{place} has no snapshot before {now.number}", remedy=_NO_WAY_BACK)
        # What is left behind stays until it is pruned; a rollback removes nothing.
        before = _read_in(place, now.previous)
        _switch(place, before.number)
    return _switched(now, before)


_NO_WAY_BACK = "add the bundles that are wanted: parity index DIR --add BUNDLE"


def _switched(old: Snapshot, new: Snapshot) -> Switched:
    before, after = [each.listed for each in old.bundles], [each.listed for each in new.bundles]
    return Switched(
        new,
        tuple(each for each in after if each not in before),
        tuple(each for each in before if each not in after),
    )


# --- what the next snapshot holds -------------------------------------------------------------------------


def _next(old: Snapshot, number: int, catalogue: Catalogue, keep: int) -> Snapshot:
    new = [
        HeldBundle(each.listed(), _wheels_of(catalogue, place))
        for place, each in enumerate(catalogue.bundles)
    ]
    # The same payload again, perhaps with other signatures, takes the old one's place.
    again = {each.listed.payload_sha256 for each in new}
    bundles = _kept([each for each in old.bundles if each.listed.payload_sha256 not in again] + new, keep)
    stayed = {name for each in bundles if each not in new for name in each.wheels}
    wheels = {wheel.filename: wheel for wheel in old.wheels if wheel.filename in stayed}
    came = {name for each in bundles if each in new for name in each.wheels}
    for wheel in map(listed, catalogue.wheels.values()):
        if wheel.filename in came and wheels.setdefault(wheel.filename, wheel).sha256 != wheel.sha256:
            raise BundlesDisagree(
                f"{wheel.filename} is sha256:{wheels[wheel.filename].sha256} in the index and "
                f"sha256:{wheel.sha256} in what is added: an index can offer only one of them"
            )
    ordered = sorted(wheels.values(), key=lambda each: (each.project, each.filename))
    if (tuple(bundles), tuple(ordered)) == (old.bundles, old.wheels) and old.number:
        # One more of the same state would stand in the way of a rollback.
        return old
    return Snapshot(number, old.number, tuple(bundles), tuple(ordered))


def _wheels_of(catalogue: Catalogue, place: int) -> Tuple[str, ...]:
    rows = catalogue.bundles[place].verified.manifest.document["packages"]
    return tuple(sorted(row["wheel"].rpartition("/")[2] for row in rows))


def _kept(bundles: Sequence[HeldBundle], keep: int) -> List[HeldBundle]:
    """The bundles that stay: of each product for each target those with the highest serials."""
    # By the signed serial and not by dates: clocks behind a gap are wrong.
    lines: Dict[Tuple[str, str], List[HeldBundle]] = {}
    for each in sorted(bundles, key=lambda each: -each.listed.serial):
        lines.setdefault((each.listed.product, each.listed.made_for), []).append(each)
    kept = [each for line in lines.values() for each in (line[:keep] if keep else line)]
    return sorted(kept, key=lambda each: (each.listed.product, each.listed.made_for, each.listed.serial))


# --- reading ----------------------------------------------------------------------------------------------


def _current(place: str) -> Snapshot:
    """The snapshot in use; one of nothing where none was made yet."""
    link = os.path.join(place, "current")
    if not os.path.lexists(link):
        return NOTHING
    folder, _, number = os.readlink(link).rpartition("/")
    if folder != "snapshots" or not _NUMBER.fullmatch(number):
        raise NoIndexThere(f"{link} leads to none of the snapshots there")
    return _read_in(place, int(number))


def _read_in(place: str, number: int) -> Snapshot:
    return read_snapshot(os.path.join(_folder_of(place, number), RECORD), number)


def _highest(place: str) -> int:
    return max([0, *_numbers(place)])


def _numbers(place: str) -> List[int]:
    folder = os.path.join(place, "snapshots")
    return [int(each) for each in os.listdir(folder) if _NUMBER.fullmatch(each)]


def _folder_of(place: str, number: int) -> str:
    return os.path.join(place, "snapshots", str(number))


# --- writing ----------------------------------------------------------------------------------------------


def _bring_files(
    catalogue: Catalogue, place: str, wanted: Iterable[str], progress: Optional[static.Progress]
) -> None:
    """The wheels that are not there yet, each in a folder that gets its name when it is whole."""
    files, needed = os.path.join(place, "files"), set(wanted)
    new = [wheel for wheel in catalogue.wheels.values() if wheel.sha256 in needed]
    # A folder got that name when its wheel was whole and hashed.
    new = [wheel for wheel in new if not os.path.isdir(os.path.join(files, wheel.sha256))]
    total, done = sum(wheel.size for wheel in new), 0
    for wheel in new:
        with _new_folder(files, wheel.sha256) as work:
            with static.new_file(os.path.join(work, wheel.filename)) as descriptor:
                for chunk in catalogue.chunks(wheel):
                    static.write_all(descriptor, chunk)
                    done += len(chunk)
                    if progress is not None:
                        progress(done, total)
            static.write(os.path.join(work, wheel.filename + ".metadata"), catalogue.metadata(wheel))


def _write_snapshot(snapshot: Snapshot, place: str) -> None:
    with _new_folder(os.path.join(place, "snapshots"), str(snapshot.number)) as work:
        offers = pages.Offered([each.listed for each in snapshot.bundles], snapshot.wheels)
        static.write_pages(offers, by_project(snapshot.wheels), work, pages.by_digest)
        static.write(os.path.join(work, RECORD), encode(snapshot))


@contextmanager
def _new_folder(parent: str, name: str) -> Iterator[str]:
    work = os.path.join(parent, f".{name}.{secrets.token_hex(8)}.tmp")
    os.mkdir(work)
    try:
        yield work
        static.sync_folders(work)
        os.rename(work, os.path.join(parent, name))
        sync_folder(parent)
    finally:
        shutil.rmtree(work, ignore_errors=True)


def _switch(place: str, number: int) -> None:
    _link(place, "current", f"snapshots/{number}")
    for name in ("simple", "index.html"):
        if not os.path.islink(os.path.join(place, name)):
            _link(place, name, f"current/{name}")
    sync_folder(place)


def _link(place: str, name: str, to: str) -> None:
    # A rename over a link: there is no moment without one.
    work = os.path.join(place, f".{name}.{secrets.token_hex(8)}.tmp")
    os.symlink(to, work)
    os.replace(work, os.path.join(place, name))


def _prune(place: str, now: Snapshot) -> None:
    """Remove the snapshots that no rollback leads to, and the files that no snapshot has."""
    # By the records, not by numbers: after a rollback the one before is not the number before.
    kept = [now]
    while len(kept) < _KEPT and kept[-1].previous in _numbers(place):
        kept.append(_read_in(place, kept[-1].previous))
    numbers = {str(each.number) for each in kept}
    digests = {wheel.sha256 for each in kept for wheel in each.wheels}
    # Only names that we give: a file system has folders of its own, and so have people.
    for folder, names, ours in (("snapshots", numbers, _NUMBER.fullmatch), ("files", digests, is_sha256)):
        for name in os.listdir(os.path.join(place, folder)):
            if name not in names and ours(name):
                shutil.rmtree(os.path.join(place, folder, name), ignore_errors=True)


# --- the folder -------------------------------------------------------------------------------------------


@contextmanager
def _alone(place: str, *, new: bool) -> Iterator[None]:
    """The folder, locked; what a killed run left in it is gone."""
    try:
        if new:
            os.makedirs(place, exist_ok=True)
        elif not os.path.isfile(os.path.join(place, MARK)):
            raise NoIndexThere(f"{place} is no index that `parity index DIR --add` wrote", _AS_A_WHOLE)
        lock = os.open(place, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if new:
                _begin(place)
            _demand_own(place)
            _sweep(place)
            yield
        except BlockingIOError:
            raise PrefixInUse(f"another run is at work in {place}", remedy=_WAIT) from None
        finally:
            os.close(lock)
    except OSError as error:
        raise IndexNotWritten(f"cannot write {place}: {error.strerror or error}") from error


_AS_A_WHOLE = (
    "only an index that grows has a way back (parity index DIR --add BUNDLE); one that was written as "
    "a whole is written anew from other bundles: parity index BUNDLE DIR"
)
_WAIT = "wait until it has ended, and repeat"
_NO_LINK = "put the folder itself there; for another disk, mount it there, or let the whole index lie on it"
_OTHER = "name another folder; to write an index as a whole: parity index BUNDLE DIR"


def _begin(place: str) -> None:
    if MARK not in os.listdir(place):
        if os.listdir(place):
            raise PrefixInUse(f"{place} holds something that is no growing index of parity's", remedy=_OTHER)
        # The mark first: whoever is killed after it leaves a folder that the next run takes.
        static.write(os.path.join(place, MARK), _MARK_TEXT)
    for name in _FOLDERS:
        with suppress(FileExistsError):
            os.mkdir(os.path.join(place, name))


def _demand_own(place: str) -> None:
    """Refuse folders that are links: what is removed and written there would be somebody else's."""
    for name in _FOLDERS:
        path = os.path.join(place, name)
        if os.path.islink(path) or not os.path.isdir(path):
            raise PrefixInUse(f"{path} is no folder of the index's own", remedy=_NO_LINK)


def _sweep(place: str) -> None:
    """Remove what killed runs left: we hold the lock, so nobody writes any of it."""
    for folder in (place, *(os.path.join(place, name) for name in _FOLDERS)):
        for name in os.listdir(folder):
            if not re.fullmatch(r"\..+\.[0-9a-f]{16}\.tmp", name):
                continue
            path = os.path.join(folder, name)
            if os.path.isdir(path) and not os.path.islink(path):
                shutil.rmtree(path, ignore_errors=True)
            else:
                os.unlink(path)
