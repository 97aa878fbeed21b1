"""Volumes checked one by one, and joined to the bundle. Standard library only, Python 3.6 and later."""

import hashlib
import os
from typing import BinaryIO, Callable, Dict, List, NamedTuple, Optional, Sequence, Tuple

from ..atomic import demand_other, new_file
from ..bundle.reader import open_bundle, read_unverified
from ..errors import (
    BundleDamaged,
    BundleUnreadable,
    FarsideError,
    VolumeDamaged,
    VolumesIncomplete,
)
from .volumes import MARK, Volume, read_content, read_header

Progress = Callable[[int, int], None]
"""Hears how many bytes are done, and of how many."""


class Checked(NamedTuple):
    """A volume's file that was read whole. `volume` is None where its header is bad; `error` says why not."""

    path: str
    volume: Optional[Volume]
    error: str


def find_volumes(paths: Sequence[str]) -> List[str]:
    """The volumes' files: the files named, and of folders named the files that are called like volumes.

    Raises:
        BundleUnreadable: a path is not there, or a folder cannot be read.
        VolumesIncomplete: there is none.
    """
    found: List[str] = []
    for path in paths:
        if not os.path.lexists(path):
            raise BundleUnreadable(f"there is no {path!a}")
        found.extend(_inside(path) if os.path.isdir(path) else [path])
    if not found:
        raise VolumesIncomplete("there are no volumes: " + ", ".join(ascii(path) for path in paths))
    return found


def _inside(folder: str) -> List[str]:
    try:
        # Some systems leave hidden companions (`._NAME`) on sticks: same mark in the name, no volume.
        names = sorted(name for name in os.listdir(folder) if MARK in name and not name.startswith("."))
    except OSError as error:
        raise BundleUnreadable(f"cannot read the folder {folder!a}: {error.strerror}") from error
    return [os.path.join(folder, name) for name in names]


def check_volumes(paths: Sequence[str], progress: Optional[Progress] = None) -> List[Checked]:
    """Read every volume whole, each by itself, none needing another.

    Args:
        paths: files, as `find_volumes` gives them.
        progress: hears how far it is.
    """
    tell = _BytesTold(paths, progress)
    return [_check(path, tell) for path in paths]


def _check(path: str, tell: "_BytesTold") -> Checked:
    found = _header_of(path)
    if found.volume is None:
        return found
    return _copy(path, found.volume, lambda chunk: tell.add(len(chunk)))


def join_volumes(paths: Sequence[str], bundle: str, progress: Optional[Progress] = None) -> Volume:
    """Put a bundle together again, whole or not at all. The order of the paths does not matter.

    The bundle's signature is not checked here: `verify_bundle` does that.

    Args:
        paths: files, as `find_volumes` gives them.
        bundle: where it goes; a file there is replaced. Empty: the bundle's own name, in this folder.
        progress: hears how far it is.

    Returns:
        The last volume, whose fields tell about the whole.

    Raises:
        VolumeDamaged: some are damaged; all of them are named.
        VolumesIncomplete: some are missing or there twice, or they are of several bundles.
        FileNotWritten: no room. Whatever is raised, a file at `bundle` is as it was.
    """
    demand_other(bundle, paths)
    ordered = _one_set([_header_of(path) for path in paths])
    last = ordered[-1][1]
    with new_file(bundle or last.name) as out:
        _write(out, ordered, _BytesTold(paths, progress))
        out.flush()
        try:
            # Only whether it is a bundle at all: whoever joins may have no key at hand; whoever installs
            # must.
            read_unverified(out)
        except BundleDamaged as error:
            raise VolumeDamaged(f"the volumes are good, but what they hold is no bundle: {error}") from error
    return last


def _header_of(path: str) -> Checked:
    try:
        with open_bundle(path) as file:
            return Checked(path, read_header(file), "")
    except FarsideError as error:
        return Checked(path, None, error.message)


