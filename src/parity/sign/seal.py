"""Signing: from the payload's digests to the DSSE envelope around the in-toto statement."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from parity.errors import OptionConflict
from parity.model import BundleIdentity
from parity.portable.bundle.envelope import (
    PREDICATE_TYPE,
    Envelope,
    Payload,
    Signature,
    Statement,
    encode_statement,
    pae,
)
from parity.portable.canonical import is_name
from parity.sign.keys import SigningKey

Sealer = Callable[[Payload], Envelope]


def make_sealer(
    keys: Sequence[SigningKey],
    identity: BundleIdentity,
    profile_sha256: str,
    predicate: str = PREDICATE_TYPE,
) -> Sealer:
    """What signs the payload, once its digests are known, for one bundle.

    Args:
        keys: at least one; each signs.
        identity: product, version, serial and profile.
        profile_sha256: the profile's digest, hexadecimal.
        predicate: the format: a bundle's, or of what was made from one.

    Raises:
        OptionConflict: a name that cannot stand in a statement or a file name, or a negative serial.
    """
    check_identity(identity)

    def seal(payload: Payload) -> Envelope:
        statement = encode_statement(
            Statement(
                payload,
                identity.product,
                identity.version,
                identity.serial,
                identity.profile,
                profile_sha256,
                predicate,
            )
        )
        return sign_statement(keys, statement)

    return seal


def sign_statement(keys: Sequence[SigningKey], statement: bytes) -> Envelope:
    """An envelope (DSSE v1.0.2) around these bytes, signed by each key, signatures sorted by key."""
    signed = pae(statement)
    # By key: the order in which keys were named must not change the bytes.
    signatures = sorted(Signature(key.public.fingerprint, key.sign(signed)) for key in keys)
    return Envelope(statement, tuple(signatures))


def check_identity(identity: BundleIdentity) -> None:
    """Refuse an identity that no statement can hold, before any work is done.

    Raises:
        OptionConflict: says which part of it.
    """
    for part in ("product", "version", "profile"):
        value = getattr(identity, part)
        if not is_name(value):
            raise OptionConflict(
                f"the {part} {value!r} cannot be used",
                remedy="use 1 to 128 ASCII letters, digits or . _ + ! -, a letter or digit first",
            )
    # Readers in other languages have signed 64-bit numbers.
    if not 0 <= identity.serial < 2**63:
        raise OptionConflict(
            f"the serial {identity.serial} cannot be used", remedy="use a whole number, 0 or more"
        )
