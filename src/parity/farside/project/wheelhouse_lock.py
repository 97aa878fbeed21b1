"""The bundle's own lock for the wheelhouse: uv.lock as it was proved, at the places where the files lie here.

Standard library only, Python 3.6 and later.
"""

import json
from typing import Optional
from urllib.request import pathname2url

from ...portable.bundle.folder import BundleFolder
from ...portable.plainfile import read_whole
from .checkout import MAX_TEXT

WHEELHOUSE_LOCK = "project/shelf.lock"
# What the near side wrote where the path of the wheelhouse was not known: a path, and an address.
_PLACE, _ADDRESS = '"parity-shelf:/', '"parity-shelf-url:/'


def wheelhouse_lock(bundle: BundleFolder, wheelhouse: str) -> Optional[bytes]:
    """The lock that names the files in a wheelhouse; None where the bundle is of before there was one.

    Args:
        bundle: was judged.
        wheelhouse: absolute.
    """
    if all(member.path != WHEELHOUSE_LOCK for member in bundle.manifest.members):
        return None
    text = read_whole(bundle.file(WHEELHOUSE_LOCK), MAX_TEXT).decode("utf-8")
    return located(text, wheelhouse).encode("utf-8")


def located(text: str, wheelhouse: str) -> str:
    """The lock's text, with the wheelhouse's path where the near side could not know it."""
    # The opening quote stands for the start of a TOML string, whose escapes are those of JSON.
    place = json.dumps(wheelhouse, ensure_ascii=False)[:-1].replace("\x7f", "\\u007f")
    return text.replace(_PLACE, place + "/").replace(_ADDRESS, '"file://' + pathname2url(wheelhouse) + "/")
