"""How long the near side's steps may take and how much memory they may have; a profile may set each."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Limits:
    """What a build allows itself; times in seconds, memory in bytes.

    Downloads have no limit of time: they must go forward. What is rehearsed has the limits of `rehearsal`,
    and so has what is built from its source, but for the time: `building` is for each step of it.
    """

    resolving: int = 600
    audit: int = 1800
    system_packages: int = 3600
    building: int = 2 * 3600
    workshop: int = 24 * 3600
    memory: int = 4 * 1024**3


def spelt(seconds: float) -> str:
    """Seconds as a profile has them: `90s`, `10m`, `24h`."""
    whole = int(seconds)
    for size, unit in ((3600, "h"), (60, "m")):
        if whole and whole % size == 0:
            return f"{whole // size}{unit}"
    return f"{whole}s"


def remedy(key: str) -> str:
    """What to do where a limit was met; `key` is its name in a profile."""
    return f"allow more in the profile (`limits: {{{key}: …}}`), or find out what takes so much"
