"""An environment's scripts rewritten for another path. Standard library only, Python 3.6 and later.

pip and uv write the environment's path into the first lines of the scripts that they install, and the
scripts' hashes into RECORD. Nothing else of what wheels install depends on the path.
"""

import base64
import csv
import hashlib
import io
import os
import stat
from typing import Dict, List

from ...portable.machine.site_packages import dist_infos

# 1 MiB: what is larger in `bin` is a program, and no script with a path in its first line.
_LIMIT = 1 << 20


def relocate(environment: str, old: str, new: str) -> List[str]:
    """Replace one path by another in the scripts of an environment, and mend RECORD.

    `old` must be at least as long as `new`: a first line that fits the kernel's limit fits it still.

    Args:
        environment: its folder.
        old: the path that stands in the scripts.
        new: the path that shall stand there.

    Returns:
        the scripts that were rewritten.

    Raises:
        OSError: one of them, or a RECORD, cannot be read or written.
    """
    folder = os.path.join(environment, "bin")
    changed = [path for path in sorted(_files(folder)) if _rewrite(path, os.fsencode(old), os.fsencode(new))]
    # By real path: RECORD names files relative to site-packages, through `..` and perhaps links (lib64).
    facts = {os.path.realpath(path): _facts(path) for path in changed}
    for record in [os.path.join(folder, "RECORD") for folder in dist_infos(environment)]:
        if os.path.isfile(record):
            _mend(record, facts)
    return changed


def _files(folder: str) -> List[str]:
    paths = [os.path.join(folder, name) for name in os.listdir(folder)]
    return [path for path in paths if stat.S_ISREG(os.lstat(path).st_mode) and os.path.getsize(path) < _LIMIT]


def _rewrite(path: str, old: bytes, new: bytes) -> bool:
    with open(path, "rb") as handle:
        data = handle.read()
    if old not in data:
        return False
    # Everywhere in the file: long paths stand in the second line (`exec`), activate scripts name it in the
    # middle.
    _replace(path, data.replace(old, new))
    return True


def _replace(path: str, data: bytes) -> None:
    partial = path + ".partial"
    with open(partial, "wb") as handle:
        handle.write(data)
    os.chmod(partial, stat.S_IMODE(os.lstat(path).st_mode))
    os.replace(partial, path)


def _facts(path: str) -> List[str]:
    """Hash and size as RECORD spells them."""
    with open(path, "rb") as handle:
        data = handle.read()
    digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=")
    return ["sha256=" + digest.decode("ascii"), str(len(data))]


def _mend(record: str, facts: Dict[str, List[str]]) -> None:
    site = os.path.dirname(os.path.dirname(record))
    with open(record, encoding="utf-8", newline="") as handle:
        rows = list(csv.reader(handle))
    mended = [
        [row[0], *facts.get(os.path.realpath(os.path.join(site, row[0])), row[1:])] for row in rows if row
    ]
    if mended != [row for row in rows if row]:
        # As CSV, since names may hold commas and quotes (PEP 376).
        text = io.StringIO(newline="")
        csv.writer(text, lineterminator="\n").writerows(mended)
        _replace(record, text.getvalue().encode("utf-8"))
