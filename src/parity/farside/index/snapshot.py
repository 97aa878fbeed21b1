"""What is in one state of an index that grows, and its record. Python 3.6, standard library alone."""

from typing import Dict, List, NamedTuple, Tuple

from ...portable import canonical
from ...portable.errors import BundleDamaged, NoIndexThere
from ...portable.plainfile import read_whole
from .catalogue import ListedBundle, ListedWheel

RECORD = "snapshot.json"
"""The record's name in a snapshot's folder."""
_LARGEST = 256 << 20  # bytes
_ANEW = "write the index anew from its bundles, into another folder: parity index DIR --add BUNDLE"
_SHAPE = canonical.record(
    {
        "format": canonical.one_of("parity-index-1"),
        "number": canonical.count,
        "previous": canonical.count,
        "bundles": canonical.array(
            canonical.record(
                {
                    "product": canonical.text,
                    "version": canonical.text,
                    "serial": canonical.count,
                    "payload_sha256": canonical.digest,
                    "made_for": canonical.text,
                    "signers": canonical.array(canonical.text),
                    "wheels": canonical.array(canonical.text),
                }
            )
        ),
        "wheels": canonical.array(
            canonical.record(
                {
                    "filename": canonical.text,
                    "project": canonical.name,
                    "version": canonical.text,
                    "size": canonical.count,
                    "sha256": canonical.digest,
                    "requires_python": canonical.short_text,
                    "summary": canonical.short_text,
                    "metadata_sha256": canonical.digest,
                }
            )
        ),
    }
)


class HeldBundle(NamedTuple):
    """A bundle of an index, and the file names of its wheels."""

    listed: ListedBundle
    wheels: Tuple[str, ...]


class Snapshot(NamedTuple):
    """One state of an index; `previous` is what a rollback leads to, 0 for nothing."""

    number: int
    previous: int
    bundles: Tuple[HeldBundle, ...]
    wheels: Tuple[ListedWheel, ...]


NOTHING = Snapshot(0, 0, (), ())
"""Before there is any."""


def read_snapshot(path: str, number: int) -> Snapshot:
    """A snapshot's record, by its path.

    Raises:
        NoIndexThere: it cannot be read, or is none.
    """
    try:
        found = canonical.decode(read_whole(path, _LARGEST), path)
        _SHAPE(found, path)
    except OSError as error:
        raise NoIndexThere(f"{path} cannot be read: {error.strerror}", remedy=_ANEW) from error
    except BundleDamaged as damaged:
        raise NoIndexThere(f"{path} is damaged: {damaged.message}", remedy=_ANEW) from damaged
    document: Dict[str, List[Dict[str, object]]] = found  # type: ignore[assignment]
    wheels = tuple(ListedWheel(**row) for row in document["wheels"])  # type: ignore[arg-type]
    bundles = tuple(_held(row) for row in document["bundles"])
    return Snapshot(number, int(str(document["previous"])), bundles, wheels)


def _held(row: Dict[str, object]) -> HeldBundle:
    fields = {name: row[name] for name in ListedBundle._fields}
    fields["signers"] = tuple(row["signers"])  # type: ignore[arg-type]
    return HeldBundle(ListedBundle(**fields), tuple(row["wheels"]))  # type: ignore[arg-type]


def encode(snapshot: Snapshot) -> bytes:
    """The record's bytes."""
    document = {
        "format": "parity-index-1",
        "number": snapshot.number,
        "previous": snapshot.previous,
        "bundles": [
            dict(each.listed._asdict(), signers=list(each.listed.signers), wheels=list(each.wheels))
            for each in snapshot.bundles
        ],
        "wheels": [dict(each._asdict()) for each in snapshot.wheels],
    }
    return canonical.encode(document)
