"""The user's own key and the keys that are trusted here, found or made."""

from __future__ import annotations

import getpass
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from parity.cli.output import stderr
from parity.errors import KeyUnusable
from parity.host.folders import keys_folder
from parity.sign import (
    PublicKey,
    SigningKey,
    TrustStore,
    generate_key,
    load_key,
    load_public_key,
    public_path,
    save_key,
)

PASSPHRASE_VARIABLE = "PARITY_KEY_PASSPHRASE"  # noqa: S105 - the variable's name


def own_key_path() -> Path:
    """Where the key lies that signs when no other is named."""
    return keys_folder() / "parity.key"


def trust_store() -> TrustStore:
    """The keys of others that are trusted here."""
    return TrustStore(keys_folder() / "trusted")


def signing_key(path: Path | None) -> tuple[SigningKey, Path]:
    """The key to sign with and its file: the one named, else the user's own, made at first use."""
    if path is None:
        path = own_key_path()
        if not path.exists():
            return make_own_key(path)
    loaded = load_key(path, ask_passphrase)
    if loaded.warning:
        stderr().print(f"warning: {loaded.warning}", style="yellow")
    return loaded.key, path


def make_own_key(path: Path, passphrase: str = "") -> tuple[SigningKey, Path]:
    """Make the key and say so: its public half must travel by another way than the bundles."""
    key = generate_key()
    public = save_key(path, key, passphrase)
    console = stderr()
    console.print(f"made a signing key: {path}", soft_wrap=True)
    console.print(f"  fingerprint {key.public.fingerprint}", soft_wrap=True)
    console.print(
        f"  public half {public}: carry it to the far side by another way than the bundles", soft_wrap=True
    )
    return key, path


def ask_passphrase() -> str:
    """The passphrase: from the environment, else asked on the terminal.

    Raises:
        KeyUnusable: there is nobody to ask.
    """
    given = os.environ.get(PASSPHRASE_VARIABLE)
    if given is not None:
        return given
    if not sys.stdin.isatty():
        raise KeyUnusable(
            "the key is protected by a passphrase and nobody can be asked",
            remedy=f"put the passphrase into the environment variable {PASSPHRASE_VARIABLE}",
        )
    return getpass.getpass("passphrase of the signing key: ")


def trusted_keys(named: Sequence[Path]) -> tuple[PublicKey, ...]:
    """The keys that a bundle may be signed by: those named, else one's own and the trusted ones.

    Raises:
        KeyUnusable: a key cannot be read, or nobody is trusted here yet.
    """
    if named:
        return tuple(load_public_key(path) for path in named)
    own = public_path(own_key_path())
    keys = [load_public_key(own)] if own.exists() else []
    keys.extend(trust_store().keys())
    if not keys:
        raise KeyUnusable(
            "no key is trusted here yet",
            where=str(keys_folder()),
            remedy="name the sender's public key with --key, or trust it with `parity key trust PUB`",
        )
    return tuple(keys)
