"""A zip archive read without trust: every byte accounted for, every header said twice alike.

Two readers of a zip can see two different archives: one follows the central directory, another the
local headers, a third whatever lies between them. Here only archives in which all of them see the
same are accepted: entries lie back to back from byte 0 to the central directory, which ends the file.
Follows PKWARE's APPNOTE 6.3.10. Standard library only, Python 3.6 and later.
"""

import re
import stat
import struct
import unicodedata
from typing import BinaryIO, Dict, Iterator, List, NamedTuple, Optional, Set, Tuple

STORED, DEFLATED = 0, 8

# Limits against archives that unpack to more than anyone meant; real wheels stay far below:
# the most that 163 of them showed was a ratio of 235 in one file of 0.6 MB and 7 over a whole wheel.
BIG_ENTRY = 16 << 20
MAX_ENTRY_RATIO = 400
BIG_TOTAL = 256 << 20
MAX_TOTAL_RATIO = 60
MAX_TOTAL = 64 << 30
MAX_ENTRIES = 400000
MAX_DIRECTORY = 256 << 20

_END = struct.Struct("<4s4H2LH")
_END64_LOCATOR = struct.Struct("<4sLQL")
_END64 = struct.Struct("<4sQ2H2L4Q")
_CENTRAL = struct.Struct("<4s6H3L5H2L")
_MAX32, _MAX16 = 0xFFFFFFFF, 0xFFFF
_NEWEST = 63  # APPNOTE 6.3; Python's own reader refuses what asks for more
_ENCRYPTED = 0x1 | 0x40 | 0x2000
_UTF8, _PATCHED = 0x800, 0x20
_MAX_NAME, _MAX_PART, _MAX_DEPTH = 4096, 255, 100
# Unicode's Default_Ignorable_Code_Point (DerivedCoreProperties.txt).
_NOT_SHOWN = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f"
    "\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufff8\U0001bca0-\U0001bca3\U0001d173-\U0001d17a"
    "\U000e0000-\U000e0fff]"
)


class WheelFault(NamedTuple):
    """One thing wrong in a wheel: a stable word and a sentence; `harmless` where it is odd and no more."""

    kind: str
    message: str
    harmless: bool = False


class ZipBroken(Exception):
    """The archive cannot be read any further."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.finding = WheelFault(kind, message)


class CentralEntry(NamedTuple):
    """One file of the archive as its central header tells; `raw` is the name's bytes."""

    name: str
    raw: bytes
    method: int
    flags: int
    crc: int
    packed: int
    size: int
    offset: int
    mode: int

    @property
    def is_folder(self) -> bool:
        """A name that ends in a slash says so (there is no other sign)."""
        return self.name.endswith("/")


class Directory(NamedTuple):
    """The central directory: its entries and where it starts, in bytes from the file's beginning."""

    entries: List[CentralEntry]
    start: int


def read_directory(handle: BinaryIO, length: int) -> Directory:
    """Read the central directory of an archive of `length` bytes.

    Raises:
        ZipBroken: it is not one plain directory that ends where the file ends.
    """
    count, size, start, end = _find_end(handle, length)
    # zipfile quietly shifts all offsets by what lies between, so that a script or program can stand before.
    if start + size != end:
        raise ZipBroken("zip-garbage", "bytes lie between the zip's central directory and its end")
    if size > MAX_DIRECTORY or count > MAX_ENTRIES:
        raise ZipBroken("zip-bomb", f"the zip's directory is absurdly large ({count} entries)")
    handle.seek(start)
    raw = handle.read(size)
    entries, at = [], 0
    for _ in range(count):
        entry, at = _central_entry(raw, at)
        entries.append(entry)
    if at != len(raw):
        raise ZipBroken("zip-damaged", "the zip's directory holds more than the number of entries it names")
    return Directory(entries, start)


