"""The bundle's head: a DSSE envelope around an in-toto statement, 65,536 bytes with its tar header.

Sources: DSSE v1.0.2 (secure-systems-lab/dsse), in-toto Statement v1. Standard library only, Python
3.6 and later. Checking a signature is the caller's: the near side does it with a library, the far
side with the host's openssl.
"""

import base64
import binascii
import re
from typing import TYPE_CHECKING, Callable, Dict, NamedTuple, Sequence, Tuple, TypeVar, cast

from .. import canonical
from ..errors import BundleDamaged, SignatureInvalid
from . import ustar
from .manifest import ENVELOPE_NAME, HEAD_SIZE, TOP

if TYPE_CHECKING:
    from ..documents.bundles import EnvelopeDocument, StatementDocument

PAYLOAD_TYPE = "application/vnd.in-toto+json"
STATEMENT_TYPE = "https://in-toto.io/Statement/v1"
PREDICATE_TYPE = "tag:parity,2026:bundle/v2"
FIRST_PREDICATE_TYPE = "tag:parity,2026:bundle/v1"
"""Of bundles whose files lie in no folder of their own."""
IMAGE, ENVIRONMENT = "tag:parity,2026:image/v1", "tag:parity,2026:environment/v1"
"""Of what was made from a bundle: a container image, the finished environment; see `export`."""
_TOPS = {
    PREDICATE_TYPE: TOP,
    FIRST_PREDICATE_TYPE: "",
    IMAGE: "parity-image/",
    ENVIRONMENT: "parity-environment/",
}

# The head is of one size for ever: a signature that is added later moves no byte of the payload.
_BODY_SIZE = HEAD_SIZE - ustar.BLOCK
_BASE64 = re.compile(r"[A-Za-z0-9+/]+={0,2}")
# Each signature by a trusted key costs the far side a run of openssl.
MAX_SIGNATURES = 16


class Signature(NamedTuple):
    """`keyid`: SHA-256 (hexadecimal) of the public key's DER SubjectPublicKeyInfo; `sig`: its bytes."""

    keyid: str
    sig: bytes


class Envelope(NamedTuple):
    """What was signed, to the byte, and the signatures, sorted by key."""

    payload: bytes
    signatures: Tuple[Signature, ...]


class Payload(NamedTuple):
    """What identifies the bytes after the head: sizes in bytes, digests in hexadecimal."""

    size: int
    sha256: str
    manifest_size: int
    manifest_sha256: str


class Statement(NamedTuple):
    """What the signer says: this payload is that version of this product, made from that profile.

    `predicate` is the format in which it is said.
    """

    payload: Payload
    product: str
    version: str
    serial: int
    profile: str
    profile_sha256: str
    predicate: str = PREDICATE_TYPE

    @property
    def top(self) -> str:
        """The folder in the archive, with its slash; empty in the first format."""
        return _TOPS[self.predicate]


Checker = Callable[[bytes, Sequence[Signature]], Tuple[str, ...]]
"""Takes the signed bytes and the signatures, gives the fingerprints of the trusted keys that made some.

It raises SignatureInvalid where too few of them did, or where a trusted key's signature is wrong.
"""

K = TypeVar("K")


def make_checker(
    keys: Dict[str, K], is_right: Callable[[K, bytes, bytes], bool], threshold: int = 1
) -> Checker:
    """A checker that trusts these keys: DSSE's (t, n), and stricter in one thing.

    DSSE passes over a wrong signature where enough others are right. Here every signature by a trusted
    key must be right: a wrong one means that somebody altered the envelope. Signatures by other keys
    are not looked at. A name in the envelope only says which key to try; what counts is the key.

    Args:
        keys: trusted keys by fingerprint.
        is_right: whether this key made this signature of these bytes.
        threshold: how many different ones of these keys must have signed.
    """

    def check(signed: bytes, signatures: Sequence[Signature]) -> Tuple[str, ...]:
        # `keyid` is not signed (DSSE): it may only choose which trusted key is tried.
        known = [one for one in signatures if one.keyid in keys]
        if not known:
            makers = ", ".join(one.keyid for one in signatures)
            raise SignatureInvalid(f"none of the keys that signed is trusted here: {makers}")
        for one in known:
            if not is_right(keys[one.keyid], one.sig, signed):
                raise SignatureInvalid(f"the signature by {one.keyid} is wrong")
        # A set: the same key twice is one signer.
        signers = tuple(sorted({one.keyid for one in known}))
        if len(signers) < threshold:
            raise _too_few(signers, threshold)
        return signers

    return check


def _too_few(signers: Sequence[str], threshold: int) -> SignatureInvalid:
    return SignatureInvalid(
        f"{threshold} of the trusted keys must have signed; {len(signers)} did: {', '.join(signers)}",
        "ask for the signatures that are missing: `parity sign` adds one to a finished bundle",
    )


_ENVELOPE = canonical.record(
    {
        "payload": canonical.text,
        "payloadType": canonical.one_of(PAYLOAD_TYPE),
        "signatures": canonical.array(
            canonical.record({"keyid": canonical.digest, "sig": canonical.text}), 1, MAX_SIGNATURES
        ),
    }
)
_STATEMENT = canonical.record(
    {
        "_type": canonical.one_of(STATEMENT_TYPE),
        "subject": canonical.array(
            canonical.record(
                {
                    "name": canonical.one_of("payload"),
                    "digest": canonical.record({"sha256": canonical.digest}),
                }
            ),
            1,
            1,
        ),
        "predicateType": canonical.one_of(*_TOPS),
        "predicate": canonical.record(
            {
                "payloadSize": canonical.count,
                "manifest": canonical.record({"size": canonical.count, "sha256": canonical.digest}),
                "product": canonical.name,
                "version": canonical.name,
                "serial": canonical.count,
                "profile": canonical.name,
                "profileSha256": canonical.digest,
            }
        ),
    }
)


