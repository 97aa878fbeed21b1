"""Other files that lie at an address: what to fetch, and what then comes out of the store. Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from parity.model import BundleFile, Download, OtherFile, StoredFiles
from parity.portable.bundle.manifest import OTHER_FILES

FromStore = Callable[[str, str, int, str], BundleFile]
"""Makes a payload file of its path there, its path in the store, its size and its SHA-256."""


def downloads(entries: Sequence[OtherFile]) -> tuple[Download, ...]:
    """What to fetch; the addresses keep their queries."""
    return tuple(Download(_name(one), one.url, one.sha256) for one in entries if one.url)


def fetched_files(
    entries: Sequence[OtherFile], stored: StoredFiles, from_store: FromStore
) -> tuple[BundleFile, ...]:
    """The entries with an address, now that their bytes lie in the store."""
    return tuple(
        replace(
            from_store(
                OTHER_FILES + one.place,
                f"{stored.folder}/{_name(one)}",
                stored.sizes[_name(one)],
                one.sha256,
            ),
            executable=bool(one.executable),
        )
        for one in entries
        if one.url
    )


def _name(one: OtherFile) -> str:
    """One name for each place, in a folder without folders; no place holds a colon."""
    return one.place.replace("/", ":")
