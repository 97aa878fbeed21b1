"""RECORD, a wheel's own list of its files (PEP 376, 427). Standard library only, Python 3.6 and later."""

import base64
import binascii
import csv
import hashlib
import io
import re
from typing import Callable, Dict, Iterator, NamedTuple, Optional, Set

from .zipcheck import WheelFault

# PEP 427 asks for sha256 or better, and forbids MD5 and SHA-1 by name.
STRONG = ("sha256", "sha384", "sha512")
_SIGNATURES = ("RECORD.jws", "RECORD.p7s")
_COLUMNS = 3


class Row(NamedTuple):
    """What RECORD says of one file; `digest` is raw bytes, `size` None where RECORD leaves it out."""

    algorithm: str
    digest: bytes
    size: Optional[int]


class RecordInvalid(Exception):
    """RECORD cannot be read; the message says where."""


def exempt(dist_info: str) -> Set[str]:
    """The files that RECORD lists without a hash or not at all: itself and its signatures."""
    return {f"{dist_info}/{name}" for name in ("RECORD", *_SIGNATURES)}


def parse(raw: bytes, dist_info: str) -> Dict[str, Row]:
    """Read RECORD into path → row, without the rows of the exempt files.

    Raises:
        RecordInvalid: no CSV of three columns, a hash that is weak or none, a path twice.
    """
    rows: Dict[str, Row] = {}
    skip = exempt(dist_info)
    try:
        for fields in csv.reader(io.StringIO(raw.decode("utf-8"), newline="")):
            if len(fields) != _COLUMNS:
                raise RecordInvalid(f"a line of RECORD has {len(fields)} fields, not 3")
            path, digest, size = fields
            if path in skip:
                continue
            row = _row(path, digest, size)
            # The same line twice is a build tool's slip; two that differ let two readers believe two things.
            if rows.setdefault(path, row) != row:
                raise RecordInvalid(f"RECORD lists {path!r} twice, differently")
    except (UnicodeDecodeError, csv.Error) as error:
        raise RecordInvalid(f"RECORD cannot be read: {error}") from error
    return rows


def _row(path: str, digest: str, size: str) -> Row:
    algorithm, _, value = digest.partition("=")
    if algorithm not in STRONG:
        raise RecordInvalid(f"RECORD has no SHA-256 or stronger hash for {path!r}")
    if not re.fullmatch(r"[0-9]{0,19}", size):
        raise RecordInvalid(f"RECORD has no number as the size of {path!r}")
    try:
        if len(value) == 2 * hashlib.new(algorithm).digest_size:  # some build tools write hexadecimal
            raw = bytes.fromhex(value)
        else:
            raw = base64.urlsafe_b64decode(value + "=" * (-len(value) % 4))
    except (binascii.Error, ValueError):
        raise RecordInvalid(f"RECORD has a malformed hash for {path!r}") from None
    return Row(algorithm, raw, int(size) if size else None)


class Meter:
    """Hashes and measures a file while it streams by to somebody, to hold it against its row."""

    def __init__(self, row: Row, onward: Callable[[bytes], object]) -> None:
        self._row = row
        self._hash = hashlib.new(row.algorithm)
        self._size = 0
        self._onward = onward

    def feed(self, piece: bytes) -> None:
        """Take the next piece."""
        self._hash.update(piece)
        self._size += len(piece)
        self._onward(piece)

    def findings(self, path: str) -> Iterator[WheelFault]:
        """What the file turned out to be other than its row says."""
        if self._row.size not in (None, self._size):
            yield WheelFault(
                "record-mismatch", f"{path} has {self._size} bytes, RECORD says {self._row.size}"
            )
        elif self._hash.digest() != self._row.digest:
            yield WheelFault("record-mismatch", f"{path} has another hash than RECORD says")
