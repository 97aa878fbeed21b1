"""Which wheels have files that import `pkg_resources`, as `gone_modules` reads them.

Wheels are read as archives: nothing is unpacked, nothing of them runs.

Job:
    {"folder": path, "wheels": [file names in it]}
Result:
    {"wheels": [those that do], sorted}
"""

import os
import zipfile
import zlib
from typing import TYPE_CHECKING, Iterator

from ..environment import modules
from ..events import Emit
from . import gone_modules

if TYPE_CHECKING:
    from ...wire.store import ResourceUsers, ResourceUsersJob

_WORDS = gone_modules.words_of({"pkg_resources"})


def main(job: "ResourceUsersJob", emit: Emit) -> "ResourceUsers":
    """Read; see the module's docstring."""
    del emit
    return {"wheels": sorted(name for name in job["wheels"] if _uses(os.path.join(job["folder"], name)))}


def _uses(path: str) -> bool:
    """Whether a wheel does; what cannot be read is for the judge of wheels to tell."""
    try:
        with zipfile.ZipFile(path) as archive:
            return any(gone_modules.imported(source, _WORDS) for source in _sources(archive))
    except (OSError, ValueError, RuntimeError, NotImplementedError, EOFError, zipfile.BadZipFile, zlib.error):
        return False


def _sources(archive: zipfile.ZipFile) -> Iterator[bytes]:
    names = [name for name in archive.namelist() if name.endswith(".py")]
    for name in names[: gone_modules.MOST]:
        parts = name.split("/")
        if not (modules.STRAY & set(parts) or parts[0].endswith((".data", ".dist-info"))):
            with archive.open(name) as file:
                yield file.read(gone_modules.LARGEST)
