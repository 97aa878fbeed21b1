"""The rehearsal, and what it needs of the system (exit codes 51 to 59)."""

from __future__ import annotations

from parity.errors.base import ParityError


class RehearsalFailed(ParityError):
    """The install without network did not work; says which module, library or command."""

    exit_code = 51
    default_remedy = "mend what is named above; nothing was written"


class NotIsolated(ParityError):
    """The rehearsal's container was less isolated than it must be, so it proves nothing."""

    exit_code = 52
    default_remedy = "the engine ignored isolation options; see `parity doctor`"


class RehearsalTimeout(ParityError):
    """The rehearsal took longer, or more memory, than the profile allows."""

    exit_code = 53
    default_remedy = "raise rehearsal.timeout or rehearsal.memory in the profile"


class SystemPackagesFailed(ParityError):
    """The system packages could not be had, or are not what their distribution signed."""

    exit_code = 55
    default_remedy = "check the names, and that the image's own package sources are reached"
