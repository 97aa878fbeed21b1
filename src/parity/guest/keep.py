"""Take files that the host has hashed into the store, and tell what a wheel says of itself.

Nothing of a wheel runs here: its METADATA is read as text.

Job:
    {"store": "/store", "files": [{"sha256", "filename", "incoming": name or null}]}
     a file that arrives lies in the store's `partial` folder under the name `incoming`
Result:
    {"files": [{"sha256", "held": bool, "size", "requires": [Requires-Dist lines], "requires_python",
                "provides_extra": [names]}]}
"""

import email.parser
import os
import zipfile
from typing import Any, Callable, Dict, List

from .store import Store, sha256_file


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
        result.update(_metadata(path))
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


def _metadata(path: str) -> Dict[str, Any]:
    """Requires-Dist and Requires-Python; empty where the wheel has no METADATA (the audit will say so)."""
    try:
        with zipfile.ZipFile(path) as wheel:
            names: List[str] = [name for name in wheel.namelist() if name.endswith(".dist-info/METADATA")]
            text = wheel.read(names[0]).decode("utf-8") if names else ""
    except (zipfile.BadZipFile, UnicodeDecodeError, NotImplementedError, RuntimeError):
        text = ""
    message = email.parser.HeaderParser().parsestr(text)
    return {
        "requires": [str(line) for line in message.get_all("Requires-Dist") or []],
        "requires_python": str(message.get("Requires-Python") or ""),
        "provides_extra": [str(name) for name in message.get_all("Provides-Extra") or []],
    }
