"""Keys, the in-toto statement and its DSSE envelope; making and checking them."""

from parity.sign.again import SignedAgain, sign_again
from parity.sign.keys import (
    LoadedKey,
    PassphraseProvider,
    PublicKey,
    SigningKey,
    generate_key,
    load_key,
    load_public_key,
    public_path,
    save_key,
)
from parity.sign.seal import Sealer, check_identity, make_sealer, sign_statement
from parity.sign.trust import TrustStore, make_checker

__all__ = [
    "LoadedKey",
    "PassphraseProvider",
    "PublicKey",
    "Sealer",
    "SignedAgain",
    "SigningKey",
    "TrustStore",
    "check_identity",
    "generate_key",
    "load_key",
    "load_public_key",
    "make_checker",
    "make_sealer",
    "public_path",
    "save_key",
    "sign_again",
    "sign_statement",
]
