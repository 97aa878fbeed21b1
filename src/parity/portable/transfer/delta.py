r"""A delta: what a new bundle has and an old one lacks. Standard library only, Python 3.6 and later.

    0      "parity-delta/1 ", SHA-256 of the index (64 hexadecimal digits), " ",
           its size in bytes (10 decimal digits), "\n"
    91     the index: canonical JSON
           the parts, back to back, in the index's order; nothing follows the last one

Index: {"format":"parity-delta/1",
 "base": and "result": {"payload":SHA-256,"size":bytes of the whole file,
                        "product","version","serial","profile"},
 "head":{"size","sha256"}       part 1: the result's first 65,536 bytes, packed,
 "manifest":{"size","sha256"}   part 2: the result's manifest, packed,
 "files":[{"path","size","sha256"}]  the files that the base lacks, in payload order}

`size` and `sha256` are those of the part as it lies in the delta. Packed means `text_delta.pack`: the head
against nothing, the manifest against the base's manifest, a file against the base's file of the same
path (nothing where there is none). A file whose `sha256` is null lies there as it is; its digest stands
in the result's manifest. Files of the result that are not listed are those of the base that have the
same SHA-256.

A delta that was made from an inventory, of several bundles or of an index, has no base: it is
"parity-delta/2", its "base" is null, head, manifest and files are packed against nothing, and the files
that are not listed lie somewhere on the other side under their SHA-256.

A delta is not signed and need not be: what it gives back carries the signature that it always had.
"""

import hashlib
import re
from typing import TYPE_CHECKING, BinaryIO, NamedTuple, Optional, Tuple, cast

from .. import canonical
from ..bundle.envelope import Statement
from ..bundle.kinds import kind_of
from ..bundle.manifest import HEAD_SIZE, LIMIT
from ..errors import BundleDamaged, DeltaDamaged

if TYPE_CHECKING:
    from ..documents.transfers import DeltaDocument

FORMAT, BASELESS = "parity-delta/1", "parity-delta/2"
_HEADER = re.compile(rb"parity-delta/[12] ([0-9a-f]{64}) ([0-9]{10})\n")
HEADER_SIZE = len(FORMAT) + 1 + 64 + 1 + 10 + 1


class Identity(NamedTuple):
    """Which bundle: its payload's digest, its file's size in bytes, and what the signer calls it."""

    payload: str
    size: int
    product: str
    version: str
    serial: int
    profile: str

    def __str__(self) -> str:
        return f"{self.product} {self.version}, serial {self.serial}, payload sha256:{self.payload}"


class Packed(NamedTuple):
    """A packed part: its bytes in the delta and their SHA-256."""

    size: int
    sha256: str


class DeltaPart(NamedTuple):
    """A file that the delta carries; `size` is its bytes there, `sha256` theirs if it is packed."""

    path: str
    size: int
    sha256: Optional[str]


class DeltaIndex(NamedTuple):
    """What a delta says of itself; `base` is None where it was made from an inventory."""

    base: Optional[Identity]
    result: Identity
    head: Packed
    manifest: Packed
    files: Tuple[DeltaPart, ...]

    @property
    def parts_size(self) -> int:
        """The bytes after the index."""
        return self.head.size + self.manifest.size + sum(part.size for part in self.files)


_IDENTITY = canonical.record(
    {
        "payload": canonical.digest,
        "size": canonical.count,
        "product": canonical.name,
        "version": canonical.name,
        "serial": canonical.count,
        "profile": canonical.name,
    }
)
_PACKED = canonical.record({"size": canonical.count, "sha256": canonical.digest})
_INDEX = canonical.record(
    {
        "format": canonical.one_of(FORMAT, BASELESS),
        "base": canonical.optional(_IDENTITY),
        "result": _IDENTITY,
        "head": _PACKED,
        "manifest": _PACKED,
        "files": canonical.array(
            canonical.record(
                {
                    "path": canonical.text,
                    "size": canonical.count,
                    "sha256": canonical.optional(canonical.digest),
                }
            )
        ),
    }
)


def identity_of(statement: Statement) -> Identity:
    """A bundle's identity as its signed statement tells it."""
    payload = statement.payload
    return Identity(
        payload.sha256,
        HEAD_SIZE + payload.size,
        statement.product,
        statement.version,
        statement.serial,
        statement.profile,
    )


