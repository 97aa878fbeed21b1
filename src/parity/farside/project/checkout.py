"""What may lie in a project's checkout where we read and write. Standard library only, Python 3.6 and later.

A checkout comes from a repository, and a repository may hold links: whoever wrote through them would write
where the repository's author wants.
"""

import os
import stat
from typing import Tuple

from ...portable.errors import InstallFailed

STORE = ".parity"
MAX_TEXT = 1 << 26
# In the store: our own `.gitignore` and `uv`, and uv's cache.
_FILES, _FOLDERS = (".gitignore", "uv"), ("cache",)


def demand_plain(checkout: str, files: Tuple[str, ...], store: str) -> None:
    """Refuse a checkout in which something that we read or write is a link, or no file or folder at all.

    Args:
        checkout: the project's folder.
        files: the names in it that are read or written.
        store: where the wheels are kept: in the checkout, or wherever the user said.

    Raises:
        InstallFailed: names it; nothing was written.
    """
    wanted = [(os.path.join(checkout, name), stat.S_ISREG) for name in files]
    wanted += [(os.path.join(store, name), stat.S_ISREG) for name in _FILES]
    wanted += [(os.path.join(store, name), stat.S_ISDIR) for name in _FOLDERS]
    if store == os.path.join(checkout, STORE):
        wanted.append((store, stat.S_ISDIR))
    for path, is_right in wanted:
        if os.path.lexists(path) and not is_right(os.lstat(path).st_mode):
            kind = "folder" if is_right is stat.S_ISDIR else "file"
            raise InstallFailed(f"{path} is no {kind} of its own", "look at it, remove it, then repeat")
    for path in (os.path.join(checkout, name) for name in files):
        if os.path.lexists(path) and os.lstat(path).st_size > MAX_TEXT:
            raise InstallFailed(f"{path} is larger than {MAX_TEXT} bytes", "name the project's folder")
