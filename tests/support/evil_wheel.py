"""The good wheel that every hostile one starts from, and what a hostile one is."""

from __future__ import annotations

from dataclasses import dataclass

from tests.support.wheels import WheelParts

MODULE = {"evil/__init__.py": b"X = 1\n", "evil/data.txt": b"payload " * 40}
FILENAME = "evil-1.0-py3-none-any.whl"


@dataclass(frozen=True)
class Hostile:
    """One attack: what it tries, the finding's kind, the wheel's bytes and name."""

    what: str
    kind: str
    data: bytes
    filename: str = FILENAME


def evil(files: dict[str, bytes] | None = None, **parts: object) -> WheelParts:
    """The good wheel that every attack starts from."""
    return WheelParts(files={**MODULE, **(files or {})}, **parts)  # type: ignore[arg-type]
