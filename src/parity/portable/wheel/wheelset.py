"""All wheels of a bundle judged together. Standard library only, Python 3.6 and later.

One judge for both sides of the gap: the audit runs it in a container before the rehearsal
(`parity.guest.tasks.audit`), the installer runs it again on the target.
"""

import hashlib
import json
import os
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Callable, Dict, Iterable, Iterator, List, NamedTuple, Optional, Sequence, Set, Tuple

from ..names import normalize_name
from ..texts import printable
from . import zipcheck
from .layout import SITE
from .modules import imported_as, module_of
from .pathlines import invaded
from .schemes import key_of, source_of
from .wheel import Judgement, judge
from .zipcheck import WheelFault, fold

REFUSED, ALLOWED, WARNING = "refused", "allowed", "warning"
ALLOWABLE = (
    "case-collision",
    "entry-point-shadow",
    "installer-file",
    "interpreter-path",
    "path-conflict",
    "pth-file",
    "startup-module",
    "tag-mismatch",
)
"""The kinds that a profile may allow by name: odd but honest. A malformed wheel never passes."""
# pytest brings this for whoever lacks the package, and counts on standing behind it.
_GIVES_WAY = {("pytest", "py.py"): "py"}
_CHUNK = 1 << 20
_BIN = "bin/"
# Not made absolute: the folder that a command stands in may be gone.
_PORTABLE = os.path.dirname(os.path.dirname(globals().get("__file__", "")))
_SOURCES = (
    "wheel/zipcheck",
    "wheel/inflate",
    "names",
    "texts",
    "wheel/record",
    "wheel/layout",
    "wheel/schemes",
    "wheel/modules",
    "wheel/ownlines",
    "wheel/pathlines",
    "wheel/pth",
    "wheel/entrypoints",
    "wheel/wheel",
)


class WheelFile(NamedTuple):
    """A wheel to be judged: where it lies and what it must be.

    `sha256` is in hexadecimal; empty where the caller has compared it. So may be `version`, for any.
    """

    path: str
    filename: str
    package: str
    version: str
    sha256: str


class Verdict(NamedTuple):
    """One finding in one wheel; `level` is `refused`, `allowed` or `warning`."""

    wheel: str
    package: str
    kind: str
    message: str
    level: str


class SetJudgement(NamedTuple):
    """All findings of a set, the worst first; files, unpacked bytes, wheels not taken from the cache."""

    verdicts: List[Verdict]
    files: int
    size: int
    judged: int

    @property
    def refused(self) -> List[Verdict]:
        """The findings that forbid the set."""
        return [verdict for verdict in self.verdicts if verdict.level == REFUSED]


def judge_set(
    wheels: Sequence[WheelFile],
    allow: Iterable[str] = (),
    threads: int = 0,
    cache: str = "",
    on_done: Optional[Callable[[WheelFile], None]] = None,
) -> SetJudgement:
    """Judge each wheel, then what they would do to each other.

    Args:
        wheels: the set.
        allow: findings accepted by name, `KIND:PACKAGE`; only kinds in `ALLOWABLE` count.
        threads: how many at a time, 0 for one per processor.
        cache: a folder of judgements made before, by SHA-256; empty for none. Each wheel is hashed
            again before its old judgement counts.
        on_done: hears of each wheel, from several threads.

    Raises:
        OSError: a wheel cannot be read.
    """
    store = _Cache(cache)

    def work(wheel: WheelFile) -> Tuple[Judgement, bool]:
        result = _judge_one(wheel, store)
        if on_done is not None:
            on_done(wheel)
        return result

    order = largest_first(wheels)
    with ThreadPoolExecutor(threads or os.cpu_count() or 1) as pool:
        results = dict(zip(order, pool.map(work, order)))
    judgement = judge_together([(wheel, results[wheel][0]) for wheel in wheels], allow)
    return judgement._replace(judged=sum(fresh for _, fresh in results.values()))


def largest_first(wheels: Iterable[WheelFile]) -> List[WheelFile]:
    """The order to begin in, so that nobody is left with the largest at the end."""
    return sorted(wheels, key=lambda wheel: -os.path.getsize(wheel.path))


