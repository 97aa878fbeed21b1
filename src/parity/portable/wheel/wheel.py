"""One wheel judged as a file, before anything of it is unpacked or run (PEP 427).

pip checks almost nothing of this. The judge goes in layers, each only when the one before found
nothing: the zip's structure, the names in it, then every byte of its contents against RECORD, and
what METADATA, WHEEL and entry_points.txt ask for. Memory stays flat: contents stream by.
Standard library only, Python 3.6 and later.
"""

import os
from email.message import Message
from email.parser import HeaderParser
from typing import (
    BinaryIO,
    Callable,
    Dict,
    FrozenSet,
    Iterable,
    Iterator,
    List,
    NamedTuple,
    Optional,
    Sequence,
    Tuple,
)

from ..names import WheelName, expand_tag, normalize_name, normalize_version, parse_wheel_name
from ..texts import printable
from . import entrypoints, inflate, layout, pth, record, zipcheck
from . import schemes as places
from .entrypoints import Launcher
from .zipcheck import CentralEntry, WheelFault, ZipBroken

_MAX_TEXT = 64 << 20  # RECORD of the largest wheels has some MB
_BUFFER = 1 << 20
_MOST_TOLD, _LONGEST_TOLD = 50, 800
_METADATA_FILES = ("RECORD", "METADATA", "WHEEL", "entry_points.txt")


class Judgement(NamedTuple):
    """What was found in a wheel.

    `places` are its files' destinations (see `places`) with a word that is equal where the bytes
    are; complete only where there are no findings. `size` is in bytes, unpacked. `searched` are folders
    below site-packages that its `.pth` files put on `sys.path`.
    """

    findings: List[WheelFault]
    places: List[Tuple[str, str]]
    size: int
    searched: Sequence[str] = ()


class Keeper:
    """Takes the files of a wheel while they are judged; this one lets them go by.

    What it was given is worth nothing before the wheel's judgement, and the set's, is known.
    """

    def begin(self, _entry: CentralEntry, _place: str) -> Callable[[bytes], object]:
        """A file begins, `_place` is its destination (see `places`); gives what takes its pieces."""
        return len

    def end(self) -> None:
        """The file is complete."""

    def close(self, _dist_info: str, _rows: Dict[str, record.Row], _launchers: List[Launcher]) -> None:
        """The wheel is complete: its .dist-info folder, RECORD's rows, the scripts that it asks for."""


class _OpenWheel:
    """An open wheel: its entries in the file's order, each with the offset of its packed bytes."""

    def __init__(self, handle: BinaryIO, name: WheelName, located: List[Tuple[CentralEntry, int]]) -> None:
        self.handle = handle
        self.name = name
        self.files = [(entry, start) for entry, start in located if not entry.is_folder]
        self.folders = [entry.name for entry, _ in located if entry.is_folder]
        self.by_name = {entry.name: (entry, start) for entry, start in self.files}
        self.dist_info = ""
        self.texts: Dict[str, bytes] = {}

    def read(self, name: str) -> bytes:
        """A small file's bytes, whole."""
        entry, start = self.by_name[name]
        if entry.size > _MAX_TEXT:
            raise ZipBroken("zip-bomb", f"{name} is absurdly large ({entry.size} bytes)")
        pieces: List[bytes] = []
        inflate.unpack(self.handle, entry, start, pieces.append)
        return b"".join(pieces)

    @property
    def size(self) -> int:
        return sum(entry.size for entry, _ in self.files)


def judge(
    path: str, filename: str = "", package: str = "", version: str = "", keeper: Optional[Keeper] = None
) -> Judgement:
    """Judge the wheel at `path`.

    Args:
        path: a regular file.
        filename: its real name, where the path is named otherwise.
        package: the project it must belong to, in any spelling; empty for any.
        version: the version it must have; empty for any.
        keeper: takes the files of a wheel whose structure and names are sound, while they are judged.

    Raises:
        OSError: the file cannot be read, or whatever the keeper raises.
    """
    found = _judge(path, filename or os.path.basename(path), package, version, keeper or Keeper())
    return found._replace(findings=list(_told(found.findings)))


def _told(findings: Iterable[WheelFault]) -> Iterator[WheelFault]:
    """A few of each kind, printable and short: a wheel may have a million members with names of 64 KiB."""
    counts: Dict[Tuple[str, bool], int] = {}
    for fault in findings:
        key = fault.kind, fault.harmless
        counts[key] = counts.get(key, 0) + 1
        if counts[key] <= _MOST_TOLD:
            text = fault.message
            half = _LONGEST_TOLD // 2
            short = text if len(text) <= _LONGEST_TOLD else f"{text[:half]}…{text[-half:]}"
            yield fault._replace(message=printable(short))


