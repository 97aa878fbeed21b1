"""Wheels installed while they are judged (PEP 427, "Spread"). Standard library only, Python 3.6 and later.

The environment is new, nobody uses it yet, and it is removed where the judgement turns out badly. So each
file is unpacked once, for the judge and for the disk. Nothing is ever overwritten on the way: what is there
already stays, and is looked at when the whole set is known.
"""

import base64
import csv
import hashlib
import io
import os
from typing import Callable, Collection, Dict, List, NamedTuple, Optional, Sequence, Set, Tuple

from .entrypoints import Launcher, is_launchable
from .forks import fork_map
from .launchers import launcher_text, rewritten
from .layout import HEADERS, SITE
from .record import Row
from .wheel import Judgement, Keeper, judge
from .wheelset import SetJudgement, WheelFile, judge_together, largest_first
from .zipcheck import CentralEntry

INSTALLER = "parity"
_NEW_FILE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
# PEP 376, 610 and uv's own: who installed and where from is ours to say, not the wheel's.
_OURS = ("RECORD", "INSTALLER", "REQUESTED", "direct_url.json", "uv_cache.json", "uv_build.json")


class InstallScheme(NamedTuple):
    """Where an environment takes files, as absolute paths: itself, its site-packages, its headers."""

    environment: str
    packages: str
    headers: str

    @property
    def python(self) -> str:
        """The interpreter that its scripts name."""
        return os.path.join(self.environment, "bin", "python")


def install_all(
    wheels: Sequence[WheelFile], site: InstallScheme, allow: Collection[str], folder: str
) -> SetJudgement:
    """Judge a set of wheels and install it.

    Args:
        wheels: the set.
        site: of a new environment that nobody uses yet.
        allow: see `wheelset.judge_set`.
        folder: for temporary files.

    Returns:
        the judgement; what was installed is worth nothing where it refuses.

    Raises:
        OSError: a wheel cannot be read, or the environment cannot be written.
        InstallFailed: see `fork_map`.
    """
    order = largest_first(wheels)

    def work(wheel: WheelFile) -> Tuple[Judgement, List[str]]:
        return _install_one(wheel, site)

    done = dict(zip(order, fork_map(work, order, folder)))
    judgements = {wheel: judgement for wheel, (judgement, _) in done.items()}
    result = judge_together([(wheel, judgements[wheel]) for wheel in wheels], allow)
    if not result.refused:
        _settle(wheels, site, judgements, {place for _, clashes in done.values() for place in clashes})
    return result


def _install_one(
    wheel: WheelFile, site: InstallScheme, again: Collection[str] = ()
) -> Tuple[Judgement, List[str]]:
    """Judge and install one wheel; gives the places that were taken, too."""
    files = _InstalledFiles(site, again)
    return judge(wheel.path, wheel.filename, wheel.package, wheel.version, files), files.clashes


def _settle(
    wheels: Sequence[WheelFile],
    site: InstallScheme,
    judgements: Dict[WheelFile, Judgement],
    clashes: Set[str],
) -> None:
    """Where an allowed wheel writes what is there already, the last one of the set has its way."""
    words: Dict[str, List[str]] = {place: [] for place in clashes}
    for wheel in wheels:
        for place, word in judgements[wheel].places:
            if place in words:
                words[place].append(word)
    # A word alone: the other file's was not told, so it cannot be known to be equal.
    different = {place for place, said in words.items() if len(said) == 1 or len(set(said)) > 1}
    for wheel in wheels:
        if different.intersection(place for place, _ in judgements[wheel].places):
            _install_one(wheel, site, different)


