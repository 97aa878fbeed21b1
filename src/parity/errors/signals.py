"""Signals (exit codes 130 and 143)."""

from __future__ import annotations

from parity.errors.base import ParityError


class Interrupted(ParityError):
    """Ctrl-C: everything that was started has been removed."""

    exit_code = 130
    ends_the_command = True
    default_remedy = "run the command again to continue; what was fetched is kept"


class Terminated(ParityError):
    """SIGTERM or SIGHUP: everything that was started has been removed."""

    exit_code = 143
    ends_the_command = True
    default_remedy = "run the command again to continue; what was fetched is kept"
