"""The documents that travel with parity, read without a network."""

from parity.docs.errors import ErrorPage, error_pages

__all__ = ["ErrorPage", "error_pages"]
