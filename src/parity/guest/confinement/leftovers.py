"""What a user's processes leave where everybody may write: the next ones must not find it."""

import os
import shutil
from contextlib import suppress

SHARED = ("/tmp", "/dev/shm", "/dev/mqueue")  # noqa: S108 - where everybody may write in the container
_OURS = 0o700


def clear_shared() -> None:
    """Remove what this user owns in the shared folders; nothing of it may run any more."""
    for folder in SHARED:
        for name in os.listdir(folder) if os.path.isdir(folder) else ():
            path = os.path.join(folder, name)
            try:
                # Others' files are theirs to remove; following a link here would remove what it leads to.
                if os.lstat(path).st_uid == os.getuid():
                    remove(path)
            except OSError:
                pass  # what cannot be removed fills a folder that has a limit


def remove(path: str) -> None:
    """Remove a file, link or folder of this user's, whatever modes it has inside.

    What cannot be removed (folders in one another without an end) has a name afterwards that nobody asks for.
    """
    if os.path.islink(path) or not os.path.isdir(path):
        os.unlink(path)
        return
    left = os.path.join(os.path.dirname(path), ".left-" + os.urandom(16).hex())
    os.rename(path, left)
    with suppress(OSError, RecursionError):  # what is not reached may be removable all the same
        # A folder without rights for its owner could be neither listed nor emptied.
        os.chmod(left, _OURS)
        for here, folders, _ in os.walk(left):
            for name in folders:
                inner = os.path.join(here, name)
                if not os.path.islink(inner):
                    os.chmod(inner, _OURS)
    with suppress(OSError, RecursionError):
        shutil.rmtree(left, ignore_errors=True)
