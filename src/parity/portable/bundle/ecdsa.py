"""Which bytes count as an ECDSA P-256 public key, and as a signature by one. Python 3.6 and later.

Both sides ask here before a library or the host's openssl is asked, since those read more than they must
(bytes after the end, long forms of a length, a second key), and not all of them the same. One rule for
all: what has another spelling than the one that is written is refused.
"""

import base64
import binascii
import re
from typing import Tuple

# What `openssl pkey -pubout` and parity write; line ends may have been changed on the way.
_PEM = re.compile(
    rb"\s{0,99}-----BEGIN PUBLIC KEY-----\r?\n((?:[A-Za-z0-9+/]{1,128}={0,2}\r?\n){1,99})"
    rb"-----END PUBLIC KEY-----\s{0,99}"
)
# RFC 5480: SubjectPublicKeyInfo of an uncompressed point on P-256, up to the point's coordinates.
_P256 = bytes.fromhex("3059301306072a8648ce3d020106082a8648ce3d03010703420004")
# After the prefix: the point's two coordinates, 32 bytes each.
_P256_LENGTH = len(_P256) + 64
# The order of P-256's group (FIPS 186-4, D.1.2.3): both numbers of a signature lie between 0 and it.
_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
_SEQUENCE, _INTEGER = 0x30, 0x02
# Two integers of 1 byte each; of 33 each, where the top bit is set and a zero stands before it.
_MIN_SIGNATURE, _MAX_SIGNATURE = 8, 72


def public_der(text: bytes) -> bytes:
    """The DER form (RFC 5480) of the one key in a PEM file (RFC 7468) that holds nothing else.

    Raises:
        ValueError: it holds another kind of key, none, several, or anything besides.
    """
    match = _PEM.fullmatch(text)
    if match is None:
        raise ValueError("it must hold one PUBLIC KEY block, and nothing else")
    body = match.group(1).replace(b"\r", b"").replace(b"\n", b"")
    try:
        der = base64.b64decode(body, validate=True)
    except binascii.Error:
        raise ValueError("what is between its lines is not base64") from None
    # Bits that padding leaves over are ignored by decoders: a second spelling of the same key.
    if base64.b64encode(der) != body:
        raise ValueError("what is between its lines is not written as base64 is")
    if not der.startswith(_P256) or len(der) != _P256_LENGTH:
        raise ValueError("it is of another kind")
    return der


def well_formed(signature: bytes) -> bool:
    """Whether bytes are the DER form of a signature by a P-256 key, to the byte (RFC 3279, X.690 11)."""
    if not _MIN_SIGNATURE <= len(signature) <= _MAX_SIGNATURE:
        return False
    # So short a sequence has a length of one byte; BER's longer forms of it are other spellings.
    if signature[:2] != bytes((_SEQUENCE, len(signature) - 2)):
        return False
    first, rest = _integer(signature[2:])
    second, rest = _integer(rest)
    return not rest and 0 < first < _ORDER and 0 < second < _ORDER


def _integer(data: bytes) -> Tuple[int, bytes]:
    """A positive integer in its shortest form, and the bytes after it; 0 where there is none."""
    if len(data) < 3 or data[0] != _INTEGER or not 0 < data[1] <= len(data) - 2:  # noqa: PLR2004
        return 0, data
    content, rest = data[2 : 2 + data[1]], data[2 + data[1] :]
    # DER (X.690, 8.3.2): a leading zero only where the number would count as negative without it.
    padded = len(content) > 1 and content[0] == 0 and content[1] < 0x80  # noqa: PLR2004
    if padded or content[0] >= 0x80:  # noqa: PLR2004
        return 0, data
    return int.from_bytes(content, "big"), rest