def _find_end(handle: BinaryIO, length: int) -> Tuple[int, int, int, int]:
    """CentralEntry count, size and start of the central directory, and where the end records begin."""
    at = length - _END.size
    if at < 0:
        raise ZipBroken("not-a-zip", "the file is too short to be a zip")
    fields = _END.unpack(read_at(handle, at, _END.size))
    # A comment could hold another end record, which readers that search backwards would take.
    if fields[0] != b"PK\x05\x06" or fields[7] != 0:
        raise ZipBroken("zip-garbage", "the file does not end with a zip's plain end record")
    disk, start_disk, here, count, size, start = fields[1:7]
    has_room = at >= _END64.size + _END64_LOCATOR.size  # for both 64-bit records before this one
    locator = read_at(handle, at - _END64_LOCATOR.size, _END64_LOCATOR.size) if has_room else b""
    if locator[:4] == b"PK\x06\x07":
        at, wide = _find_end64(handle, at, locator)
        narrow = (disk, start_disk, here, count, size, start)
        for small, full, top in zip(narrow, wide, (_MAX16,) * 4 + (_MAX32,) * 2):
            # All ones means "see the other record"; a reader that looks at one of them only must see the
            # same.
            if small not in (full, top):
                raise ZipBroken("zip-headers-differ", "the zip's two end records contradict each other")
        disk, start_disk, here, count, size, start = wide
    if disk or start_disk or here != count:
        raise ZipBroken("zip-damaged", "the zip claims to be spread over several disks")
    return count, size, start, at


def _find_end64(handle: BinaryIO, at: int, locator: bytes) -> Tuple[int, Tuple[int, ...]]:
    _, disk, where, disks = _END64_LOCATOR.unpack(locator)
    at -= _END64_LOCATOR.size + _END64.size
    fields = _END64.unpack(read_at(handle, at, _END64.size))
    if where != at or disk or disks > 1 or fields[0] != b"PK\x06\x06" or fields[1] != _END64.size - 12:
        raise ZipBroken("zip-damaged", "the zip's 64-bit end record is not where it should be")
    return at, tuple(fields[4:10])


def read_at(handle: BinaryIO, at: int, size: int) -> bytes:
    """Exactly `size` bytes from offset `at`; ZipBroken where the file ends before."""
    handle.seek(at)
    raw = handle.read(size)
    if len(raw) != size:
        raise ZipBroken("zip-damaged", "the zip ends too early")
    return raw


def _central_entry(raw: bytes, at: int) -> Tuple[CentralEntry, int]:
    if len(raw) - at < _CENTRAL.size:
        raise ZipBroken("zip-damaged", "the zip's directory ends too early")
    fields = _CENTRAL.unpack_from(raw, at)
    flags, method, crc, packed, size = fields[3], fields[4], fields[7], fields[8], fields[9]
    name_size, extra_size, comment_size, disk = fields[10:14]
    attributes, offset = fields[15], fields[16]
    at += _CENTRAL.size
    name, extra = raw[at : at + name_size], raw[at + name_size : at + name_size + extra_size]
    at += name_size + extra_size + comment_size
    if fields[0] != b"PK\x01\x02" or at > len(raw) or disk not in (0, _MAX16):
        raise ZipBroken("zip-damaged", "the zip's directory is malformed")
    if fields[2] > _NEWEST:
        raise ZipBroken("zip-damaged", "an entry asks for a later version of the zip format than there is")
    size, packed, offset = widen(extra, [size, packed, offset])
    entry = CentralEntry(
        _decode(name, flags), name, method, flags, crc, packed, size, offset, attributes >> 16
    )
    return entry, at


def _decode(raw: bytes, flags: int) -> str:
    try:
        return raw.decode("utf-8" if flags & _UTF8 else "ascii")
    except UnicodeDecodeError:
        raise ZipBroken("unsafe-path", f"a name that is no text: {raw!r}") from None


def widen(extra: bytes, values: List[int]) -> List[int]:
    """Replace the values that are all ones by those of the ZIP64 extra field, in its order.

    Raises:
        ZipBroken: the extra field is malformed or names the file a second time.
    """
    fields = _extra_fields(extra)
    wide = fields.get(1, b"")
    result = []
    for value in values:
        if value == _MAX32 and 1 in fields:
            if len(wide) < 8:  # noqa: PLR2004
                raise ZipBroken("zip-damaged", "a 64-bit extra field is too short")
            value, wide = struct.unpack("<Q", wide[:8])[0], wide[8:]  # noqa: PLW2901
        result.append(value)
    return result


def _extra_fields(extra: bytes) -> Dict[int, bytes]:
    fields: Dict[int, bytes] = {}
    while len(extra) >= 4:  # noqa: PLR2004
        tag, size = struct.unpack("<HH", extra[:4])
        if tag in fields or len(extra) < 4 + size:
            raise ZipBroken("zip-damaged", "a malformed extra field")
        fields[tag], extra = extra[4 : 4 + size], extra[4 + size :]
    if 0x7075 in fields:  # noqa: PLR2004 - Info-ZIP's Unicode Path: a second name for the same file
        raise ZipBroken("zip-headers-differ", "an entry carries a second name in an extra field")
    return fields


