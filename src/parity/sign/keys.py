"""ECDSA P-256 keys: making, keeping and reading them. The one place that knows the signing library."""

from __future__ import annotations

import errno
import hashlib
import os
import stat
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from shlex import quote

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from parity.errors import KeyExists, KeyUnusable, WriteFailed
from parity.portable.bundle.ecdsa import public_der, well_formed

_ALGORITHM = ec.ECDSA(hashes.SHA256())
_WHOSE = "name the sender's public key; `parity key show` prints it on their side"
_PRIVATE = b"PRIVATE KEY"
_TYPE_AGAIN = "type it again, or give the right one in PARITY_KEY_PASSPHRASE"
_MAX_KEY_FILE = 65536
_NEW_FILE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC

PassphraseProvider = Callable[[], str]
"""Asked once, and only for a key that is protected."""


class PublicKey:
    """A public key on P-256.

    Attributes:
        fingerprint: SHA-256 of its DER SubjectPublicKeyInfo, 64 hexadecimal digits.
        pem: its PEM form, as openssl reads it.
    """

    def __init__(self, key: ec.EllipticCurvePublicKey) -> None:
        self._key = key
        form = serialization.PublicFormat.SubjectPublicKeyInfo
        self.pem = key.public_bytes(serialization.Encoding.PEM, form)
        self.fingerprint = hashlib.sha256(key.public_bytes(serialization.Encoding.DER, form)).hexdigest()

    def made(self, signature: bytes, data: bytes) -> bool:
        """Whether this key made that signature (DER, ECDSA with SHA-256) of the data."""
        if not well_formed(signature):  # the rule of both sides; libraries read more than they must
            return False
        try:
            self._key.verify(signature, data, _ALGORITHM)
        except InvalidSignature:
            return False
        return True


class SigningKey:
    """A private key on P-256; `public` is its other half."""

    def __init__(self, key: ec.EllipticCurvePrivateKey) -> None:
        self._key = key
        self.public = PublicKey(key.public_key())

    def sign(self, data: bytes) -> bytes:
        """A signature of the data: ECDSA with SHA-256, DER. No two calls give the same."""
        return self._key.sign(data, _ALGORITHM)

    def private_pem(self, passphrase: str = "") -> bytes:
        """The private key as PKCS #8 in PEM, encrypted where there is a passphrase."""
        protection: serialization.KeySerializationEncryption = serialization.NoEncryption()
        if passphrase:
            protection = serialization.BestAvailableEncryption(passphrase.encode())
        return self._key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, protection
        )


@dataclass(frozen=True)
class LoadedKey:
    """A private key from a file; `warning` is a sentence about the file, empty where all is well."""

    key: SigningKey
    warning: str


def generate_key() -> SigningKey:
    """A new key on P-256 (FIPS 186-5, secp256r1), from the system's random numbers."""
    return SigningKey(ec.generate_private_key(ec.SECP256R1()))


def public_path(path: Path) -> Path:
    """Where the public half of the key at `path` lies: beside it, with `.pub` added."""
    return path.with_name(path.name + ".pub")


def save_key(path: Path, key: SigningKey, passphrase: str = "") -> Path:
    """Keep a key: the private half at `path` (mode 0600), the public one beside it.

    A folder that is not there is made, for the owner alone (0700).

    Returns:
        The public half's path.

    Raises:
        KeyExists: one of the two files is there already.
        WriteFailed: a file could not be written; neither is left.
    """
    public = public_path(path)
    _make_private_folder(path.parent)
    # Before the private half is written; `lexists`, since a dangling link is something, too.
    if os.path.lexists(public):
        raise KeyExists(f"there is a key already: {public}", where=str(public))
    write_new(path, key.private_pem(passphrase), 0o600)
    try:
        write_new(public, key.public.pem, 0o644)
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    return public


def load_key(path: Path, passphrase: PassphraseProvider | None = None) -> LoadedKey:
    """Read a private key in PEM form.

    Raises:
        KeyUnusable: it cannot be read, is no private key on P-256, or needs another passphrase.
    """
    data, mode = _read(path)
    key = _parse_private(path, data, passphrase)
    if not isinstance(key, ec.EllipticCurvePrivateKey) or not isinstance(key.curve, ec.SECP256R1):
        raise KeyUnusable("this is not an ECDSA P-256 private key", where=str(path))
    warning = ""
    # A warning, where ssh refuses: build machines get keys from volumes whose modes nobody can set.
    if mode & 0o077:
        warning = f"others than its owner may touch the private key {path}: chmod 600 {path}"
    return LoadedKey(SigningKey(key), warning)