def unpacked_size(wheels: Iterable[WheelFile]) -> int:
    """The bytes that wheels will take, as they themselves say; a damaged one says nothing."""
    total = 0
    for wheel in wheels:
        with open(wheel.path, "rb") as handle, suppress(zipcheck.ZipBroken):
            entries = zipcheck.read_directory(handle, os.path.getsize(wheel.path)).entries
            total += sum(entry.size for entry in entries)
    return total


def _judge_one(wheel: WheelFile, store: "_Cache") -> Tuple[Judgement, bool]:
    if wheel.sha256 and sha256_of(wheel.path) != wheel.sha256:
        wrong = WheelFault("hash-mismatch", "the file is not the one that was locked (its SHA-256 differs)")
        return Judgement([wrong], [], 0), True
    known = store.get(wheel)
    if known is not None:
        return known, False
    result = judge(wheel.path, wheel.filename, wheel.package, wheel.version)
    store.put(wheel, result)
    return result, True


def sha256_of(path: str) -> str:
    """A file's SHA-256 in hexadecimal, read in pieces of 1 MiB."""
    digest = hashlib.sha256()
    with open(path, "rb") as handle:
        for piece in iter(lambda: handle.read(_CHUNK), b""):
            digest.update(piece)
    return digest.hexdigest()


def _conflicts(
    wheels: List[Tuple[WheelFile, List[Tuple[str, str]]]],
) -> Iterator[Tuple[WheelFile, WheelFault]]:
    """Two wheels that write one path: harmless only where both write the same bytes."""
    seen: Dict[str, Tuple[WheelFile, str, str]] = {}
    shared: Dict[Tuple[WheelFile, WheelFile], List[str]] = {}
    for wheel, taken in wheels:
        for place, content in taken:
            owner, other, before = seen.setdefault(key_of(place), (wheel, place, content))
            if owner is wheel:
                continue
            shown = place[len(SITE) :] if place.startswith(SITE) else place
            # Place, too: `A.py` and `a.py` with equal bytes are still two files on most disks.
            if place == other and content == before:
                shared.setdefault((wheel, owner), []).append(shown)
                continue
            message = f"{shown} is written by {owner.filename} too, with other bytes"
            yield wheel, WheelFault("path-conflict", message)
    for key, (owner, place, _) in seen.items():
        source = source_of(key)
        if source in seen and seen[source][0] is not owner:
            message = f"{place} would stand for a module of {seen[source][0].filename}"
            yield owner, WheelFault("path-conflict", message)
    yield from _imported_scripts(seen)
    yield from _shadows(seen)
    for key in sorted(_folders(seen).intersection(seen)):
        owner, place, _ = seen[key]
        yield owner, WheelFault("duplicate-path", f"{place} would be both a file and a folder")
    for (wheel, owner), paths in shared.items():
        more = f" and {len(paths) - 1} more are" if len(paths) > 1 else " is"
        message = f"{paths[0]}{more} written by {owner.filename} too, with the same bytes"
        yield wheel, WheelFault("shared-path", message, harmless=True)


def _invasions(pairs: Sequence[Tuple[WheelFile, Judgement]]) -> Iterator[Tuple[WheelFile, WheelFault]]:
    """Files in a folder that another wheel's `.pth` file makes a place of modules."""
    for owner, judgement in pairs:
        for wheel, other in pairs if judgement.searched else ():
            inside = invaded(judgement.searched, [place for place, _ in other.places])
            if inside and wheel is not owner:
                message = f"{min(inside)[len(SITE) :]} would be a module by a .pth file of {owner.filename}"
                yield wheel, WheelFault("path-conflict", message)


def _shadows(seen: Dict[str, Tuple[WheelFile, str, str]]) -> Iterator[Tuple[WheelFile, WheelFault]]:
    """Modules that are imported in place of another wheel's, whose file has another name."""
    first: Dict[str, Tuple[int, WheelFile, str]] = {}
    for owner, place, _ in seen.values():
        path = place[len(SITE) :] if place.startswith(SITE) else ""
        name, rank = imported_as(path)
        if not name:
            continue
        other = first.get(name, (rank, owner, path))
        (_, before, winner), (_, behind, loser) = sorted([other, (rank, owner, path)])
        first[name] = min(other, (rank, owner, path))
        gives_way = _GIVES_WAY.get((normalize_name(behind.package), loser))
        if before is not behind and gives_way != normalize_name(before.package):
            message = f"{winner} would stand for {loser} of {behind.filename}"
            yield before, WheelFault("path-conflict", message)


