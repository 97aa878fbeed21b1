"""Where a build's own files lie: with what the user is working on, never in a folder of parity's."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from parity.profile import is_paritys


def lock_folder(profile: Path, requirements: Sequence[Path], output: Path) -> Path:
    """The folder of the lock: the profile's if that is the user's, else the requirements file's, else here.

    Args:
        profile: its file; a shipped one is parity's.
        requirements: the files of `-r`.
        output: where the bundles go; the last resort of whoever works in a checkout of parity.
    """
    return _first_of_the_users([profile, *requirements], output)


def lock_label(product: str, profile: str) -> str:
    """What a lock is called after: the product and the profile, or the profile alone where both are one."""
    return profile if product == profile else f"{product}-{profile}"


def base_folder(profile: Path, requirements: Sequence[Path]) -> Path:
    """The folder that paths in locks and bundles start at: that of what is asked for."""
    return _first_of_the_users([*requirements, profile], Path.cwd())


def _first_of_the_users(files: Sequence[Path], otherwise: Path) -> Path:
    # What parity ships is replaced with each version: nothing of the user's belongs into its folders.
    folders = [*(path.absolute().parent for path in files), Path.cwd()]
    return next((folder for folder in folders if not is_paritys(folder)), otherwise.absolute())


def near(path: Path) -> str:
    """A path as one would type it here."""
    full, here = path.absolute(), Path.cwd()
    return str(full.relative_to(here) if full.is_relative_to(here) else full)