def _judge(path: str, filename: str, package: str, version: str, keeper: Keeper) -> Judgement:
    name = parse_wheel_name(filename)
    if name is None:
        return Judgement([WheelFault("not-a-wheel", f"{filename!r} is no wheel's name")], [], 0)
    if (package and normalize_name(package) != name.name) or (
        version and normalize_version(version) != normalize_version(name.version)
    ):
        wrong = f"{filename} is not the wheel of {package} {version}"
        return Judgement([WheelFault("name-mismatch", wrong)], [], 0)
    try:
        with open(path, "rb", buffering=_BUFFER) as handle:
            return _judge_open(handle, os.fstat(handle.fileno()).st_size, name, keeper)
    except ZipBroken as broken:
        return Judgement([broken.finding], [], 0)


def _judge_open(handle: BinaryIO, length: int, name: WheelName, keeper: Keeper) -> Judgement:
    directory = zipcheck.read_directory(handle, length)
    # A layer that found something ends the judgement: the next one would read what is known to be false.
    findings = list(zipcheck.check_entries(directory.entries, length))
    if findings:
        return Judgement(findings, [], 0)
    wheel = _OpenWheel(handle, name, inflate.check_layout(handle, directory))
    findings = list(_open_dist_info(wheel))
    if findings:
        return Judgement(findings, [], wheel.size)
    try:
        rows = record.parse(wheel.texts["RECORD"], wheel.dist_info)
    except record.RecordInvalid as invalid:
        return Judgement([WheelFault("record-invalid", str(invalid))], [], wheel.size)
    destinations: Dict[str, str] = {}
    launchers: List[Launcher] = []
    findings += _check_places(wheel, destinations)
    findings += _check_contents(wheel, rows, destinations, keeper)
    findings += _check_metadata(wheel)
    findings += _check_launchers(wheel, launchers)
    keeper.close(wheel.dist_info, rows, launchers)
    taken = [
        (destinations[entry.name], _word(wheel, rows, entry))
        for entry, _ in wheel.files
        if entry.name in destinations
    ]
    taken += [("bin/" + launcher.name, "launcher:" + launcher.target) for launcher in launchers]
    return Judgement(findings, taken, wheel.size, list(_searched(wheel)))


def _word(wheel: _OpenWheel, rows: Dict[str, record.Row], entry: CentralEntry) -> str:
    """Equal for two files where their bytes are."""
    row = rows.get(entry.name)
    # RECORD and its signatures have no row; the project's name keeps two projects' ones apart.
    return row.digest.hex() if row else f"{wheel.name.name}:{entry.crc}"


def _open_dist_info(wheel: _OpenWheel) -> Iterator[WheelFault]:
    """Find the one .dist-info folder and read what is needed from it."""
    tops = {entry.name.split("/")[0] for entry, _ in wheel.files if "/" in entry.name}
    folders = sorted(top for top in tops if top.lower().endswith(".dist-info"))
    if len(folders) != 1:
        yield WheelFault("dist-info", f"the wheel has {len(folders)} .dist-info folders, not one")
        return
    wheel.dist_info = folders[0]
    if not folders[0].endswith(".dist-info"):
        yield WheelFault("dist-info", f"installers do not find {folders[0]}")
    name, _, version = folders[0][: -len(".dist-info")].partition("-")
    if (normalize_name(name), normalize_version(version)) != _identity(wheel.name):
        yield WheelFault("dist-info", f"{folders[0]} does not belong to the file's name")
    for text in _METADATA_FILES:
        path = f"{wheel.dist_info}/{text}"
        if path in wheel.by_name:
            wheel.texts[text] = wheel.read(path)
        elif text != "entry_points.txt":
            yield WheelFault("record-missing" if text == "RECORD" else "dist-info", f"{path} is missing")


def _identity(name: WheelName) -> Tuple[str, str]:
    return name.name, normalize_version(name.version)


def _check_contents(
    wheel: _OpenWheel, rows: Dict[str, record.Row], destinations: Dict[str, str], keeper: Keeper
) -> Iterator[WheelFault]:
    """Unpack every file once: size, CRC, and hash against RECORD, in both directions."""
    skip = record.exempt(wheel.dist_info)
    for entry, start in wheel.files:
        place = destinations.get(entry.name)
        keep = keeper.begin(entry, place) if place else len
        if entry.name in rows:
            meter = record.Meter(rows[entry.name], keep)
            yield from _unpack(wheel.handle, entry, start, meter.feed)
            yield from meter.findings(entry.name)
        else:
            yield from _unpack(wheel.handle, entry, start, keep)
            if entry.name not in skip:
                yield WheelFault("record-unlisted", f"{entry.name} is not listed in RECORD")
        if place:
            keeper.end()
    for path in sorted(set(rows).difference(wheel.by_name)):
        yield WheelFault("record-absent", f"RECORD lists {path!r}, which the wheel does not hold")


def _unpack(
    handle: BinaryIO, entry: CentralEntry, start: int, sink: Callable[[bytes], object]
) -> Iterator[WheelFault]:
    try:
        inflate.unpack(handle, entry, start, sink)
    except ZipBroken as broken:
        yield broken.finding


def _headers(raw: bytes) -> "Message[str, str]":
    return HeaderParser().parsestr(raw.decode("utf-8", "replace"))


