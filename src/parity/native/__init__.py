"""Shared libraries and the packages of distributions that provide them."""

from parity.native.lookup import capability, providers, vendor

__all__ = ["capability", "providers", "vendor"]