def encode_index(index: DeltaIndex) -> bytes:
    """A delta's bytes before its first part: the line of 91 bytes, and the index as canonical JSON."""
    form = FORMAT if index.base else BASELESS
    data = canonical.encode(
        {
            "format": form,
            "base": index.base._asdict() if index.base else None,
            "result": index.result._asdict(),
            "head": index.head._asdict(),
            "manifest": index.manifest._asdict(),
            "files": [part._asdict() for part in index.files],
        }
    )
    digest = hashlib.sha256(data).hexdigest()
    return f"{form} {digest} {len(data):010d}\n".encode("ascii") + data


def read_index(file: BinaryIO) -> DeltaIndex:
    """Read a delta's beginning, every field of it checked; the file stands at the first part then.

    Raises:
        DeltaDamaged: it is no delta, or a damaged, truncated or extended one.
    """
    form, data = _index_bytes(file)
    try:
        found = canonical.decode(data, "the delta's index")
        _INDEX(found, "delta")
        document = cast("DeltaDocument", found)
        paths = [entry["path"] for entry in document["files"]]
        canonical.strictly_rising(paths, "delta.files")
    except BundleDamaged as error:
        raise DeltaDamaged(error.message) from error
    base = document["base"]
    if document["format"] != form or (base is None) != (form == BASELESS):
        raise DeltaDamaged("the delta's index is of another format than its first line")
    index = DeltaIndex(
        Identity(**base) if base else None,
        Identity(**document["result"]),
        Packed(**document["head"]),
        Packed(**document["manifest"]),
        tuple(DeltaPart(**entry) for entry in document["files"]),
    )
    _check_sizes(file, index, HEADER_SIZE + len(data))
    return index


def _index_bytes(file: BinaryIO) -> Tuple[str, bytes]:
    """The format that the first line names, and the index, its digest checked."""
    line = read_exactly(file, HEADER_SIZE)
    found = _HEADER.fullmatch(line)
    other = "" if found else kind_of(line)
    if other and other != kind_of(FORMAT.encode("ascii")):
        raise DeltaDamaged(
            f"this is {other} and no delta", "name the delta last: parity patch OLD DELTA -o NEW"
        )
    if found is None:
        raise DeltaDamaged("this is not a parity delta, or its first bytes are damaged")
    size = int(found.group(2))
    # Ten digits can promise 10 GB; it is read into memory.
    if size > LIMIT:
        raise DeltaDamaged("the delta's index is too large")
    data = read_exactly(file, size)
    if hashlib.sha256(data).hexdigest() != found.group(1).decode("ascii"):
        raise DeltaDamaged("the delta's index is damaged")
    return line[: len(FORMAT)].decode("ascii"), data


def _check_sizes(file: BinaryIO, index: DeltaIndex, start: int) -> None:
    """Refuse a delta that is not exactly as long as its index says, or whose packed parts are absurd."""
    packed = [index.head.size, index.manifest.size, *[part.size for part in index.files if part.sha256]]
    # Packed parts are read into memory; unpacked none is above LIMIT, and zlib hardly lengthens anything.
    if max(packed) > 2 * LIMIT:
        raise DeltaDamaged("a packed part of the delta is too large")
    try:
        end = file.seek(0, 2)
        file.seek(start)
    except OSError as error:
        raise DeltaDamaged(f"the delta cannot be read: {error.strerror}") from error
    # Before any work, and nothing may follow: what nobody reads could carry what nobody sees.
    if end != start + index.parts_size:
        raise DeltaDamaged(f"the delta has {end} bytes, its index says {start + index.parts_size}")


def read_packed(file: BinaryIO, size: int, sha256: str) -> bytes:
    """The delta's next part, which is packed.

    Raises:
        DeltaDamaged: it is not what the index says.
    """
    data = read_exactly(file, size)
    if hashlib.sha256(data).hexdigest() != sha256:
        raise DeltaDamaged("a packed part of the delta is damaged")
    return data


def read_exactly(file: BinaryIO, size: int) -> bytes:
    """The delta's next bytes.

    Raises:
        DeltaDamaged: it ends before, or cannot be read.
    """
    try:
        data = file.read(size)
    except OSError as error:
        raise DeltaDamaged(f"the delta cannot be read: {error.strerror}") from error
    if len(data) != size:
        raise DeltaDamaged("the delta ends too early, or is none")
    return data
