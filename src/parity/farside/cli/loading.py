"""`install.sh --load ENGINE`: what travels beside an image, and the words of another vehicle's installer.

Standard library only, Python 3.6 and later.
"""

import argparse
import os
from typing import Callable, List, Optional

from ...portable.errors import BundleUnreadable
from .. import entry
from ..install.plan import Say
from .install import Told

_FOLDER = "parity-image"
"""Where an image's own manifest, texts and this code lie, in its archive."""
_SUFFIX = ".image.tar"

Refusal = Callable[[argparse.Namespace, Say], Told]


def wrong_vehicle(folder: str, given: List[str], is_name: Callable[[str], bool]) -> Optional[Refusal]:
    """What refuses words that are another vehicle's; None where nothing is wrong with them.

    Args:
        folder: the unpacked bundle that this code lies in; empty where it lies in none.
        given: the words.
        is_name: whether a word is a command's.
    """
    # An image's README says `--load`: whoever types it beside a bundle hears so, and not a list of options.
    if folder and given[:1] == ["--load"]:
        return _no_image
    words = [] if folder or not _of_image() else given[:1]
    # The other way round: a bundle's README says `install.sh PREFIX`, and a prefix is no command's name.
    if words and words[0][:1] != "-" and not is_name(words[0]):  # install.sh PREFIX
        return _no_bundle
    return None


def _of_image() -> str:
    """The folder of an image's archive that this code lies in; empty where it lies in none."""
    folder = os.path.dirname(entry.own_file())
    return folder if os.path.basename(folder) == _FOLDER else ""


def _no_image(_options: argparse.Namespace, _say: Say) -> Told:
    raise BundleUnreadable(
        "this is a bundle and no image",
        "`sh install.sh PREFIX` installs it; `parity export image` makes an image of it, where it was built",
    )


def _no_bundle(_options: argparse.Namespace, _say: Say) -> Told:
    raise BundleUnreadable(
        "this is a container image and no bundle", "sh install.sh --load docker --key SENDER.pub"
    )


def image_beside() -> str:
    """The image whose folder this code was unpacked into: the one beside that folder.

    Raises:
        BundleUnreadable: there is none, or there are several.
    """
    folder = _of_image()
    above = os.path.dirname(folder)
    try:
        found = sorted(each for each in os.listdir(above) if each.endswith(_SUFFIX)) if folder else []
    except OSError as error:
        raise BundleUnreadable(f"cannot read the folder {above!a}: {error.strerror}") from error
    # Never guess among several: the one that is loaded must be the one that was meant.
    if len(found) != 1:
        what = f"{len(found)} images lie beside {folder!a}" if found else "no image was named"
        raise BundleUnreadable(what, f"name the *{_SUFFIX} file that shall be loaded")
    return os.path.join(above, found[0])