def _imported_scripts(seen: Dict[str, Tuple[WheelFile, str, str]]) -> Iterator[Tuple[WheelFile, WheelFault]]:
    """Scripts that would stand for another wheel's module: a script imports from its own folder first."""
    scripts = {module_of(key[len(_BIN) :]): key for key in seen if key.startswith(_BIN)}
    owners: Dict[str, Dict[WheelFile, str]] = {}
    for key, (owner, place, _) in seen.items():
        name = key[len(SITE) :].partition("/")[0].partition(".")[0]
        if key.startswith(fold(SITE)) and name in scripts:
            owners.setdefault(name, {})[owner] = place
    for name, found in sorted(owners.items()):
        owner, place, _ = seen[scripts[name]]
        if owner not in found:
            message = f"{place} would stand for the module {name} of {next(iter(found)).filename}"
            yield owner, WheelFault("path-conflict", message)


def _folders(keys: Iterable[str]) -> Set[str]:
    """Every folder on the way to these places."""
    found: Set[str] = set()
    for key in keys:
        parent = key.rpartition("/")[0]
        while parent and parent not in found:
            found.add(parent)
            parent = parent.rpartition("/")[0]
    return found


def _verdict(wheel: WheelFile, finding: WheelFault, allow: Iterable[str]) -> Verdict:
    package = normalize_name(wheel.package)
    level = WARNING if finding.harmless else REFUSED
    if level == REFUSED and finding.kind in ALLOWABLE and f"{finding.kind}:{package}" in allow:
        level = ALLOWED
    return Verdict(wheel.filename, package, finding.kind, printable(finding.message), level)


def judge_together(pairs: Sequence[Tuple[WheelFile, Judgement]], allow: Iterable[str] = ()) -> SetJudgement:
    """Put the judgements of single wheels together, and judge what they would do to each other.

    Args:
        pairs: the set's wheels, in its order.
        allow: see `judge_set`.
    """
    findings = [(wheel, finding) for wheel, judgement in pairs for finding in judgement.findings]
    findings += _conflicts([(wheel, judgement.places) for wheel, judgement in pairs])
    findings += _invasions(pairs)
    verdicts = [_verdict(wheel, finding, frozenset(allow)) for wheel, finding in findings]
    return SetJudgement(
        sorted(verdicts, key=lambda verdict: (REFUSED, ALLOWED, WARNING).index(verdict.level)),
        sum(len(judgement.places) for _, judgement in pairs),
        sum(judgement.size for _, judgement in pairs),
        len(pairs),
    )


class _Cache:
    """Judgements in a folder, one file for each wheel; anything unreadable counts as not there."""

    def __init__(self, folder: str) -> None:
        self._folder = folder
        self._judge = _judge_version() if folder else ""

    def _path(self, wheel: WheelFile) -> str:
        # All but where it lies: the same wheel under another path is judged alike.
        key = repr((self._judge, tuple(wheel)[1:]))
        return os.path.join(self._folder, hashlib.sha256(key.encode("utf-8")).hexdigest() + ".json")

    def get(self, wheel: WheelFile) -> Optional[Judgement]:
        if not self._folder:
            return None
        try:
            with open(self._path(wheel), encoding="ascii") as handle:
                said = json.load(handle)
            findings = [
                WheelFault(kind, message, bool(harmless)) for kind, message, harmless in said["findings"]
            ]
            taken = [(place, word) for place, word in said["places"]]
            return Judgement(findings, taken, int(said["size"]), list(said["searched"]))
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def put(self, wheel: WheelFile, result: Judgement) -> None:
        if not self._folder:
            return
        path = self._path(wheel)
        # By process: two audits may write the same judgement at one time.
        partial = f"{path}.{os.getpid()}.partial"
        try:
            os.makedirs(self._folder, exist_ok=True)
            with open(partial, "w", encoding="ascii") as handle:
                json.dump(result._asdict(), handle)
            os.replace(partial, path)
        except OSError:  # a full or read-only cache costs time, nothing else
            return


def _judge_version() -> str:
    """Changes whenever the judge's own code does, so that no old opinion survives it."""
    digest = hashlib.sha256()
    for name in _SOURCES:
        with open(os.path.join(_PORTABLE, *name.split("/")) + ".py", "rb") as handle:
            digest.update(handle.read())
    return digest.hexdigest()
