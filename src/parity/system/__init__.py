"""Packages of the distribution: fetched natively, locked, and installed offline in an image of their own."""

from parity.system.fetch import SystemWish, fetch_system, stored_at
from parity.system.lock import (
    SYSTEM_LOCK,
    SystemLock,
    system_inputs,
    write_system_lock,
)
from parity.system.prepare import prepared_image

__all__ = [
    "SYSTEM_LOCK",
    "SystemLock",
    "SystemWish",
    "fetch_system",
    "prepared_image",
    "stored_at",
    "system_inputs",
    "write_system_lock",
]
