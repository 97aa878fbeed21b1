"""Watch how much a folder takes, as somebody who may read all of it, until it is too much.

Job:
    {"folder": path, "limit": bytes, "floor": bytes that must stay free on its file system}
Result, only once it is too much:
    {"bytes": that the folder takes, "free": bytes left on the file system}
"""

import errno
import os
import stat
import time
from contextlib import suppress
from typing import TYPE_CHECKING, List, Optional, Set, Tuple

from ..events import Emit

if TYPE_CHECKING:
    from ...wire.rehearsing import UsageJob, UsageResult

_BLOCK = 512  # what st_blocks counts in, whatever the file system's own blocks are (stat(2))
_PAUSE = 0.5


def main(job: "UsageJob", emit: Emit) -> "UsageResult":
    """Watch; see the module's docstring."""
    del emit
    while True:
        begin = time.monotonic()
        taken, free = usage(job["folder"]), _free(job["folder"])
        if taken > job["limit"] or free < job["floor"]:
            return {"bytes": min(taken, 2**62), "free": free}
        time.sleep(max(_PAUSE, 3 * (time.monotonic() - begin)))


def usage(folder: str) -> int:
    """Bytes on the disk below a folder, each file once; without end where it nests too deep to be read."""
    total, left = 0, [folder]
    seen: Set[Tuple[int, int]] = set()
    while left:
        entries = _entries(left.pop())
        if entries is None:
            return 2**63
        for path, status in entries:
            if (status.st_dev, status.st_ino) not in seen:
                seen.add((status.st_dev, status.st_ino))
                total += status.st_blocks * _BLOCK
            if stat.S_ISDIR(status.st_mode):
                left.append(path)
    return total


def _entries(folder: str) -> Optional[List[Tuple[str, os.stat_result]]]:
    """What lies in a folder; None where it cannot be read."""
    found = []
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                with suppress(FileNotFoundError):  # removed meanwhile, as below
                    found.append((entry.path, entry.stat(follow_symlinks=False)))
    except OSError as error:
        if error.errno not in (errno.ENOENT, errno.ENOTDIR):
            return None
    return found


def _free(folder: str) -> int:
    status = os.statvfs(folder)
    return status.f_bavail * status.f_frsize
