"""What a guest is asked to fetch as an interpreter, and what it tells; see its task of that name."""

from __future__ import annotations

from typing import Literal, TypedDict

from parity.wire.network import Reach

PythonTrouble = Literal["", "list", "none", "fetch", "digest", "unfit"]


class PythonJob(Reach):
    """Which interpreter, as uv spells it, and from where; empty for uv's own places."""

    uv: str
    request: str
    mirror: str
    downloads: str
    work: str
    seconds: float
    retries: int


class PythonFetched(TypedDict):
    """Where its archive lies; with a `trouble`, uv's words instead."""

    trouble: PythonTrouble
    said: str
    version: str
    file: str
    path: str
