"""What the shell may complete."""

from __future__ import annotations

from parity.profile import available


def profiles(incomplete: str) -> list[str]:
    """Names of profiles that begin so; file names are completed by the shell itself."""
    return [name for name in available() if name.startswith(incomplete)]
