"""The lock to a wheel set in the engine's store."""

from parity.fetch.cache import Pruned, StoreInfo, prune_store, store_info
from parity.fetch.said import said_of_files, said_of_wheels
from parity.fetch.stage import fetch_files, fetch_wheels, set_digest

__all__ = [
    "Pruned",
    "StoreInfo",
    "fetch_files",
    "fetch_wheels",
    "prune_store",
    "said_of_files",
    "said_of_wheels",
    "set_digest",
    "store_info",
]
