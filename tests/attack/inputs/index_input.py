"""What one hostile or odd index is, and how its ending is judged; the inputs are `index_inputs`'s."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.support.hostile_index import HostileIndex, Script, body, head, page, raw

NAME = "demo-1.0-py3-none-any.whl"
FILE = f"/files/{NAME}"
PAGE = "/simple/demo/"
JSON = "application/vnd.pypi.simple.v1+json"
GARBAGE = b"garbage that is no wheel " * 40
Arrange = Callable[[HostileIndex, bytes], None]
Judge = Callable[[Mapping[str, Any]], str]


@dataclass(frozen=True)
class Input:
    """One index.

    Attributes:
        kind: what sort of attack.
        name: this one.
        by: which guest asks it: `guess`, `fetch` or `router`.
        arrange: sets the index up, given an honest wheel's bytes.
        judge: what is wrong with the guest's result, empty for nothing.
        said: for `fetch`, what the lock says otherwise than the honest one.
    """

    kind: str
    name: str
    by: str
    arrange: Arrange
    judge: Judge
    said: Mapping[str, Any] = field(default_factory=dict)


def nothing(result: Mapping[str, Any]) -> str:
    """Nothing may have been learnt or fetched."""
    if "error" in result:
        return ""
    taken = result.get("metadata") or result.get("wheels") or result.get("page")
    return f"believed: {str(taken)[:100]}" if taken else ""


def honest(result: Mapping[str, Any]) -> str:
    """It must have worked."""
    if "error" in result:
        return f"refused: {result['error'][:100]}"
    taken = result.get("metadata") or result.get("wheels") or result.get("page")
    return "" if taken else f"nothing came: {str(result)[:200]}"


def honest_or_nothing(result: Mapping[str, Any]) -> str:
    """Either is right: the store's own canaries and digests decide."""
    del result
    return ""


def entry(index: HostileIndex, wheel: bytes, **said: Any) -> dict[str, Any]:
    """A file of a page, honest but for what is said."""
    digest = hashlib.sha256(wheel).hexdigest()
    return {"filename": NAME, "url": index.root + FILE, "hashes": {"sha256": digest}, **said}


def one_file(script: Script | None = None, **said: Any) -> Arrange:
    """A page that says this of its one file."""

    def arrange(index: HostileIndex, wheel: bytes) -> None:
        index.at(PAGE, page([entry(index, wheel, **said)]))
        index.at(FILE, script or body(wheel, "application/octet-stream"))

    return arrange


def hashed(sha256: Any) -> Arrange:
    """A page with such a digest, of a file that is cut off."""
    cut = raw(head(Content_Length="100000"), GARBAGE)
    return one_file(cut, hashes={"sha256": sha256})


def paged(script: Script) -> Arrange:
    """A page that is answered so; the file that it might name is there."""

    def arrange(index: HostileIndex, wheel: bytes) -> None:
        index.at(PAGE, script)
        index.at(FILE, body(wheel, "application/octet-stream"))

    return arrange


def filed(make: Callable[[bytes], Script]) -> Arrange:
    """A file that is answered so."""
    return lambda index, wheel: index.at(FILE, make(wheel))


def text_of(make: Callable[[dict[str, Any]], Any], **headers: str) -> Arrange:
    """A page made of its honest entry."""

    def arrange(index: HostileIndex, wheel: bytes) -> None:
        made = make(entry(index, wheel))
        data = made if isinstance(made, bytes) else json.dumps(made).encode()
        index.at(PAGE, body(data, JSON, **headers))
        index.at(FILE, body(wheel, "application/octet-stream"))

    return arrange
