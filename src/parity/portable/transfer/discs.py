r"""Discs: a bundle's files under their own names, spread over folders. Python 3.6 and later, stdlib.

    disc-1-of-3/parity-bundle/...   files, as `tar xf` leaves them; manifest and envelope on each disc
    disc-1-of-3/disc.1-of-3.json    what lies on which disc: canonical JSON and a newline
    disc-1-of-3/SHA256SUMS.1-of-3   of every other file of this disc, for `sha256sum -c`
    disc-1-of-3/README.txt          what to type

All `parity-bundle` folders copied into one are the unpacked bundle. What a disc says of itself is believed by
nobody: it tells which one is missing. Every file is held against the manifest, that against the envelope.
"""

from typing import TYPE_CHECKING, NamedTuple, Tuple, cast

from .. import canonical
from ..bundle import manifest
from ..errors import BundleDamaged, VolumeDamaged
from .volumes import MAX_VOLUMES, is_file_name

if TYPE_CHECKING:
    from ..documents.transfers import DiscDocument

FORMAT = "parity-disc/1"
FOLDER = manifest.TOP.rstrip("/")
README = "README.txt"
SUFFIX = ".discs"
"""How the folder is called that `split` puts all discs into: the bundle's name and this."""
# Closed: a field that is not named here is refused, so that no second meaning hides in it.
_SHAPE = canonical.record(
    {
        "format": canonical.one_of(FORMAT),
        "bundle": canonical.record(
            {"name": canonical.text, "payload": canonical.digest, "head": canonical.digest}
        ),
        "number": canonical.count,
        "count": canonical.count,
        "discs": canonical.array(canonical.array(canonical.text), least=1, most=MAX_VOLUMES),
    }
)


class Disc(NamedTuple):
    """What a disc says of itself: the bundle, its own number, the paths on each disc.

    `payload` and `head` are SHA-256 digests: of the bundle's payload, and of its bytes before that.
    """

    name: str
    payload: str
    head: str
    number: int
    discs: Tuple[Tuple[str, ...], ...]

    @property
    def total(self) -> int:
        """How many there are."""
        return len(self.discs)

    @property
    def label(self) -> str:
        """`1-of-3`."""
        return f"{self.number}-of-{self.total}"


def disc_file(disc: Disc) -> str:
    """What its own file is called."""
    return f"disc.{disc.label}.json"


def sums_file(disc: Disc) -> str:
    """What the list for `sha256sum -c` is called."""
    return f"SHA256SUMS.{disc.label}"


def encode_disc(disc: Disc) -> bytes:
    """A disc's own file.

    Raises:
        VolumeDamaged: a field that no reader would accept.
    """
    document = {
        "format": FORMAT,
        "bundle": {"name": disc.name, "payload": disc.payload, "head": disc.head},
        "number": disc.number,
        "count": disc.total,
        "discs": [list(paths) for paths in disc.discs],
    }
    # What readers would refuse is refused here, before discs are burnt.
    data = canonical.encode(document) + b"\n"
    parse_disc(data)
    return data


def parse_disc(data: bytes) -> Disc:
    """Read a disc's own file, every field of it checked.

    Raises:
        VolumeDamaged: it is none, or contradicts itself.
    """
    try:
        said = canonical.decode(data[:-1], "the disc's own file")
        _SHAPE(said, "disc")
    except BundleDamaged as error:
        raise VolumeDamaged(error.message) from error
    document = cast("DiscDocument", said)
    bundle, discs = document["bundle"], tuple(tuple(paths) for paths in document["discs"])
    disc = Disc(bundle["name"], bundle["payload"], bundle["head"], document["number"], discs)
    # The name becomes a file's where nobody says another: it must be one plain file's.
    sound = data[-1:] == b"\n" and is_file_name(disc.name) and 1 <= disc.number <= disc.total
    if not sound or document["count"] != disc.total:
        raise VolumeDamaged("the disc's own file contradicts itself")
    return disc
