"""Checking a bundle's signature with the host's own openssl. Standard library only, Python 3.6 and later.

For hosts where nothing but Python and openssl 1.1.1 or later is at hand. Only ECDSA P-256 keys pass.
"""

import base64
import hashlib
import os
import subprocess
from typing import NamedTuple, Sequence

from ..errors import SignatureInvalid
from ..plainfile import read_whole
from .ecdsa import public_der, well_formed
from .envelope import Checker, make_checker

_TIMEOUT = 60
MAX_KEY_FILE = 65536


class TrustedKey(NamedTuple):
    """A trusted key: SHA-256 (hexadecimal) of its DER form, and its PEM form."""

    fingerprint: str
    pem: bytes


def load_public_key(path: str) -> TrustedKey:
    """Read an ECDSA P-256 public key from a PEM file.

    Raises:
        SignatureInvalid: it cannot be read or is no such key.
    """
    try:
        der = public_der(read_whole(path, MAX_KEY_FILE))
    except OSError as error:
        raise SignatureInvalid(f"cannot read the key {path}: {error.strerror}") from error
    except ValueError as error:
        raise SignatureInvalid(f"{path} is not an ECDSA P-256 public key in PEM form: {error}") from error
    return TrustedKey(hashlib.sha256(der).hexdigest(), _to_pem(der))


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

    def is_right(key: TrustedKey, sig: bytes, signed: bytes) -> bool:
        # Versions of openssl differ in what they accept as DER; we accept one form before one of them is
        # asked.
        return well_formed(sig) and _ask(openssl, key.pem, sig, signed)

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
            # Not ours: OPENSSL_CONF, OPENSSL_MODULES or LD_PRELOAD could change what "verified" means.
            env={"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C"},
            timeout=_TIMEOUT,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        remedy = "install openssl on this host, or verify the bundle with parity"
        raise SignatureInvalid(f"cannot run {openssl}: {error}", remedy) from error
    finally:
        for end in ends:
            os.close(end)
    # Both, since a stand-in that is called openssl may well end with 0.
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
