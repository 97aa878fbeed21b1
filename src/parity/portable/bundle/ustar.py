"""The one way a file stands in a bundle's tar. Standard library only, Python 3.6 and later.

Headers are written by hand (POSIX.1-2017, pax, "ustar Interchange Format"), because `tarfile` writes
different bytes on different versions of Python. They are never parsed: who reads a bundle makes the
header anew from the signed manifest and compares.
"""

from typing import Iterable, List, Optional, Set, Tuple

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
    split = _split(path)
    records = b""
    if split is None:
        records += _record("path", path)
    if size > _MAX_SIZE:
        records += _record("size", str(size))
    if not records:
        prefix, last = split or ("", "")
        return _block(prefix, last, size, b"0")
    # The name is `tarfile`'s own; the real path and size in the records override those of the second block.
    extended = _block("", "././@PaxHeader", len(records), b"x") + records + padding(len(records))
    return extended + _block("", path[:_NAME], min(size, _MAX_SIZE), b"0")


def padding(size: int) -> bytes:
    """The zeros between a file's last byte and the next block."""
    return bytes(-size % BLOCK)


def member_size(path: str, size: int) -> int:
    """How many bytes a file takes up in the archive, header and padding included."""
    return len(header(path, size)) + size + -size % BLOCK


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
    if len(path) <= _NAME:
        return "", path
    # The slash itself stands in neither field, so it may be the character after the prefix's last.
    cut = path.rfind("/", 0, _PREFIX + 1)
    if cut < 1 or len(path) - cut - 1 > _NAME:
        return None
    return path[:cut], path[cut + 1 :]


def _record(key: str, value: str) -> bytes:
    """One pax record, `LENGTH KEY=VALUE` and a newline; the length counts its own digits."""
    rest = len(key) + len(value) + 3
    length = rest + len(str(rest))
    # A second time, where the digits of the length made it one digit longer (98 + 2 gives 100, so 101).
    length = rest + len(str(length))
    return f"{length} {key}={value}\n".encode("ascii")


def _block(prefix: str, name: str, size: int, kind: bytes) -> bytes:
    """One header block: mode 0644, owner 0, time 0, no names."""
    fields = (
        name.encode("ascii").ljust(_NAME, b"\0"),
        b"0000644\0" + b"0000000\0" * 2,  # mode, uid, gid
        b"%011o\0" % size,
        b"00000000000\0",  # mtime
        b" " * 8,  # the checksum counts itself as spaces
        kind + bytes(100),  # type, link name
        b"ustar\x0000" + bytes(64),  # magic, version, owner's and group's names
        b"0000000\0" * 2,  # device numbers
        prefix.encode("ascii").ljust(_PREFIX, b"\0"),
        bytes(12),
    )
    raw = b"".join(fields)
    return raw[:148] + b"%06o\0 " % sum(raw) + raw[156:]