def load_public_key(path: Path) -> PublicKey:
    """Read a public key in PEM form.

    Raises:
        KeyUnusable: it cannot be read or is no public key on P-256.
    """
    try:
        data, _ = _read(path)
    except KeyUnusable as error:
        raise KeyUnusable(error.message, where=error.where, remedy=_WHOSE) from error
    # Said plainly: whoever gives out this file by mistake should learn it here.
    if _PRIVATE in data:
        raise _private_half(path)
    try:
        key = serialization.load_der_public_key(public_der(data))
    except (ValueError, UnsupportedAlgorithm) as error:
        reason = f"this is not an ECDSA P-256 public key in PEM form: {error}"
        raise KeyUnusable(reason, where=str(path), remedy=_WHOSE) from error
    if not isinstance(key, ec.EllipticCurvePublicKey) or not isinstance(key.curve, ec.SECP256R1):
        raise KeyUnusable("this is not an ECDSA P-256 public key", where=str(path), remedy=_WHOSE)
    return PublicKey(key)


def _private_half(path: Path) -> KeyUnusable:
    public = public_path(path)
    made = f"`openssl pkey -in {quote(str(path))} -pubout -out {quote(str(public))}` makes its public half"
    return KeyUnusable(
        "this is a private key; its public half ends in .pub",
        where=str(path),
        remedy=f"name {public}" if public.exists() else made,
    )


def _parse_private(path: Path, data: bytes, passphrase: PassphraseProvider | None) -> object:
    """The private key in a PEM file, whatever its type."""
    secret = None
    # PKCS #8's own header and, in the older form, `Proc-Type: 4,ENCRYPTED`.
    if b"ENCRYPTED" in data:
        if passphrase is None:
            raise KeyUnusable("the key is protected by a passphrase", where=str(path))
        secret = passphrase().encode()
    elif b"PUBLIC KEY" in data:
        own = path.with_suffix("") if path.suffix == ".pub" else Path("KEY")
        raise KeyUnusable("this is a public key", where=str(path), remedy=f"name the private one: {own}")
    try:
        return serialization.load_pem_private_key(data, secret or None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        reason, remedy = "this is not a private key in PEM form", ""
        if secret is not None:
            reason, remedy = "this is not the key's passphrase", _TYPE_AGAIN
        raise KeyUnusable(reason, where=str(path), remedy=remedy) from error


def _read(path: Path) -> tuple[bytes, int]:
    """A key file's bytes and its mode."""
    try:
        # O_NONBLOCK: opening a named pipe would wait for a writer.
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        with open(descriptor, "rb") as file:
            mode = os.fstat(descriptor).st_mode
            if not stat.S_ISREG(mode):
                raise KeyUnusable("this is not a regular file", where=str(path))
            data = file.read(_MAX_KEY_FILE + 1)
    except OSError as error:
        remedy = f"`parity keygen {quote(str(path))}` makes one" if error.errno == errno.ENOENT else ""
        raise KeyUnusable(
            f"the key cannot be read: {error.strerror}", where=str(path), remedy=remedy
        ) from error
    if len(data) > _MAX_KEY_FILE:
        raise KeyUnusable("this file is too large for a key", where=str(path))
    return data, mode


def _make_private_folder(folder: Path) -> None:
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        folder.mkdir(mode=0o700, exist_ok=True)
    except OSError as error:
        raise WriteFailed(f"the folder cannot be made: {error.strerror}", where=str(folder)) from error


def write_new(path: Path, data: bytes, mode: int) -> None:
    """Write a file that is not there yet, with exactly this mode, and bring it to the disk.

    Raises:
        KeyExists: something is there.
        WriteFailed: it could not be written, and is not there now.
    """
    try:
        descriptor = os.open(path, _NEW_FILE, 0o600)
    except FileExistsError as error:
        raise KeyExists(f"there is a key already: {path}", where=str(path)) from error
    except OSError as error:
        raise WriteFailed(f"the key cannot be written: {error.strerror}", where=str(path)) from error
    try:
        with open(descriptor, "wb") as file:
            # The umask cannot take from it, and it is 0600 until here whatever the mode will be.
            os.fchmod(descriptor, mode)
            file.write(data)
            file.flush()
            os.fsync(descriptor)
    except BaseException as error:
        path.unlink(missing_ok=True)
        if isinstance(error, OSError):
            raise WriteFailed(f"the key cannot be written: {error.strerror}", where=str(path)) from error
        raise
