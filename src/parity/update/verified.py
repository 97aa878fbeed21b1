"""A bundle checked whole, with its name in every refusal: where two are at hand, one must be told apart."""

from __future__ import annotations

import os
from typing import BinaryIO

from parity.portable.bundle.envelope import Checker
from parity.portable.bundle.reader import VerifiedBundle, verify_bundle
from parity.portable.errors import FarsideError
from parity.progress import Reporter


def verified(file: BinaryIO, name: str, check: Checker, reporter: Reporter) -> VerifiedBundle:
    """Check every byte of an open bundle.

    Raises:
        BundleDamaged, BundleUnreadable, SignatureInvalid: the message begins with `name`.
    """
    reporter.stage("verify", name)
    total = os.fstat(file.fileno()).st_size
    try:
        return verify_bundle(file, check, lambda done: reporter.advance(done, total))
    except FarsideError as error:
        raise type(error)(f"{name}: {error.message}", error.remedy) from error
