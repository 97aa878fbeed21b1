"""The second story's beginning: every byte of a finished bundle, image or environment is checked.

It imports nothing that a rehearsal needs, so that who only verifies does not wait for it.
"""

from __future__ import annotations

import io
from pathlib import Path

from parity.portable.bundle import manifest
from parity.portable.bundle.asfile import open_either
from parity.portable.bundle.envelope import Checker
from parity.portable.bundle.export import VerifiedExport, is_export, verify_export
from parity.portable.bundle.reader import VerifiedBundle, open_bundle, verify_bundle
from parity.progress import Reporter


def verify(path: Path, check: Checker, reporter: Reporter) -> VerifiedBundle:
    """Check every byte of a bundle: signature → manifest → files.

    Raises:
        FarsideError: it is damaged, unreadable, or signed by nobody who is trusted.
    """
    reporter.stage("verify", path.name)
    with open_either(str(path)) as file:
        total = file.seek(0, io.SEEK_END)
        # What the reader counts begins behind the envelope, which it has read before.
        return verify_bundle(file, check, lambda done: reporter.advance(manifest.HEAD_SIZE + done, total))


def is_exported(path: Path) -> bool:
    """Whether a file is an image or environment made from a bundle; of its first bytes alone.

    Raises:
        FarsideError: it is nothing of parity's, or unreadable.
    """
    if path.is_dir():  # a bundle's, if any
        return False
    with open_bundle(str(path)) as file:
        return is_export(file)


def verify_exported(path: Path, check: Checker, reporter: Reporter) -> VerifiedExport:
    """Check every byte of such a file; errors as `verify`."""
    reporter.stage("verify", path.name)
    with open_bundle(str(path)) as file:
        total = path.stat().st_size
        return verify_export(file, check, lambda done: reporter.advance(manifest.HEAD_SIZE + done, total))
