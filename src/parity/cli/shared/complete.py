"""What the shell may complete."""

from __future__ import annotations


def profiles(incomplete: str) -> list[str]:
    """Names of profiles that begin so; file names are completed by the shell itself."""
    # Who asks is a shell; a call needs the library of schemas for profiles alone.
    from parity.profile import available  # noqa: PLC0415

    return [name for name in available() if name.startswith(incomplete)]