def check_entries(entries: List[CentralEntry], archive_size: int) -> Iterator[WheelFault]:
    """What the central directory alone gives away: names, kinds of files, methods, sizes."""
    for entry in entries:
        fault = name_fault(entry.name)
        if fault:
            yield WheelFault("unsafe-path", f"{entry.name!r} {fault}")
        yield from _check_kind(entry)
        if entry.size >= BIG_ENTRY and entry.size > entry.packed * MAX_ENTRY_RATIO:
            yield WheelFault("zip-bomb", f"{entry.name} unpacks {entry.packed} bytes to {entry.size}")
    total = sum(entry.size for entry in entries)
    if total > MAX_TOTAL or (total >= BIG_TOTAL and total > archive_size * MAX_TOTAL_RATIO):
        yield WheelFault("zip-bomb", f"{archive_size} bytes unpack to {total}")
    yield from _check_collisions(entries)


def name_fault(name: str) -> Optional[str]:
    """Why a path must not be written below a folder; None where it may."""
    if name.startswith("/") or name[1:2] == ":":
        return "is an absolute path"
    if "\\" in name:
        return "holds a backslash"
    if not name.isprintable() and any(unicodedata.category(sign) in ("Cc", "Cs") for sign in name):
        return "holds a control character"
    parts = (name[:-1] if name.endswith("/") else name).split("/")
    if any(part in ("", ".", "..") for part in parts):
        return "has an empty part, '.' or '..' in its path"
    if len(name) > _MAX_NAME or any(len(part.encode("utf-8", "replace")) > _MAX_PART for part in parts):
        return "is too long"
    # Python removes trees by recursion, and opens each folder on the way: what is deeper could be installed
    # and never be taken away again.
    return f"lies in more than {_MAX_DEPTH} folders" if len(parts) > _MAX_DEPTH else None


def _check_kind(entry: CentralEntry) -> Iterator[WheelFault]:
    if entry.flags & _ENCRYPTED:
        yield WheelFault("encrypted", f"{entry.name} is encrypted")
    if entry.method not in (STORED, DEFLATED) or entry.flags & _PATCHED:
        yield WheelFault("compression-method", f"{entry.name} is compressed by method {entry.method}")
    kind = stat.S_IFMT(entry.mode)
    if kind not in (0, stat.S_IFREG) and not (kind == stat.S_IFDIR and entry.is_folder):
        yield WheelFault("special-file", f"{entry.name} is a link, a device or another special file")
    elif entry.mode & (stat.S_ISUID | stat.S_ISGID) and not entry.is_folder:
        yield WheelFault("special-file", f"{entry.name} has the set-user-id or set-group-id bit")
    if entry.is_folder and entry.size:
        yield WheelFault("special-file", f"{entry.name} is a folder with contents of its own")
    if entry.method == STORED and entry.size != entry.packed:
        yield WheelFault("zip-headers-differ", f"{entry.name} is stored but has two different sizes")


def _check_collisions(entries: List[CentralEntry]) -> Iterator[WheelFault]:
    seen: Dict[str, str] = {}
    folders: Set[str] = set()
    for entry in entries:
        key = fold(entry.name)
        if key in seen:
            kind = "duplicate-path" if seen[key] == entry.name else "case-collision"
            yield WheelFault(kind, f"{entry.name!r} and {seen[key]!r} would be one file")
        seen[key] = entry.name
        parent = key.rstrip("/").rpartition("/")[0]
        while parent and parent not in folders:
            folders.add(parent)
            parent = parent.rpartition("/")[0]
    for key in sorted(folders.intersection(seen)):
        yield WheelFault("duplicate-path", f"{seen[key]!r} would be both a file and a folder")


def fold(path: str) -> str:
    """A path as a file system that ignores case and Unicode's spellings compares it.

    Such a folder of ext4 or HFS+ does not see the characters that are not shown, either.
    """
    lower = path.lower()
    try:
        lower.encode("ascii")
    except UnicodeEncodeError:
        seen = _NOT_SHOWN.sub("", unicodedata.normalize("NFD", path))
        return unicodedata.normalize("NFD", seen.casefold())
    return lower
