"""Shared libraries and the packages of distributions that provide them."""

from parity.native.lookup import (
    capability,
    known_libraries,
    manager,
    module_apart,
    providers,
    soname,
    system_name,
    vendor,
)

__all__ = [
    "capability",
    "known_libraries",
    "manager",
    "module_apart",
    "providers",
    "soname",
    "system_name",
    "vendor",
]
