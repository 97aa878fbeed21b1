"""Checking a bundle's signature with the host's own openssl. Standard library only, Python 3.6 and later.

For hosts where nothing but Python and openssl 1.1.1 or later is at hand. Only ECDSA P-256 keys pass.
"""

import base64
import binascii
import hashlib
import os
import re
import subprocess
from typing import NamedTuple, Sequence

from .envelope import Checker, make_checker
from .errors import SignatureInvalid

_PEM = re.compile(rb"\s*-----BEGIN PUBLIC KEY-----\s+([A-Za-z0-9+/=\s]+?)\s*-----END PUBLIC KEY-----\s*")
# RFC 5480: SubjectPublicKeyInfo of an uncompressed point on P-256, up to the point's coordinates.
_P256 = bytes.fromhex("3059301306072a8648ce3d020106082a8648ce3d03010703420004")
_P256_LENGTH = len(_P256) + 64
_TIMEOUT = 60
_MAX_KEY_FILE = 65536
# A DER signature by a P-256 key has 72 bytes at most.
_MAX_SIGNATURE = 128


class PublicKey(NamedTuple):
    """A trusted key: SHA-256 (hexadecimal) of its DER form, and its PEM form."""

    fingerprint: str
    pem: bytes


def load_public_key(path: str) -> PublicKey:
    """Read an ECDSA P-256 public key from a PEM file.

    Raises:
        SignatureInvalid: it cannot be read or is no such key.
    """
    try:
        with open(path, "rb") as file:
            match = _PEM.fullmatch(file.read(_MAX_KEY_FILE))
        der = base64.b64decode(match.group(1)) if match else b""
    except (OSError, binascii.Error) as error:
        raise SignatureInvalid(f"cannot read the key {path}: {error}") from error
    if not der.startswith(_P256) or len(der) != _P256_LENGTH:
        raise SignatureInvalid(f"{path} is not an ECDSA P-256 public key in PEM form")
    return PublicKey(hashlib.sha256(der).hexdigest(), _to_pem(der))


def openssl_checker(key_files: Sequence[str], openssl: str = "openssl", threshold: int = 1) -> Checker:
    """A checker that trusts the keys in these files and asks the host's openssl.

    Args:
        key_files: PEM files with public keys.
        openssl: the program.
        threshold: how many different ones of these keys must have signed.

    Raises:
        SignatureInvalid: one of the files is no usable key.
    """
    keys = {key.fingerprint: key for key in map(load_public_key, key_files)}

    def is_right(key: PublicKey, sig: bytes, signed: bytes) -> bool:
        return len(sig) <= _MAX_SIGNATURE and _ask(openssl, key.pem, sig, signed)

    return make_checker(keys, is_right, threshold)


def _ask(openssl: str, pem: bytes, sig: bytes, signed: bytes) -> bool:
    """Whether openssl finds the signature right. Key and signature go through pipes: nothing is written."""
    ends = [_pipe(pem), _pipe(sig)]
    names = [f"/dev/fd/{end}" for end in ends]
    command = [openssl, "dgst", "-sha256", "-verify", names[0], "-signature", names[1]]
    try:
        done = subprocess.run(
            command,
            check=False,
            input=signed,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            pass_fds=ends,
            env={"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C"},
            timeout=_TIMEOUT,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        remedy = "install openssl on this host, or verify the bundle with parity"
        raise SignatureInvalid(f"cannot run {openssl}: {error}", remedy) from error
    finally:
        for end in ends:
            os.close(end)
    return done.returncode == 0 and done.stdout.strip() == b"Verified OK"


def _pipe(data: bytes) -> int:
    """The reading end of a pipe that holds these bytes; a page always fits without a reader."""
    reading, writing = os.pipe()
    try:
        os.write(writing, data)
    finally:
        os.close(writing)
    return reading


def _to_pem(der: bytes) -> bytes:
    body = base64.encodebytes(der).replace(b"\n", b"")
    lines = [body[start : start + 64] for start in range(0, len(body), 64)]
    return b"\n".join([b"-----BEGIN PUBLIC KEY-----", *lines, b"-----END PUBLIC KEY-----", b""])
