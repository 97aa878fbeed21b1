"""What was made from a bundle: a container image, or the finished environment. Python 3.6 and later.

    0        ustar header "parity-image/parity-envelope.json" (or "parity-environment/…"), size 65024
    512      DSSE envelope, as a bundle's, padded with spaces to byte 65536
    65536 →  payload: ustar "<folder>/manifest.json" first, then what the vehicle is made of

Signed is the payload's digest, and it is all that is compared: whoever takes these files (an engine, tar)
reads them with code of its own, which sees exactly what was signed or nothing.
"""

import re
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, BinaryIO, NamedTuple, Optional, Pattern, Tuple, cast

from .. import canonical
from ..errors import BundleDamaged, BundleUnreadable
from .envelope import ENVIRONMENT, IMAGE, Checker, Envelope, Statement, pae, parse_statement, predicate_of
from .manifest import LIMIT, TARGET
from .reader import any_envelope, signed_manifest
from .tape import Progress, Tape

if TYPE_CHECKING:
    from ..documents.exports import ExportDocument

FORMAT = "parity-export/1"
VEHICLES = {IMAGE: "image", ENVIRONMENT: "environment"}
"""What the formats of statements stand for, in a word."""
_REFERENCE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/@-]{0,600}")
_PLACE = re.compile(r"(/[A-Za-z0-9][A-Za-z0-9._+-]*){1,8}")
_NAMED = canonical.record({"name": canonical.text, "version": canonical.text})


def _spelled(pattern: "Pattern[str]", what: str) -> canonical.Check:
    # These become words of commands, and lines that a person copies.
    def check(value: object, where: str) -> None:
        if not isinstance(value, str) or not pattern.fullmatch(value):
            raise BundleDamaged(f"{where} must be {what}")

    return check


_IMAGE = canonical.record(
    {
        "name": _spelled(_REFERENCE, "an image's name"),
        "user": _spelled(re.compile("[0-9]{1,5}:[0-9]{1,5}"), "UID:GID"),
        "config": canonical.digest,
        "manifest": canonical.digest,
        "base": canonical.array(canonical.digest, most=256),
        "on_site": canonical.optional(_spelled(_REFERENCE, "an image's name")),
    }
)
HIDDEN = "without the target's Python"
"""How an environment with an interpreter of its own was tried."""
_PYTHON = canonical.record(
    {
        "version": canonical.name,
        "file": canonical.name,
        "sha256": canonical.digest,
        "tried": canonical.one_of(HIDDEN),
    }
)
_FIELDS = {
    "format": canonical.one_of(FORMAT),
    "bundle": canonical.digest,
    "target": TARGET,
    "prefix": _spelled(_PLACE, "a plain absolute path"),
    "packages": canonical.array(_NAMED),
    "image": canonical.optional(_IMAGE),
}
_SHAPE = canonical.record(_FIELDS)
# A key of its own, so that what carries no interpreter is told as it always was.
_SHAPE_WITH_PYTHON = canonical.record({**_FIELDS, "python": _PYTHON})


class VerifiedExport(NamedTuple):
    """An export whose every byte was checked; `signers`: fingerprints of the trusted keys that signed."""

    envelope: Envelope
    statement: Statement
    document: "ExportDocument"
    signers: Tuple[str, ...]


def encode(document: "ExportDocument") -> bytes:
    """The manifest's bytes: canonical JSON and one newline.

    Raises:
        BundleDamaged: the document is none that `parse` would accept.
    """
    data = canonical.encode(document) + b"\n"
    parse(data)
    return data


def parse(data: bytes) -> "ExportDocument":
    """Read a manifest, every field of it checked.

    Raises:
        BundleDamaged: it is malformed or too large.
    """
    if len(data) > LIMIT or data[-1:] != b"\n":
        raise BundleDamaged("the manifest is too large or does not end with a newline")
    found = canonical.decode(data[:-1], "the manifest")
    with_python = isinstance(found, dict) and "python" in found
    (_SHAPE_WITH_PYTHON if with_python else _SHAPE)(found, "manifest")
    return cast("ExportDocument", found)


def is_export(file: BinaryIO) -> bool:
    """Whether a file is one of these, by its first bytes; nothing is verified.

    Raises:
        BundleDamaged, BundleUnreadable: it is nothing of parity's, or cannot be read.
    """
    return predicate_of(any_envelope(file).payload) in VEHICLES


def verify_export(file: BinaryIO, check: Checker, progress: Optional[Progress] = None) -> VerifiedExport:
    """Check every byte of it, in constant memory; arguments and errors as `reader.verify_bundle`.

    Raises:
        BundleUnreadable: it is a bundle, too.
    """
    envelope = any_envelope(file)
    signers = check(pae(envelope.payload), envelope.signatures)
    statement = parse_statement(envelope.payload)
    if statement.predicate not in VEHICLES:
        raise BundleUnreadable("this is a bundle, and no image or environment", "`install` installs a bundle")
    document = _read_manifest(file, statement)
    with ThreadPoolExecutor(1) as pool:
        # Headers are not compared, as a bundle's are: nothing of parity unpacks this.
        tape = Tape(file, pool, progress)
        tape.skip(statement.payload.size)
        if tape.digest() != statement.payload.sha256:
            raise BundleDamaged("the payload is not the one in the statement")
    return VerifiedExport(envelope, statement, document, signers)


def _read_manifest(file: BinaryIO, statement: Statement) -> "ExportDocument":
    document = parse(signed_manifest(file, statement))
    is_environment = statement.predicate == ENVIRONMENT
    if (document["image"] is None) != is_environment or ("python" in document and not is_environment):
        raise BundleDamaged("the manifest is of another vehicle than the statement")
    return document
