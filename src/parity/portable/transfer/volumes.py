r"""Volumes: a bundle in pieces for media, each checkable on its own. Standard library, Python 3.6 and later.

A volume is a header of 1024 bytes and a piece of the bundle:

    0      "parity-volume/1 ", SHA-256 of bytes 81 to 1023 (64 hexadecimal digits), "\n"
    81     {"bundle":{"name","sha256","size"},"count","number","offset","sha256","size"}:
           canonical JSON, padded with spaces, a newline at byte 1023
    1024   `size` bytes of the bundle from `offset` on; `sha256` is theirs

`bundle.sha256` is that of the whole file and tells which volumes belong together. Numbers begin at 1.
Volumes are called `NAME.vol-NUMBER-of-COUNT`, the number padded with zeros, so that a shell gives them
in order. With stock tools alone, checked by the bundle's own signature afterwards:

    for volume in NAME.vol-*; do tail -c +1025 "$volume"; done >NAME
"""

import hashlib
import os
import re
from typing import TYPE_CHECKING, BinaryIO, Iterator, NamedTuple, cast

from .. import canonical
from ..bundle.kinds import kind_of
from ..bundle.tape import CHUNK
from ..errors import BundleDamaged, BundleUnreadable, VolumeDamaged

if TYPE_CHECKING:
    from ..documents.transfers import VolumeDocument

HEADER_SIZE = 1024
# Names are padded to the count's digits, at most four.
MAX_VOLUMES = 9999
_MAGIC = b"parity-volume/1 "
_HEADER = re.compile(re.escape(_MAGIC) + rb"([0-9a-f]{64})\n")
_TEXT_AT = len(_MAGIC) + 65
MARK = ".vol-"


class Volume(NamedTuple):
    """One volume's header: number `number` of `total`. Sizes and the offset are in bytes."""

    name: str
    bundle_size: int
    bundle_sha256: str
    number: int
    total: int
    offset: int
    size: int
    sha256: str

    @property
    def filename(self) -> str:
        """How its file is called."""
        return f"{self.name}{MARK}{self.number:0{len(str(self.total))}d}-of-{self.total}"


_SHAPE = canonical.record(
    {
        "bundle": canonical.record(
            {"name": canonical.text, "size": canonical.count, "sha256": canonical.digest}
        ),
        "number": canonical.count,
        "count": canonical.count,
        "offset": canonical.count,
        "size": canonical.count,
        "sha256": canonical.digest,
    }
)


def encode_header(volume: Volume) -> bytes:
    """A volume's first 1024 bytes.

    Raises:
        VolumeDamaged: a field that no reader would accept.
    """
    document = {
        "bundle": {"name": volume.name, "size": volume.bundle_size, "sha256": volume.bundle_sha256},
        "number": volume.number,
        "count": volume.total,
        "offset": volume.offset,
        "size": volume.size,
        "sha256": volume.sha256,
    }
    text = canonical.encode(document).ljust(HEADER_SIZE - _TEXT_AT - 1) + b"\n"
    header = _MAGIC + hashlib.sha256(text).hexdigest().encode("ascii") + b"\n" + text
    # A name so long that the text does not fit its place is found here, too.
    parse_header(header)
    return header


def parse_header(header: bytes) -> Volume:
    """Read a volume's header, every field of it checked.

    Raises:
        VolumeDamaged: it is none, or it is damaged.
    """
    found = _HEADER.fullmatch(header[:_TEXT_AT])
    if found is None or len(header) != HEADER_SIZE:
        other = kind_of(header)
        if other:
            raise VolumeDamaged(f"it is {other}, and no volume that could be joined")
        raise VolumeDamaged("it is no volume of a bundle, or its first bytes are damaged")
    text = header[_TEXT_AT:]
    if hashlib.sha256(text).hexdigest().encode("ascii") != found.group(1) or text[-1:] != b"\n":
        raise VolumeDamaged("its header is damaged")
    try:
        said = canonical.decode(text[:-1].rstrip(b" "), "the volume's header")
        _SHAPE(said, "volume")
    except BundleDamaged as error:
        raise VolumeDamaged(error.message) from error
    document = cast("VolumeDocument", said)
    bundle = document["bundle"]
    volume = Volume(
        bundle["name"],
        bundle["size"],
        bundle["sha256"],
        number=document["number"],
        total=document["count"],
        offset=document["offset"],
        size=document["size"],
        sha256=document["sha256"],
    )
    if not _is_sound(volume):
        raise VolumeDamaged("its header contradicts itself")
    return volume


def is_file_name(text: str) -> bool:
    """Whether a file can have a bundle's own name: no folder, no leading dot or hyphen, for no shell."""
    return re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._+!-]{0,399}", text) is not None


def _is_sound(volume: Volume) -> bool:
    """Whether name, numbers and places can be right."""
    last = volume.number == volume.total
    return (
        is_file_name(volume.name)  # which the joined file gets
        and 1 <= volume.number <= volume.total <= MAX_VOLUMES
        and volume.size > 0
        # An empty or overlapping piece could make a set that looks whole and is not.
        and (volume.offset == 0) == (volume.number == 1)
        and (volume.offset + volume.size == volume.bundle_size) == last
        and volume.offset + volume.size <= volume.bundle_size
    )


def read_header(file: BinaryIO) -> Volume:
    """The header, if the file has the size that it says.

    Raises:
        VolumeDamaged: it is none, or it is damaged, or the file is longer or shorter.
        BundleUnreadable: the medium failed.
    """
    try:
        volume = parse_header(file.read(HEADER_SIZE))
        size = file.seek(0, os.SEEK_END)
    except OSError as error:
        raise BundleUnreadable(f"it cannot be read: {error.strerror}") from error
    if size != HEADER_SIZE + volume.size:
        expected = HEADER_SIZE + volume.size
        raise VolumeDamaged(
            f"number {volume.number} of {volume.total} has {size} bytes instead of {expected}"
        )
    return volume


def read_content(file: BinaryIO, volume: Volume) -> Iterator[bytes]:
    """A volume's piece of the bundle; worth nothing unless the iterator comes to its end.

    Args:
        file: the volume's, seekable.
        volume: its header, as `read_header` gave it.

    Yields:
        `volume.size` bytes in all, in chunks of at most 1 MiB.

    Raises:
        VolumeDamaged: it ends too early, or its SHA-256 is another one.
        BundleUnreadable: the medium failed.
    """
    seen, left = hashlib.sha256(), volume.size
    try:
        file.seek(HEADER_SIZE)
        while left:
            chunk = file.read(min(CHUNK, left))
            if not chunk:
                raise VolumeDamaged("it ends too early")
            seen.update(chunk)
            left -= len(chunk)
            yield chunk
    except OSError as error:
        raise BundleUnreadable(f"it cannot be read: {error.strerror}") from error
    if seen.hexdigest() != volume.sha256:
        raise VolumeDamaged("its content is damaged")
