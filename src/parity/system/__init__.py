"""Packages of the distribution: fetched natively, locked, and installed offline in an image of their own."""

from parity.system.fetch import SystemWish, fetch_system, stored_at
from parity.system.lock import (
    SystemLock,
    parse_system_lock,
    read_system_lock,
    system_inputs,
    system_lock_path,
    write_system_lock,
)
from parity.system.prepare import prepared_image

__all__ = [
    "SystemLock",
    "SystemWish",
    "fetch_system",
    "parse_system_lock",
    "prepared_image",
    "read_system_lock",
    "stored_at",
    "system_inputs",
    "system_lock_path",
    "write_system_lock",
]
