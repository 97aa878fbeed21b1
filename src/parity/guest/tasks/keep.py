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
from typing import Any, Callable, Dict

from ..store.store import Store, sha256_file
from ..wheels import metadata


def main(job: Dict[str, Any], emit: Callable[[Dict[str, Any]], None]) -> Dict[str, Any]:
    """Keep and tell; see the module's docstring."""
    del emit
    store = Store(job["store"])
    return {"files": [_one(store, file) for file in job["files"]]}


def _one(store: Store, file: Dict[str, Any]) -> Dict[str, Any]:
    digest = file["sha256"]
    if file["incoming"]:
        _take(store, file["incoming"], digest)
    held = store.holds(digest) is True
    path = store.content(digest)
    size = os.stat(path).st_size if held else 0
    result = {"sha256": digest, "held": held, "size": size, "requires": [], "requires_python": ""}
    result["provides_extra"] = []
    if held and file["filename"].endswith(".whl"):
        with contextlib.suppress(ValueError):  # the audit will say so
            result.update(metadata.of_wheel(path))
    return result


def _take(store: Store, incoming: str, digest: str) -> None:
    arrived = store.partial_path(incoming)
    if sha256_file(arrived) != digest:
        os.unlink(arrived)
        return
    os.chmod(arrived, 0o644)
    os.utime(arrived)
    os.makedirs(os.path.dirname(store.content(digest)), exist_ok=True)
    os.rename(arrived, store.content(digest))