def _one_set(found: List[Checked]) -> List[Tuple[str, Volume]]:
    """The volumes of one bundle in order: path and header of each."""
    bad = [one for one in found if one.volume is None]
    if bad:
        raise VolumeDamaged(_damage(bad))
    volumes = [(one.path, one.volume) for one in found if one.volume is not None]
    sets: Dict[Tuple[str, str, int, int], str] = {}
    for path, volume in volumes:
        # The digest alone does not do: one bundle can be split twice, into other sizes.
        key = (volume.bundle_sha256, volume.name, volume.bundle_size, volume.total)
        sets.setdefault(key, path)
    if len(sets) > 1:
        example = " and ".join(os.path.basename(path) for path in list(sets.values())[:2])
        raise VolumesIncomplete(f"these are volumes of {len(sets)} sets: {ascii(example)[1:-1]} differ")
    ordered = sorted(volumes, key=lambda one: one[1].number)
    _demand_all(ordered)
    return ordered


def _demand_all(ordered: List[Tuple[str, Volume]]) -> None:
    """Refuse a set with a number that is missing or there twice, or with pieces that do not meet."""
    total, numbers = ordered[0][1].total, [volume.number for _, volume in ordered]
    missing = sorted(set(range(1, total + 1)) - set(numbers))
    if missing:
        raise VolumesIncomplete(f"of {total} volumes these are missing: {number_list(missing)}")
    twice = [number for number, again in zip(numbers, numbers[1:]) if number == again]
    if twice:
        raise VolumesIncomplete(f"of {total} volumes these are there twice: {number_list(twice)}")
    ends = [volume.offset + volume.size for _, volume in ordered]
    if any(volume.offset != end for (_, volume), end in zip(ordered[1:], ends)):
        raise VolumesIncomplete("these volumes were not split from one bundle: their pieces do not meet")


def number_list(numbers: Sequence[int]) -> str:
    """Numbers for people, the first twenty of them."""
    shown = ", ".join(str(number) for number in numbers[:20])
    return shown if len(numbers) <= 20 else f"{shown} and {len(numbers) - 20} more"  # noqa: PLR2004


def _write(out: BinaryIO, ordered: List[Tuple[str, Volume]], tell: "_BytesTold") -> None:
    """All pieces, one after another; goes on after a bad one, to name all that are bad at once."""
    whole = hashlib.sha256()

    def put(chunk: bytes) -> None:
        whole.update(chunk)
        out.write(chunk)
        tell.add(len(chunk))

    copied = [_copy(path, volume, put) for path, volume in ordered]
    bad = [one for one in copied if one.error]
    if bad:
        raise VolumeDamaged(_damage(bad))
    if whole.hexdigest() != ordered[0][1].bundle_sha256:
        raise VolumeDamaged("every volume is good, but together they are not the bundle that was split")


def _copy(path: str, volume: Volume, put: Callable[[bytes], None]) -> Checked:
    """One piece to `put`, checked on the way; the header is the one that was read before."""
    try:
        with open_bundle(path) as file:
            # Headers are read once before, to know the order; the medium may have been exchanged since.
            same = read_header(file) == volume
            for chunk in read_content(file, volume):
                put(chunk)
    except (BundleUnreadable, VolumeDamaged) as error:
        return Checked(path, volume, error.message)
    return Checked(path, volume, "" if same else "it has changed just now")


def _damage(bad: List[Checked]) -> str:
    return "; ".join(f"{_label(one)}: {one.error}" for one in bad)


def _label(one: Checked) -> str:
    """What to look for in the stack of discs."""
    name = ascii(os.path.basename(one.path))[1:-1]
    return f"volume {one.volume.number} of {one.volume.total} ({name})" if one.volume else name


class _BytesTold:
    """Adds up bytes for whoever listens."""

    def __init__(self, paths: Sequence[str], progress: Optional[Progress]) -> None:
        self._progress = progress
        self._done = 0
        self._total = sum(os.path.getsize(path) for path in paths if os.path.isfile(path))

    def add(self, count: int) -> None:
        """So many more bytes are done."""
        self._done += count
        if self._progress is not None:
            self._progress(self._done, self._total)