def _check_metadata(wheel: _OpenWheel) -> Iterator[WheelFault]:
    metadata, about = _headers(wheel.texts["METADATA"]), _headers(wheel.texts["WHEEL"])
    names, versions = metadata.get_all("Name", []), metadata.get_all("Version", [])
    said = [normalize_name(str(name)) for name in names], [normalize_version(str(text)) for text in versions]
    # Exactly one of each: of two Name lines, readers take the first or the last.
    if said != ([wheel.name.name], [normalize_version(wheel.name.version)]):
        shown = ", ".join(repr(str(word)) for word in [*names, *versions])
        yield WheelFault(
            "metadata-mismatch", f"METADATA says {shown or 'nothing'}, not what the file is called"
        )
    wheel_version = str(about.get("Wheel-Version", "")).strip()
    if wheel_version.split(".")[0] != "1":
        yield WheelFault("wheel-version", f"the wheel's format is {wheel_version!r}, not 1.x")
    if str(about.get("Root-Is-Purelib", "")).strip().lower() not in ("true", "false"):
        yield WheelFault("dist-info", "WHEEL does not say whether the root is purelib")
    tags = frozenset(tag for line in about.get_all("Tag", []) for tag in expand_tag(str(line).strip()))
    yield from _check_tags(tags, wheel.name.tags)


def _check_tags(said: FrozenSet[str], named: FrozenSet[str]) -> Iterator[WheelFault]:
    """Installers go by the file's name alone: where Python and ABI agree, other tags are no more than odd."""
    if said != named:
        shown = f"WHEEL names other tags than the file's name: {sorted(said)[:4]!r}"
        pythons = {tag.rpartition("-")[0] for tag in said}  # with their ABIs
        alike = bool(pythons) and pythons <= {tag.rpartition("-")[0] for tag in named}
        yield WheelFault("tag-mismatch", shown, harmless=alike)


def _check_places(wheel: _OpenWheel, destinations: Dict[str, str]) -> Iterator[WheelFault]:
    """Where each file would go: fills `destinations`, from its name in the wheel to its place."""
    package = wheel.name.name
    seen: Dict[str, str] = {}
    data_folder = wheel.dist_info[: -len(".dist-info")] + ".data"
    for entry, _ in wheel.files:
        place = places.place_of(entry.name, data_folder)
        if place is None:
            yield WheelFault("data-path", f"{entry.name} belongs to no scheme of this wheel")
            continue
        key = places.key_of(place)
        # By the key, so that names that are one on a disk that ignores case are one here.
        if seen.setdefault(key, entry.name) != entry.name:
            yield WheelFault("duplicate-path", f"{entry.name} and {seen[key]} go to one place")
        destinations[entry.name] = place
        yield from layout.check_place(place, package, entry.name.startswith(wheel.dist_info + "/"))
        yield from _check_pth(wheel, entry, place)
    for folder in wheel.folders:  # uv makes those that are empty, too: as if a file were in it
        place = places.place_of(folder + "x", data_folder)
        if place is not None and place.startswith(layout.SITE):
            yield from layout.check_place(place, package, folder.startswith(wheel.dist_info + "/"))


def _check_pth(wheel: _OpenWheel, entry: CentralEntry, place: str) -> Iterator[WheelFault]:
    """A file that is read at every start may run code then: only known, harmless lines pass."""
    path = place[len(layout.SITE) :]
    if not place.startswith(layout.SITE) or not layout.is_read_at_start(path):
        return
    reach = pth.FURTHER
    if path.endswith(".pth"):
        reach = pth.reach(wheel.read(entry.name), wheel.name.name, _in_site(wheel))
    if reach == pth.OWN:
        message = f"{path} lets every start of Python use what this wheel brings"
        yield WheelFault("pth-file", message, harmless=True)
    elif reach == pth.FURTHER:
        yield layout.pth_finding(path)


def _searched(wheel: _OpenWheel) -> Iterator[str]:
    """The wheel's own folders that become places of modules."""
    in_site = _in_site(wheel)
    for path, name in in_site.items():
        if path.endswith(".pth") and layout.is_read_at_start(path):
            yield from pth.folders(wheel.read(name), wheel.name.name, in_site)


def _in_site(wheel: _OpenWheel) -> Dict[str, str]:
    """The paths below site-packages to which a wheel's files go, and the files' names in the wheel."""
    data_folder = wheel.dist_info[: -len(".dist-info")] + ".data"
    found = ((places.place_of(entry.name, data_folder), entry.name) for entry, _ in wheel.files)
    return {
        place[len(layout.SITE) :]: name
        for place, name in found
        if place is not None and place.startswith(layout.SITE)
    }


def _check_launchers(wheel: _OpenWheel, launchers: List[Launcher]) -> Iterator[WheelFault]:
    """What entry_points.txt asks for: fills `launchers` with those that can be told."""
    raw = wheel.texts.get("entry_points.txt")
    if raw is None:
        return
    try:
        launchers += entrypoints.read_launchers(raw)
    except ValueError as error:
        yield WheelFault("entry-point-invalid", f"entry_points.txt cannot be read: {error}")
        return
    for launcher in launchers:
        yield from entrypoints.check_launcher(launcher, wheel.name.name)
