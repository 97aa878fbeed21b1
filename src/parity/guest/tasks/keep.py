"""Take files that the host has hashed into the store, and tell what a wheel says of itself.

Nothing of a wheel runs here: its METADATA is read as text.

Job:
    {"store": "/store", "files": [{"sha256", "filename", "incoming": name or null}]}
     a file that arrives lies in the store's `partial` folder under the name `incoming`
Result:
    {"files": [{"sha256", "held": bool, "size", "requires": [Requires-Dist lines], "requires_python",
                "provides_extra": [names]}]}
"""

import contextlib
import os
from typing import TYPE_CHECKING

from ..events import Emit
from ..store.store import Store, sha256_file
from ..wheels import metadata

if TYPE_CHECKING:
    from ...wire.store import FileKept, FileTold, KeepJob, KeepResult, WheelMetadata


def main(job: "KeepJob", emit: Emit) -> "KeepResult":
    """Keep and tell; see the module's docstring."""
    del emit
    store = Store(job["store"])
    return {"files": [_one(store, file) for file in job["files"]]}


def _one(store: Store, file: "FileKept") -> "FileTold":
    digest = file["sha256"]
    if file["incoming"]:
        _take(store, file["incoming"], digest)
    held = store.holds(digest) is True
    path = store.content(digest)
    size = os.stat(path).st_size if held else 0
    said: "WheelMetadata" = {"requires": [], "requires_python": "", "provides_extra": []}
    if held and file["filename"].endswith(".whl"):
        with contextlib.suppress(ValueError):  # the audit will say so
            said = metadata.of_wheel(path)
    return {"sha256": digest, "held": held, "size": size, **said}


def _take(store: Store, incoming: str, digest: str) -> None:
    arrived = store.partial_path(incoming)
    if sha256_file(arrived) != digest:
        os.unlink(arrived)
        return
    os.chmod(arrived, 0o644)
    os.utime(arrived)
    os.makedirs(os.path.dirname(store.content(digest)), exist_ok=True)
    os.rename(arrived, store.content(digest))
