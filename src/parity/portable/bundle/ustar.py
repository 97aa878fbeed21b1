"""The one way a file stands in a bundle's tar. Standard library only, Python 3.6 and later.

Headers are written by hand (POSIX.1-2017, pax, "ustar Interchange Format"), because `tarfile` writes
different bytes on different versions of Python. They are never parsed: who reads a bundle makes the
header anew from the signed manifest and compares.
"""

from typing import Iterable, List, NamedTuple, Optional, Set, Tuple

BLOCK = 512
END = bytes(2 * BLOCK)

_NAME, _PREFIX = 100, 155
# Eleven octal digits and a NUL, POSIX's field; GNU's and others' binary sizes are not used.
_MAX_SIZE = 0o77777777777
_MAX_PATH, _MAX_PART = 1024, 255


def is_safe_path(path: str) -> bool:
    """Whether a bundle may hold this path.

    Printable ASCII, at most 1024 characters, `/` between parts, relative, no part that is empty,
    `.` or `..` or longer than 255, no backslash.
    """
    if not path or len(path) > _MAX_PATH or not all(" " <= char <= "~" for char in path) or "\\" in path:
        return False
    return all(part not in ("", ".", "..") and len(part) <= _MAX_PART for part in path.split("/"))


def header(path: str, size: int) -> bytes:
    """Everything before a file's first byte: one block of 512 bytes, or more where ustar's fields do not do.

    Then a pax extended header (POSIX.1-2017, typeflag `x`) comes first, with `path`, `size` or both.

    Args:
        path: as `is_safe_path` allows it.
        size: bytes.
    """
    return entry(TarEntry(path, size))


class TarEntry(NamedTuple):
    """What a header tells: of a file, a folder (its path ends with a slash) or a link.

    Not of a bundle's files alone: paths and links may have any characters but NUL, in UTF-8.
    """

    path: str
    size: int = 0
    mode: int = 0o644
    kind: bytes = b"0"
    link: str = ""
    owner: Tuple[int, int] = (0, 0)


FILE, FOLDER, LINK = b"0", b"5", b"2"


def entry(told: TarEntry) -> bytes:
    """The header of any member, in the one way; see `header`."""
    split, records = _split(told.path), _records(told)
    if not records:
        prefix, last = split or ("", "")
        return _block(prefix, told._replace(path=last))
    # The name is `tarfile`'s own; the real path and size in the records override those of the second block.
    extended = (
        _block("", TarEntry("././@PaxHeader", len(records), kind=b"x")) + records + padding(len(records))
    )
    short = told._replace(path=told.path[:_NAME], size=min(told.size, _MAX_SIZE), link=told.link[:_NAME])
    return extended + _block("", short)


def spread(told: TarEntry) -> int:
    """How many bytes a member takes up in the archive, header and padding included."""
    records = len(_records(told))
    extended = BLOCK + records + -records % BLOCK if records else 0
    return extended + BLOCK + told.size + -told.size % BLOCK


def _records(told: TarEntry) -> bytes:
    """The pax records of what ustar's fields do not hold."""
    records = b""
    if _split(told.path) is None:
        records += _record("path", told.path)
    if len(told.link) > _NAME or not _is_ascii(told.link):
        records += _record("linkpath", told.link)
    if told.size > _MAX_SIZE:
        records += _record("size", str(told.size))
    return records


def padding(size: int) -> bytes:
    """The zeros between a file's last byte and the next block."""
    return bytes(-size % BLOCK)


def member_size(path: str, size: int) -> int:
    """How many bytes a file takes up in the archive, header and padding included."""
    return spread(TarEntry(path, size))


def colliding(paths: Iterable[str]) -> List[str]:
    """Paths that are also a folder of other paths, so that both cannot be unpacked."""
    known = set(paths)
    folders: Set[str] = set()
    for path in known:
        parts = path.split("/")
        folders.update("/".join(parts[:end]) for end in range(1, len(parts)))
    return sorted(known & folders)


def _split(path: str) -> Optional[Tuple[str, str]]:
    """Prefix and name of a path: the longest prefix that fits. None where none leaves a short name."""
    if not _is_ascii(path):
        return None
    if len(path) <= _NAME:
        return "", path
    # The slash itself stands in neither field, so it may be the character after the prefix's last.
    cut = path.rfind("/", 0, _PREFIX + 1)
    if cut < 1 or len(path) - cut - 1 > _NAME:
        return None
    return path[:cut], path[cut + 1 :]


def _is_ascii(text: str) -> bool:
    try:  # `str.isascii` is of Python 3.7
        text.encode("ascii")
    except UnicodeEncodeError:
        return False
    return True


def _record(key: str, value: str) -> bytes:
    """One pax record, `LENGTH KEY=VALUE` and a newline; the length counts its own digits."""
    told = value.encode("utf-8", "surrogateescape")
    rest = len(key) + len(told) + 3
    length = rest + len(str(rest))
    # A second time, where the digits of the length made it one digit longer (98 + 2 gives 100, so 101).
    length = rest + len(str(length))
    return b"%d %s=%s\n" % (length, key.encode("ascii"), told)


def _block(prefix: str, told: TarEntry) -> bytes:
    """One header block: time 0, no names; what ASCII does not have is `?`, where a pax record tells it."""
    fields = (
        told.path.encode("ascii", "replace").ljust(_NAME, b"\0"),
        b"%07o\0%07o\0%07o\0" % (told.mode, *told.owner),
        b"%011o\0" % told.size,
        b"00000000000\0",  # mtime
        b" " * 8,  # the checksum counts itself as spaces
        told.kind + told.link.encode("ascii", "replace").ljust(_NAME, b"\0"),
        b"ustar\x0000" + bytes(64),  # magic, version, owner's and group's names
        b"0000000\0" * 2,  # device numbers
        prefix.encode("ascii").ljust(_PREFIX, b"\0"),
        bytes(12),
    )
    raw = b"".join(fields)
    return raw[:148] + b"%06o\0 " % sum(raw) + raw[156:]
