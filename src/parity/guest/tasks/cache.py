"""What the store holds, and making it smaller.

Job: {"store": "/store", "do": "info"}, or
    {"store", "do": "prune", "older_than": seconds (0: all), "in_use_since": null, or the time at which the
     oldest run began that uses the store now: what was used since then stays, and so does uv's cache}
Result of info: {"wheels", "bytes", "sets", "partial_bytes", "uv_cache_bytes"}
Result of prune: {"wheels", "bytes", "sets"} that were removed
"""

from typing import TYPE_CHECKING, Dict

from ..events import Emit
from ..store.store import Store

if TYPE_CHECKING:
    from ...wire.store import CacheJob


def main(job: "CacheJob", emit: Emit) -> Dict[str, int]:
    """Tell sizes, or prune; see the module's docstring."""
    del emit
    store = Store(job["store"])
    return store.prune(job["older_than"], job.get("in_use_since")) if job["do"] == "prune" else store.sizes()