class _InstalledFiles(Keeper):
    """Writes one wheel's files; `clashes` are the places where something was already.

    Args:
        site: where to.
        again: places to be written although something is there; nothing but these and RECORD is written.
    """

    def __init__(self, site: InstallScheme, again: Collection[str] = ()) -> None:
        self.clashes: List[str] = []
        self._site = site
        self._again = again
        self._folders: Set[str] = set()
        self._rows: List[Tuple[str, str]] = []
        self._changed: Dict[str, Tuple[str, int]] = {}
        self._file = -1
        self._script: Optional[_Script] = None

    def begin(self, entry: CentralEntry, place: str) -> Callable[[bytes], object]:
        """Open the file; see `Keeper`."""
        if _is_ours(place):
            return len
        self._rows.append((place, entry.name))
        is_script = place.startswith("bin/")
        # Scripts are run, whatever mode the zip says; of others the bit counts, as pip does it.
        self._file = self._open(place, is_script or bool(entry.mode & 0o111))
        if is_script:
            self._script = _Script(self._site.python, self._write)
            return self._script.feed
        return self._write

    def end(self) -> None:
        """Close it."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1
        if self._script is not None:
            self._changed[self._rows[-1][0]] = self._script.facts()
            self._script = None

    def close(self, dist_info: str, rows: Dict[str, Row], launchers: List[Launcher]) -> None:
        """Write the launchers and what an installer says of itself (PEP 376)."""
        folder = f"{SITE}{dist_info}/"
        lines = [self._line(place, rows.get(name)) for place, name in self._rows]
        lines += [self._launch(launcher) for launcher in launchers if is_launchable(launcher)]
        lines.append(self._put(folder + "INSTALLER", INSTALLER.encode("ascii") + b"\n"))
        lines.append(self._put(folder + "REQUESTED", b""))
        lines.append((f"{dist_info}/RECORD", "", ""))
        text = io.StringIO(newline="")
        by_path = {line[0]: line for line in lines}  # a launcher takes the place of a script of its name
        csv.writer(text, lineterminator="\n").writerows(sorted(by_path.values()))
        self._put(folder + "RECORD", text.getvalue().encode("utf-8"))

    def _launch(self, launcher: Launcher) -> Tuple[str, str, str]:
        return self._put("bin/" + launcher.name, launcher_text(launcher, self._site.python), executable=True)

    def _line(self, place: str, row: Optional[Row]) -> Tuple[str, str, str]:
        path = self._recorded(place)
        if place in self._changed:
            digest, size = self._changed[place]
            return path, digest, str(size)
        if row is None:  # a signature of RECORD
            return path, "", ""
        return path, _digest(row.algorithm, row.digest), "" if row.size is None else str(row.size)

    def _recorded(self, place: str) -> str:
        """A place as RECORD spells it: relative to site-packages."""
        if place.startswith(SITE):
            return place[len(SITE) :]
        return os.path.relpath(self._path(place), self._site.packages)

    def _path(self, place: str) -> str:
        if place.startswith(SITE):
            return f"{self._site.packages}/{place[len(SITE) :]}"
        if place.startswith(HEADERS):
            return os.path.join(self._site.headers, place[len(HEADERS) :])
        return os.path.join(self._site.environment, place)

    def _open(self, place: str, executable: bool) -> int:
        """A new file's descriptor, -1 where it is not to be written."""
        # The umask takes from it what it wants to.
        path, mode = self._path(place), 0o777 if executable else 0o666
        if self._again:
            if place not in self._again and not _is_ours(place):
                return -1
            # A new file is made in its place; what is there is never written into.
            os.unlink(path)
        folder = os.path.dirname(path)
        try:
            if folder not in self._folders:
                os.makedirs(folder, exist_ok=True)
                self._folders.add(folder)
            return os.open(path, _NEW_FILE, mode)
        except (FileExistsError, NotADirectoryError):  # of a file, or of one where a folder should be
            self.clashes.append(place)
            return -1

    def _write(self, piece: bytes) -> None:
        while piece and self._file >= 0:
            piece = piece[os.write(self._file, piece) :]

    def _put(self, place: str, data: bytes, executable: bool = False) -> Tuple[str, str, str]:
        """Write a file of our own; gives its line for RECORD."""
        self._file = self._open(place, executable)
        self._write(data)
        self.end()
        return self._recorded(place), _digest("sha256", hashlib.sha256(data).digest()), str(len(data))


class _Script:
    """A carried script on its way: its first line is rewritten, so that its hash is another one."""

    def __init__(self, python: str, onward: Callable[[bytes], object]) -> None:
        self._python = python
        self._onward = onward
        self._hash: "hashlib._Hash" = hashlib.sha256()
        self._size = 0

    def feed(self, piece: bytes) -> None:
        """Take the next piece."""
        if not self._size:
            piece = rewritten(piece, self._python)
        self._hash.update(piece)
        self._size += len(piece)
        self._onward(piece)

    def facts(self) -> Tuple[str, int]:
        """Hash and size of what was written, as RECORD spells them."""
        return _digest("sha256", self._hash.digest()), self._size


def _is_ours(place: str) -> bool:
    """Whether it is a file of the .dist-info folder that the installer writes itself."""
    folder, _, name = place[len(SITE) :].partition("/")
    return place.startswith(SITE) and name in _OURS and folder.endswith(".dist-info")


def _digest(algorithm: str, raw: bytes) -> str:
    return algorithm + "=" + base64.urlsafe_b64encode(raw).rstrip(b"=").decode("ascii")
