"""Shared libraries and the packages of distributions that provide them."""

from parity.native.lookup import capability, providers, system_name, vendor

__all__ = ["capability", "providers", "system_name", "vendor"]
