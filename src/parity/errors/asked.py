"""What was asked: profiles, files and options (exit codes 10 to 19)."""

from __future__ import annotations

from parity.errors.base import ParityError, Problem


class ProfileError(ParityError):
    """A profile that cannot be read or does not fit the schema; holds every problem at once."""

    exit_code = 10
    default_remedy = "mend the lines above; `parity schema` prints what is allowed"

    def __init__(self, message: str, *, problems: tuple[Problem, ...] = (), **rest: str) -> None:
        super().__init__(message, details=tuple(str(p) for p in problems), **rest)
        self.problems = problems


class ProfileNotFound(ParityError):
    """No profile of that name or path."""

    exit_code = 11
    default_remedy = "`parity profile list` shows the profiles at hand; `parity init` writes a new one"


class InputFileError(ParityError):
    """A file that the profile or a command names is missing or holds what parity cannot carry."""

    exit_code = 12
    default_remedy = "mend the file, or name another with -r"


class OptionConflict(ParityError):
    """Options that contradict each other or the profile."""

    exit_code = 13
    default_remedy = "leave one of them out"
