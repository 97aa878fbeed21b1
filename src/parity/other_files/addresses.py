"""Other files that lie at an address: what to fetch, and what then comes out of the store. Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from parity.model import BundleFile, Lock, LockedWheel, OtherFile, WheelSet
from parity.portable.bundle.manifest import OTHER_FILES

FromStore = Callable[[str, str, int, str], BundleFile]
"""Makes a payload file of its path there, its path in the store, its size and its SHA-256."""


def lock_of_addresses(entries: Sequence[OtherFile]) -> Lock:
    """What to fetch, spelt as the store's fetching wants it; the addresses keep their queries."""
    return Lock(tuple(_wanted(one) for one in entries if one.url), "", "", "")


def fetched_files(
    entries: Sequence[OtherFile], fetched: WheelSet, from_store: FromStore
) -> tuple[BundleFile, ...]:
    """The entries with an address, now that their bytes lie in the store."""
    sizes = {wheel.locked.filename: wheel.size for wheel in fetched.wheels}
    return tuple(
        replace(
            from_store(
                OTHER_FILES + one.place, f"{fetched.folder}/{_name(one)}", sizes[_name(one)], one.sha256
            ),
            executable=bool(one.executable),
        )
        for one in entries
        if one.url
    )


def _wanted(one: OtherFile) -> LockedWheel:
    return LockedWheel(one.place, "", _name(one), one.url, one.sha256, None, requested=True)


def _name(one: OtherFile) -> str:
    """One name for each place, in a folder without folders; no place holds a colon."""
    return one.place.replace("/", ":")
