"""Which wheels have files that import `pkg_resources`, as `gone_modules` reads them.

Wheels are read as archives: nothing is unpacked, nothing of them runs.

Job:
    {"folder": path, "wheels": [file names in it], "along": [others: only what lies at their top is read]}
Result:
    {"wheels": [those that do], sorted}
"""

import os
import zipfile
import zlib
from typing import TYPE_CHECKING, Iterator, Optional

from ..environment import modules
from ..events import Emit
from ..readers import gone_modules

if TYPE_CHECKING:
    from ...wire.store import ResourceUsers, ResourceUsersJob

_TOP = 1  # folders: what most come to when they import a package
_NAME = "pkg_resources"
_WORDS = gone_modules.words_of({_NAME})
_HINT = _NAME.encode()  # a search for plain bytes is many times as fast


def main(job: "ResourceUsersJob", emit: Emit) -> "ResourceUsers":
    """Read; see the module's docstring."""
    del emit
    folder, found = job["folder"], []
    for names, deepest in ((job["wheels"], None), (job["along"], _TOP)):
        found += [name for name in names if _uses(os.path.join(folder, name), deepest)]
    return {"wheels": sorted(found)}


def _uses(path: str, deepest: Optional[int]) -> bool:
    """Whether a wheel does; what cannot be read is for the judge of wheels to tell."""
    try:
        with zipfile.ZipFile(path) as archive:
            telling = (source for source in _sources(archive, deepest) if _HINT in source)
            return any(_NAME in gone_modules.imported(source, _WORDS) for source in telling)
    except (OSError, ValueError, RuntimeError, NotImplementedError, EOFError, zipfile.BadZipFile, zlib.error):
        return False


def _sources(archive: zipfile.ZipFile, deepest: Optional[int]) -> Iterator[bytes]:
    names = [name for name in archive.namelist() if name.endswith(".py")]
    for name in names[: gone_modules.MOST]:
        parts = name.split("/")
        if deepest is not None and len(parts) > deepest + 1:
            continue
        if not (modules.STRAY & set(parts) or parts[0].endswith((".data", ".dist-info"))):
            with archive.open(name) as file:
                yield file.read(gone_modules.LARGEST)
