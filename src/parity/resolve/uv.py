"""The pinned uv: which file of which version for which architecture."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import TypedDict

from parity.errors import ToolUnavailable


class _Pinned(TypedDict):
    filename: str
    sha256: str
    size: int
    binary_sha256: str
    binary_size: int


class _PinnedUv(TypedDict):
    """uv.json."""

    version: str
    wheels: dict[str, _Pinned]


@dataclass(frozen=True)
class UvWheel:
    """The wheel that holds uv for one architecture, and the program inside it.

    The builds for x86_64 and aarch64 are static and run with any libc; the others need glibc 2.17.
    """

    version: str
    filename: str
    sha256: str
    size: int
    binary_sha256: str
    binary_size: int

    @property
    def member(self) -> str:
        """The program's path inside the wheel."""
        return f"uv-{self.version}.data/scripts/uv"


def uv_version() -> str:
    """The pinned version."""
    return _table()["version"]


def uv_wheel(arch: str) -> UvWheel:
    """The pinned wheel for an architecture as `uname -m` says it; ToolUnavailable for others."""
    wheels = _table()["wheels"]
    if arch not in wheels:
        known = ", ".join(sorted(wheels))
        raise ToolUnavailable(
            f"no uv is pinned for {arch}", remedy=f"parity resolves for these architectures: {known}"
        )
    return UvWheel(version=uv_version(), **wheels[arch])


@cache
def _table() -> _PinnedUv:
    text = resources.files("parity.resolve").joinpath("uv.json").read_text(encoding="utf-8")
    table: _PinnedUv = json.loads(text)
    return table
