"""What a file or folder of parity's is, by its first bytes: for refusals that help. Python 3.6 and later.

Nothing is verified by that: it only chooses the words in which something is refused.
"""

import os
from typing import Tuple

from ..errors import BundleDamaged, BundleUnreadable

START = 32
"""So many bytes tell."""
_STARTS: "Tuple[Tuple[bytes, str, str], ...]" = (
    (b"parity-bundle/", "a bundle", ""),
    (b"parity-envelope.json", "a bundle", ""),  # of the first format
    (b"parity-image/", "a container image", ""),
    (b"parity-environment/", "a finished environment", ""),
    (b"parity-delta/", "a delta", "with the old bundle it gives the new one: parity patch OLD DELTA -o NEW"),
    (
        b"parity-volume/",
        "a volume of a split bundle",
        "put it together first: parity join VOLUME ... -o BUNDLE",
    ),
)


def kind_of(start: bytes) -> str:
    """What begins so, in words; empty for what is nothing of parity's."""
    return next((what for begin, what, _ in _STARTS if start.startswith(begin)), "")


def demand_no_part(start: bytes) -> None:
    """Refuse what crosses the gap in the place of a bundle, and what nothing of parity's begins like.

    Raises:
        BundleUnreadable: it is not damaged, it is to be put together; with what makes a bundle of it.
        BundleDamaged: it is no bundle, or its very beginning is damaged.
    """
    # What is cut off in its first bytes still begins like one.
    if not any(start.startswith(begin[: len(start)]) for begin, _, _ in _STARTS):
        raise BundleDamaged(
            "this is not a parity bundle, or its first bytes are damaged",
            "name a *.parity.tar file; if this is one, copy or carry it again",
        )
    for begin, what, remedy in _STARTS:
        if remedy and start.startswith(begin):
            raise BundleUnreadable(f"this is {what} and no bundle", remedy)


def refused_folder(path: str) -> BundleUnreadable:
    """Why a folder is not what a command takes, with what to name in its place."""
    if os.path.lexists(os.path.join(path, "manifest.json")):
        return BundleUnreadable(
            f"{path!a} is an unpacked bundle, and its file is wanted",
            "name the *.parity.tar file; `verify` takes the folder as it is, its install.sh installs it",
        )
    if os.path.isdir(os.path.join(path, "parity-bundle")):
        return BundleUnreadable(
            f"{path!a} is no bundle: it is the folder above an unpacked one, or a disc",
            "of discs: parity join DISC DISC ... -o BUNDLE; `verify` takes the folder parity-bundle in it",
        )
    return BundleUnreadable(
        f"{path!a} is no bundle: there is no manifest.json in it",
        "name a *.parity.tar file, or the folder parity-bundle that tar has unpacked of one",
    )
