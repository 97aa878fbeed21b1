"""Files that are brought into the engine's store, whatever they are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Download:
    """A file that the store shall have.

    Attributes:
        filename: its name there, without folders; one of its own in each set.
        url: where it is fetched, with its query; empty where only the store has it.
        sha256: 64 hexadecimal digits, lower case.
        size: bytes, None where nobody tells.
        index: the name of the index that it comes from, whose login it gets.
    """

    filename: str
    url: str
    sha256: str
    size: int | None = None
    index: str = "default"


@dataclass(frozen=True)
class StoredFiles:
    """Files that lie in the store, hashed there in this run.

    Attributes:
        folder: the folder inside the store volume that holds them under their names.
        sizes: bytes, by file name.
        fetched: how many came over the network in this run, and their bytes.
    """

    folder: str
    sizes: Mapping[str, int]
    fetched: int
    fetched_bytes: int
