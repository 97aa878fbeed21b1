"""Keys and files (exit codes 80 to 84, and 89)."""

from __future__ import annotations

from parity.errors.base import ParityError


class KeyUnusable(ParityError):
    """A key that cannot be read, has the wrong type or needs another passphrase."""

    exit_code = 80
    default_remedy = "`parity keygen` makes a key; parity signs with ECDSA P-256"


class KeyExists(ParityError):
    """A key would be overwritten."""

    exit_code = 81
    default_remedy = "choose another name; parity never overwrites a key"


class SignaturesFull(ParityError):
    """The bundle has as many signatures as it can hold."""

    exit_code = 89
    default_remedy = "build it again, and let those sign whose signatures are needed"


class WriteFailed(ParityError):
    """A file could not be written; the old one, if any, is untouched."""

    exit_code = 82
    default_remedy = "free some space, see who may write there, or name another folder"


class SomeFailed(ParityError):
    """Several profiles or bundles were given, and not all of them succeeded."""

    exit_code = 83
    default_remedy = "see the lines of those that failed above"


class NotReady(ParityError):
    """`parity doctor` found something without which no bundle can be built."""

    exit_code = 84
    default_remedy = "follow the remedies above, then run `parity doctor` again"
