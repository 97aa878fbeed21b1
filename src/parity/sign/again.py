"""Signing a finished bundle once more: further signatures of the very statement that it carries."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from parity.errors import InputFileError, SignaturesFull
from parity.files import AtomicFile, atomic_file
from parity.portable.bundle.envelope import MAX_SIGNATURES, Checker, Envelope, encode_head, pae
from parity.portable.bundle.manifest import HEAD_SIZE
from parity.portable.bundle.reader import VerifiedBundle, open_bundle, verify_bundle
from parity.portable.bundle.tape import CHUNK
from parity.portable.errors import BundleDamaged, BundleUnreadable, SignatureInvalid
from parity.progress import Reporter
from parity.sign.keys import PublicKey, SigningKey
from parity.sign.seal import sign_statement


@dataclass(frozen=True)
class SignedAgain:
    """What became of a bundle.

    Attributes:
        before: the bundle as it was found, every byte verified.
        envelope: what it carries now.
        added: fingerprints of the keys that signed just now.
        already: fingerprints of those among the keys that had signed before.
    """

    before: VerifiedBundle
    envelope: Envelope
    added: tuple[str, ...]
    already: tuple[str, ...]


def sign_again(path: Path, keys: Sequence[SigningKey], check: Checker, reporter: Reporter) -> SignedAgain:
    """Add signatures to a bundle, in place and all or nothing; statement and payload stay as they are.

    Args:
        path: the bundle; where it is a link, the file that it leads to.
        keys: each signs, unless it has already.
        check: decides whether those who are trusted signed it so far.
        reporter: hears how far it is.

    Raises:
        BundleDamaged, BundleUnreadable, SignatureInvalid: the bundle as it is would not be accepted.
        SignaturesFull: it has as many signatures as it can hold.
        InputFileError: the file was changed meanwhile.
        WriteFailed: it cannot be written. Whatever is raised, the file is as it was.
    """
    # The file behind a link is replaced; else the link would be, and the bundle stay unsigned.
    path = Path(os.path.realpath(path))
    with open_bundle(str(path)) as file:
        total = os.fstat(file.fileno()).st_size
        reporter.stage("verify", path.name)
        found = verify_bundle(file, check, lambda done: reporter.advance(done, total))
        new = [key for key in keys if not _has_signed(key.public, found.envelope)]
        already = tuple(key.public.fingerprint for key in keys if key not in new)
        if not new:
            # Signing twice with a key would only give another signature (ECDSA takes a random number each
            # time).
            return SignedAgain(found, found.envelope, (), already)
        envelope = _with_more(found.envelope, new)
        reporter.stage("sign", path.name)
        _replace(path, file, envelope, found, reporter)
    return SignedAgain(found, envelope, tuple(key.public.fingerprint for key in new), already)


def _has_signed(key: PublicKey, envelope: Envelope) -> bool:
    """Whether there is a signature by this key; one that only says so is refused."""
    signature = next((one for one in envelope.signatures if one.keyid == key.fingerprint), None)
    if signature is not None and not key.made(signature.sig, pae(envelope.payload)):
        raise SignatureInvalid(f"the signature by {key.fingerprint} is wrong")
    return signature is not None


def _with_more(envelope: Envelope, keys: Sequence[SigningKey]) -> Envelope:
    if len(envelope.signatures) + len(keys) > MAX_SIGNATURES:
        raise SignaturesFull(
            f"a bundle holds {MAX_SIGNATURES} signatures at most; this one has {len(envelope.signatures)}"
        )
    more = sign_statement(keys, envelope.payload).signatures
    return Envelope(envelope.payload, tuple(sorted((*envelope.signatures, *more))))


def _replace(
    path: Path, file: BinaryIO, envelope: Envelope, found: VerifiedBundle, reporter: Reporter
) -> None:
    """Write the bundle anew beside itself and let that take its place.

    The head alone would be quicker to write; a power cut in the midst of it would cost the bundle.
    """
    mode = stat.S_IMODE(os.fstat(file.fileno()).st_mode)
    with atomic_file(path, mode) as out:
        out.write(encode_head(envelope))
        _copy_payload(file, out, found, reporter)
        # Somebody may have put a newer bundle there, which the old one must not overwrite.
        if not _is_at(path, file):
            raise InputFileError(
                "the bundle was replaced while it was being signed", where=str(path), remedy="sign it again"
            )
        out.commit()


def _is_at(path: Path, file: BinaryIO) -> bool:
    try:
        return os.path.samestat(os.stat(path), os.fstat(file.fileno()))
    except OSError:
        return False


def _copy_payload(file: BinaryIO, out: AtomicFile, found: VerifiedBundle, reporter: Reporter) -> None:
    payload, seen, done = found.statement.payload, hashlib.sha256(), 0
    file.seek(HEAD_SIZE)
    while data := _read(file):
        seen.update(data)
        out.write(data)
        done += len(data)
        reporter.advance(done, payload.size)
    # It was verified before, by an earlier reading.
    if seen.hexdigest() != payload.sha256:
        raise BundleDamaged("the bundle's file changed while it was being read")


def _read(file: BinaryIO) -> bytes:
    try:
        return file.read(CHUNK)
    except OSError as error:
        raise BundleUnreadable(f"the bundle cannot be read: {error.strerror}") from error
