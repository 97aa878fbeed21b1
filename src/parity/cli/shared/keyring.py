"""The user's own key and the keys that are trusted here, found or made."""

from __future__ import annotations

import getpass
import os
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from parity.cli.shared.output import stderr
from parity.errors import KeyUnusable, OptionConflict
from parity.host.folders import keys_folder
from parity.portable.bundle.envelope import MAX_SIGNATURES, Checker
from parity.portable.bundle.trust import ThresholdUnusable, demanded
from parity.sign import (
    PublicKey,
    SigningKey,
    TrustStore,
    generate_key,
    load_key,
    load_public_key,
    make_checker,
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


def signing_keys(named: Sequence[Path]) -> list[tuple[SigningKey, Path]]:
    """The keys to sign with and their files: those named, else the user's own, made at first use.

    Raises:
        KeyUnusable: a key cannot be read.
        OptionConflict: the same key twice, or more keys than a bundle can hold signatures.
    """
    if len(named) > MAX_SIGNATURES:
        raise OptionConflict(
            f"a bundle holds {MAX_SIGNATURES} signatures at most", remedy="name fewer keys with --key"
        )
    if not named and not own_key_path().exists():
        return [make_own_key(own_key_path())]
    found: dict[str, tuple[SigningKey, Path]] = {}
    for number, path in enumerate(named or [own_key_path()], 1):
        key = _load(path, number)
        _, same = found.setdefault(key.public.fingerprint, (key, path))
        if len(found) < number:
            raise OptionConflict(
                f"{same} and {path} are the same key", remedy="name each key once: it signs once"
            )
    return list(found.values())


def _load(path: Path, number: int) -> SigningKey:
    loaded = load_key(path, partial(ask_passphrase, path, number))
    if loaded.warning:
        stderr().print(f"warning: {loaded.warning}", style="yellow")
    return loaded.key


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


def ask_passphrase(path: Path, number: int) -> str:
    """A key's passphrase: from the environment, else asked on the terminal.

    Args:
        path: the key's file.
        number: which of the keys named it is, from 1: a variable that ends in `_2` is the second one's.

    Raises:
        KeyUnusable: there is nobody to ask.
    """
    # By the environment or the terminal, never by an option: command lines are seen by everybody.
    given = os.environ.get(f"{PASSPHRASE_VARIABLE}_{number}", os.environ.get(PASSPHRASE_VARIABLE))
    if given is not None:
        return given
    if not sys.stdin.isatty():
        raise KeyUnusable(
            "the key is protected by a passphrase and nobody can be asked",
            where=str(path),
            remedy=f"put the passphrase into the environment variable {PASSPHRASE_VARIABLE}",
        )
    return getpass.getpass(f"passphrase of {path}: ")


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


def trusted_checker(named: Sequence[Path], threshold: int | None) -> Checker:
    """What accepts bundles that enough of the keys signed; see `trusted_keys` for which they are.

    Args:
        named: as for `trusted_keys`.
        threshold: how many different ones must have signed; None where that was not said.

    Raises:
        KeyUnusable: as for `trusted_keys`.
        OptionConflict: more are demanded than there are.
    """
    keys = trusted_keys(named)
    try:
        wanted = demanded(threshold, len({key.fingerprint for key in keys}))
    except ThresholdUnusable as error:
        raise OptionConflict(str(error), remedy="name more keys with --key, or demand fewer") from error
    return make_checker(keys, wanted)