def pae(payload: bytes) -> bytes:
    """What is really signed: DSSE's pre-authentication encoding (protocol.md, "PAE").

    `DSSEv1`, the payload's type and the payload, each of the two behind its length in bytes, in decimal
    digits; single spaces between all of them.
    """
    kind = PAYLOAD_TYPE.encode("ascii")
    return b"DSSEv1 %d %s %d %s" % (len(kind), kind, len(payload), payload)


def encode_statement(statement: Statement) -> bytes:
    """The statement as canonical JSON: an in-toto Statement v1 with one subject, the payload.

    Raises:
        BundleDamaged: a field that no reader would accept.
    """
    payload = statement.payload
    document = {
        "_type": STATEMENT_TYPE,
        "subject": [{"name": "payload", "digest": {"sha256": payload.sha256}}],
        "predicateType": statement.predicate,
        "predicate": {
            "payloadSize": payload.size,
            "manifest": {"size": payload.manifest_size, "sha256": payload.manifest_sha256},
            "product": statement.product,
            "version": statement.version,
            "serial": statement.serial,
            "profile": statement.profile,
            "profileSha256": statement.profile_sha256,
        },
    }
    _STATEMENT(document, "statement")
    return canonical.encode(document)


def parse_statement(data: bytes) -> Statement:
    """Read a statement, every field of it checked.

    Raises:
        BundleDamaged: it is malformed.
    """
    found = canonical.decode(data, "the signed statement")
    _STATEMENT(found, "statement")
    document = cast("StatementDocument", found)
    says = document["predicate"]
    payload = Payload(
        size=says["payloadSize"],
        sha256=document["subject"][0]["digest"]["sha256"],
        manifest_size=says["manifest"]["size"],
        manifest_sha256=says["manifest"]["sha256"],
    )
    return Statement(
        payload,
        says["product"],
        says["version"],
        says["serial"],
        says["profile"],
        says["profileSha256"],
        document["predicateType"],
    )


def encode_head(envelope: Envelope) -> bytes:
    """The 65,536 bytes before the payload.

    Raises:
        BundleDamaged: the envelope does not fit, or its signatures are not sorted.
    """
    canonical.strictly_rising([signature.keyid for signature in envelope.signatures], "the signatures' keys")
    body = canonical.encode(
        {
            "payload": _to_base64(envelope.payload),
            "payloadType": PAYLOAD_TYPE,
            "signatures": [{"keyid": one.keyid, "sig": _to_base64(one.sig)} for one in envelope.signatures],
        }
    )
    if len(body) > _BODY_SIZE:
        raise BundleDamaged("the envelope is larger than its place")
    # Spaces, which JSON allows after a document: the file is readable for other DSSE tools as it lies there.
    return _header(_top_of(envelope.payload)) + body.ljust(_BODY_SIZE, b" ")


def _header(top: str) -> bytes:
    return ustar.header(top + ENVELOPE_NAME, _BODY_SIZE)


def predicate_of(payload: bytes) -> str:
    """The format in which a statement is said, of its bytes alone; the bundle's where it says none."""
    # Canonical JSON has this key once, and no text of a statement can hold its quotes.
    found = (each for each in _TOPS if b'"predicateType":"%s"' % each.encode("ascii") in payload)
    return next(found, PREDICATE_TYPE)


def _top_of(payload: bytes) -> str:
    """Where the envelope lies, by what was signed and nothing else: so one envelope has one head."""
    return _TOPS[predicate_of(payload)]


def parse_body(body: bytes) -> Envelope:
    """The same from what `tar` unpacked of a head: all but its header; errors as `parse_head`."""
    try:
        return parse_head(_header(TOP) + body)
    except BundleDamaged:
        return parse_head(_header("") + body)


def parse_head(head: bytes) -> Envelope:
    """Read the head; nothing in it is authenticated by that.

    Raises:
        BundleDamaged: it is not, to the byte, what `encode_head` would write.
    """
    if len(head) != HEAD_SIZE or head[: ustar.BLOCK] not in map(_header, _TOPS.values()):
        raise BundleDamaged("this is not a parity bundle, or its first bytes are damaged")
    found = canonical.decode(head[ustar.BLOCK :].rstrip(b" "), "the envelope")
    _ENVELOPE(found, "envelope")
    document = cast("EnvelopeDocument", found)
    signatures = tuple(Signature(one["keyid"], _from_base64(one["sig"])) for one in document["signatures"])
    envelope = Envelope(_from_base64(document["payload"]), signatures)
    # Without this, bytes that no signature covers could change: base64 has many spellings.
    if encode_head(envelope) != head:
        raise BundleDamaged("the envelope is not canonical")
    return envelope


def _to_base64(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")


def _from_base64(text: str) -> bytes:
    if not _BASE64.fullmatch(text):
        raise BundleDamaged("the envelope holds something that is not base64")
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error as error:
        raise BundleDamaged("the envelope holds something that is not base64") from error
