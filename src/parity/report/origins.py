"""Where a bundle's wheels came from, in words. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from parity.portable.documents.bundles import PackageRow

# Not `url`: at an address that was named itself there may be a wheel or a source, and no manifest says which.
_BUILT = ("git", "sdist", "path")


def origin_told(package: PackageRow) -> str:
    """Where a wheel came from, in a few words.

    Args:
        package: its row of the manifest.

    Returns:
        Of what kind of source it was built, if it was, the index and the address; empty where a bundle of
        the first format does not say.
    """
    origin = package.get("origin")
    if origin is None:
        return ""
    built = f"built from {origin['kind']}" if origin["kind"] in _BUILT else ""
    named = _index_told(origin["index"]) if origin["index"] else ""
    return ", ".join(part for part in (built, named, origin["address"]) if part)


def _index_told(name: str) -> str:
    """As a plan says it."""
    return "the default index" if name == "default" else f"index {name}"
