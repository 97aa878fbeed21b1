"""Whom this machine trusts: a folder of public keys, and the checker made from them."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from parity.errors import KeyExists, WriteFailed
from parity.portable.bundle import envelope
from parity.portable.bundle.envelope import Checker
from parity.sign.keys import PublicKey, load_public_key, write_new


@dataclass(frozen=True)
class TrustStore:
    """A folder in which every `*.pub` file is a trusted key."""

    folder: Path

    def keys(self) -> tuple[PublicKey, ...]:
        """All trusted keys, by file name; none where there is no folder.

        Raises:
            KeyUnusable: a file among them is no usable key.
        """
        # A file that is no key is an error: passed over, it might be the one that somebody relies on.
        return tuple(load_public_key(path) for path in sorted(self.folder.glob("*.pub")))

    def add(self, path: Path) -> PublicKey:
        """Trust the public key in a file from now on; trusting it twice changes nothing.

        Raises:
            KeyUnusable: the file is no usable key.
            WriteFailed: the folder cannot be written to.
        """
        key = load_public_key(path)
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise WriteFailed(f"cannot make the folder: {error.strerror}", where=str(self.folder)) from error
        with suppress(KeyExists):
            # Under its fingerprint, so that adding a key again finds it, whatever its file was called.
            write_new(self.folder / f"{key.fingerprint}.pub", key.pem, 0o644)
        return key


def make_checker(keys: Sequence[PublicKey], threshold: int = 1) -> Checker:
    """A checker that trusts these keys; see `parity.portable.bundle.envelope.make_checker`."""
    return envelope.make_checker({key.fingerprint: key for key in keys}, PublicKey.made, threshold)
