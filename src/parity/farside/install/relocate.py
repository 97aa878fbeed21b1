"""An environment's scripts rewritten for another path. Standard library only, Python 3.6 and later.

pip and uv write the environment's path into the first lines of the scripts that they install, and the
scripts' hashes into RECORD. Nothing else of what wheels install depends on the path.
"""

import base64
import csv
import io
import os
import shutil
import stat
from typing import BinaryIO, Dict, Iterator, List, Optional

from ...portable.machine.site_packages import dist_infos
from ...portable.wheel.wheelset import sha256_of

# 1 MiB: of what is larger in `bin`, the two lines are looked at that an installer writes.
_LIMIT = 1 << 20
_FIRST_LINES = 4096


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


def _files(folder: str) -> Iterator[str]:
    # No link is followed, as none of them is rewritten.
    for parent, _, names in os.walk(folder):
        paths = (os.path.join(parent, name) for name in names)
        yield from (path for path in paths if stat.S_ISREG(os.lstat(path).st_mode))


def _rewrite(path: str, old: bytes, new: bytes) -> bool:
    whole = os.path.getsize(path) < _LIMIT
    with open(path, "rb") as handle:
        data = handle.read() if whole else _first_lines(handle, old)
        if old not in data:
            return False
        # Everywhere in the file: long paths stand in the second line (`exec`), activate scripts name it in
        # the middle.
        _replace(path, data.replace(old, new), handle)
    return True


def _first_lines(handle: BinaryIO, old: bytes) -> bytes:
    """The line that says what runs a script, or both where the second does; none of a program."""
    first = handle.readline(_FIRST_LINES)
    if not first.startswith(b"#!"):
        return b""
    return first if old in first else first + handle.readline(_FIRST_LINES)


def _replace(path: str, data: bytes, rest: Optional[BinaryIO] = None) -> None:
    partial = path + ".partial"
    with open(partial, "wb") as handle:
        handle.write(data)
        if rest is not None:
            shutil.copyfileobj(rest, handle)
    os.chmod(partial, stat.S_IMODE(os.lstat(path).st_mode))
    os.replace(partial, path)


def _facts(path: str) -> List[str]:
    """Hash and size as RECORD spells them."""
    digest = base64.urlsafe_b64encode(bytes.fromhex(sha256_of(path))).rstrip(b"=")
    return ["sha256=" + digest.decode("ascii"), str(os.path.getsize(path))]


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
