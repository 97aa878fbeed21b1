"""Wheels whose index tells no SHA-256: fetched once, hashed, and held to that from then on."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from packaging.pylock import PackageWheel

from parity.engine import Container
from parity.engine.guests import GuestFailed, run_guest
from parity.engine.workshop import STORE
from parity.errors import HashMismatch, IndexFailed
from parity.model.network import HostNetwork, clean_url

_THREADS = 16
_SECONDS = 1800.0


def compute_hashes(
    container: Container,
    python: str,
    wheels: Mapping[str, PackageWheel],
    network: HostNetwork,
    index_of: Callable[[str], str],
) -> dict[str, str]:
    """Fetch wheels into the store; what the index tells of them, such as an MD5, is checked.

    Args:
        container: started, with the guest scripts in it and the store at /store.
        python: the interpreter inside it.
        wheels: by package.
        network: how to reach them; its secrets go to the guest's stdin alone.
        index_of: the name of a package's index.

    Returns:
        The SHA-256 of each, by address.

    Raises:
        HashMismatch: the bytes are not what the index announces.
        IndexFailed: they cannot be fetched.
    """
    urls = {name: clean_url(wheel.url or "") for name, wheel in wheels.items()}
    job: dict[str, Any] = {
        **network.job(urls.values(), named={urls[name]: index_of(name) for name in wheels}),
        "store": STORE,
        "set": None,
        "threads": _THREADS,
        "deadline": _SECONDS,
        "wheels": [
            {
                "filename": wheel.filename,
                "url": urls[name],
                "sha256": "",
                "size": wheel.size,
                "hashes": dict(wheel.hashes),
            }
            for name, wheel in wheels.items()
        ],
    }
    try:
        result = run_guest(container, python, "fetch", job, timeout=_SECONDS + 60)
    except (GuestFailed, TimeoutError) as error:
        raise IndexFailed(network.redact(f"hashing what the index does not hash failed: {error}")) from error
    for failed in result["failed"]:
        kind = HashMismatch if failed["kind"] == "hash" else IndexFailed
        raise kind(network.redact(f"{failed['filename']}: {failed['message']}"), where=failed["filename"])
    found = {entry["filename"]: entry["sha256"] for entry in result["wheels"]}
    return {wheel.url or "": found[wheel.filename] for wheel in wheels.values()}
