"""Who does what in the rehearsal's container; none can write what another owns, or reach its processes.

They are numbers alone: no image needs to know them. A rootless engine maps no number above 65535. Commands
run as whom most images call `nobody`, for programs that ask what they are called.
"""

from __future__ import annotations

ROOT = 0
"""The container's own process, which sleeps, and what ends others' processes: it becomes `ENDER` for that."""
ENDER = 65530
"""Owns nothing and runs nothing else, so that nobody can signal a process that is this user's."""
JUDGE = 65532
"""Reads what was installed. No code of a package ever runs as this user."""
OWNER = 65533
"""Installs: the new environment is this user's."""
COMMANDS = 65534
"""Runs the profile's commands."""
PROJECT = 65531
"""Syncs the carried project."""
IMPORTERS = range(60000, 65000)
"""Import packages."""


def spelled(user: int) -> str:
    """As an engine wants it: `uid:gid`."""
    return f"{user}:{user}"
