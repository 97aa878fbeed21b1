"""What the receiver's README says of the other files in the bundle. Pure."""

from __future__ import annotations

import shlex
from collections.abc import Sequence

from parity.model import BundleFile
from parity.portable.bundle.manifest import OTHER_FILES

_SHOWN = 20

_FILES = """
What the application needs besides its packages lies in files/. The installer lays it out with the
packages, and a newer bundle brings its own:

{listed}
With pip or uv alone, copy it from files/ to where it belongs.
"""

_EXTENSIONS = """
Extensions of Visual Studio Code are installed from there, without a network, by each of its users:

{commands}"""


def other_files_text(files: Sequence[BundleFile]) -> str:
    """The paragraphs about them; empty where there are none."""
    places = sorted(file.path for file in files if file.path.startswith(OTHER_FILES))
    if not places:
        return ""
    listed = [f"  PREFIX/current/{place}\n" for place in places[:_SHOWN]]
    if len(places) > _SHOWN:
        listed.append(f"  and {len(places) - _SHOWN} more, all listed in manifest.json\n")
    extensions = [place for place in places if place.lower().endswith(".vsix")]
    # A variable, so that a line can be pasted as it is once PREFIX is set.
    commands = [
        f'  code --install-extension "$PREFIX"/current/{shlex.quote(place)}\n' for place in extensions
    ]
    text = _FILES.format(listed="".join(listed))
    return text + (_EXTENSIONS.format(commands="".join(commands)) if extensions else "")
