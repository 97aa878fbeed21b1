"""Every way in which parity says no: one root error, one exit code and one remedy for each kind.

Exit codes are part of the interface: scripts may rely on them, so a code is never reused.
0 is success, 1 a fault in parity itself, 2 wrong usage of the command line; 60 to 79 belong to the
far side (`parity.farside.errors`), 130 and 143 to Ctrl-C and SIGTERM.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar


class ParityError(Exception):
    """The root of all errors that parity raises on purpose.

    Args:
        message: what is wrong, in one sentence, without a full stop needed.
        where: the place (file, line, package, container, index); empty where there is none.
        remedy: what to do next; the kind's own remedy where empty.
        details: further lines for whoever wants to know more, most important first.
    """

    exit_code: ClassVar[int] = 1
    ends_the_command: ClassVar[bool] = False
    """True for signals: no other run of the same command goes on."""
    default_remedy: ClassVar[str] = "this is a fault in parity: report it with the output of --verbose"

    def __init__(
        self, message: str, *, where: str = "", remedy: str = "", details: tuple[str, ...] = ()
    ) -> None:
        super().__init__(message)
        self.message = message
        self.where = where
        self.remedy = remedy or self.default_remedy
        self.details = details

    @property
    def kind(self) -> str:
        """The error's name for machines, such as `ParityMismatch`."""
        return type(self).__name__


@dataclass(frozen=True)
class Problem:
    """One thing wrong in a document: where it stands, what was expected, what was likely meant."""

    file: str
    line: int
    path: str
    message: str
    suggestion: str = ""

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}" if self.line else self.file
        hint = f" (did you mean {self.suggestion!r}?)" if self.suggestion else ""
        return f"{place}: {self.path or 'document'}: {self.message}{hint}"


# --- what was asked -------------------------------------------------------------------------------


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
    """A requirements or constraints file that is missing or holds what parity cannot carry."""

    exit_code = 12
    default_remedy = "mend the file, or name another with -r"


class OptionConflict(ParityError):
    """Options that contradict each other or the profile."""

    exit_code = 13
    default_remedy = "`parity COMMAND --help` shows what goes together"


# --- the engine and its images --------------------------------------------------------------------


class EngineUnavailable(ParityError):
    """No container engine answers."""

    exit_code = 20
    default_remedy = "start Docker (or Podman's socket) or set DOCKER_HOST; `parity doctor` tells more"


class EngineLost(ParityError):
    """The engine went away in the middle of a run."""

    exit_code = 21
    default_remedy = "start the engine again and repeat; leftovers are swept at the next start"


class EngineRefused(ParityError):
    """The engine answered with an error."""

    exit_code = 22
    default_remedy = "`parity doctor` checks rights, disk and settings"


class ImageUnavailable(ParityError):
    """The image could not be had by any of the ways that were tried."""

    exit_code = 23
    default_remedy = "make the image present (docker pull or docker load), or build with --stand-in"


class NotAStandIn(ParityError):
    """The image offered as a stand-in would not prove anything about the target."""

    exit_code = 24
    default_remedy = "choose an image of the same libc family, Python X.Y and architecture, libc no newer"


# --- the target -----------------------------------------------------------------------------------


class ParityMismatch(ParityError):
    """The image is not what the profile says; names both sides of every difference."""

    exit_code = 30
    default_remedy = "correct the profile's target, or name an image that matches it"


class ProbeFailed(ParityError):
    """The image could not be measured, for example because it has no Python."""

    exit_code = 31
    default_remedy = "the image must carry the target's Python on PATH; see images/README.md"


class FactsInvalid(ParityError):
    """A file of facts that cannot be read, is damaged or was written by another version."""

    exit_code = 32
    default_remedy = "measure the machine again: `parity probe --script -o probe.py`, carry it there, run it"


# --- the lock and the wheels ----------------------------------------------------------------------


class Unresolvable(ParityError):
    """The requirements contradict each other on this target."""

    exit_code = 40
    default_remedy = "loosen one of the requirements named above"


class NoWheel(ParityError):
    """A package has no wheel that fits the target."""

    exit_code = 41
    default_remedy = "pin a version that has a fitting wheel, or provide a wheel on your own index"


class IndexFailed(ParityError):
    """The package index did not answer, or not sensibly."""

    exit_code = 42
    default_remedy = "check the index address, its credentials and proxies; `parity doctor` shows them"


class LockOutdated(ParityError):
    """`--locked` was asked, but the lock no longer satisfies the profile (or is not there)."""

    exit_code = 43
    default_remedy = "build without --locked to bring the lock up to date, then commit it"


class LockInvalid(ParityError):
    """The lock file cannot be read as PEP 751 or names what a bundle cannot hold."""

    exit_code = 44
    default_remedy = "build with --upgrade to write a new lock"


class FetchFailed(ParityError):
    """A locked wheel could not be downloaded."""

    exit_code = 45
    default_remedy = "run the build again: what was fetched is kept, the rest is resumed"


class HashMismatch(ParityError):
    """Bytes that are not those the lock names."""

    exit_code = 46
    default_remedy = "the index serves other bytes than were locked: find out why before you go on"


class ToolUnavailable(ParityError):
    """The pinned uv for the target's architecture could not be had."""

    exit_code = 47
    default_remedy = "make sure the index offers the uv wheel named above, or carry it into the cache"


class SourceUnavailable(ParityError):
    """A git repository, source archive or folder that a project names could not be had."""

    exit_code = 48
    default_remedy = "see that this machine reaches it (git uses your own credentials), then build again"


class BuildFailed(ParityError):
    """A source did not become a wheel; says which and the end of what its build said."""

    exit_code = 49
    default_remedy = "mend the build as its output says; it runs in the target's image, without network"


class HostileWheel(ParityError):
    """A wheel that no installer should touch."""

    exit_code = 50
    default_remedy = "leave the package out, pin another version, or allow the finding by name in the profile"


# --- the rehearsal --------------------------------------------------------------------------------


class RehearsalFailed(ParityError):
    """The install without network did not work; says which module, library or command."""

    exit_code = 51
    default_remedy = "mend what is named above; nothing was bundled"


class NotIsolated(ParityError):
    """The rehearsal's container was less isolated than it must be, so it proves nothing."""

    exit_code = 52
    default_remedy = "the engine ignored isolation options; see `parity doctor`"


class RehearsalTimeout(ParityError):
    """The rehearsal took longer, or more memory, than the profile allows."""

    exit_code = 53
    default_remedy = "raise rehearsal.timeout or rehearsal.memory in the profile"


# --- keys and files -------------------------------------------------------------------------------


class KeyUnusable(ParityError):
    """A key that cannot be read, has the wrong type or needs another passphrase."""

    exit_code = 80
    default_remedy = "`parity keygen` makes a key; parity signs with ECDSA P-256"


class KeyExists(ParityError):
    """A key would be overwritten."""

    exit_code = 81
    default_remedy = "choose another name; parity never overwrites a key"


class WriteFailed(ParityError):
    """A file could not be written; the old one, if any, is untouched."""

    exit_code = 82
    default_remedy = "free some space or choose another folder with -o"


class SomeFailed(ParityError):
    """Several profiles were built and not all of them succeeded."""

    exit_code = 83
    default_remedy = "see the lines of the failed profiles above"


class NotReady(ParityError):
    """`parity doctor` found something without which no bundle can be built."""

    exit_code = 84
    default_remedy = "follow the remedies above, then run `parity doctor` again"


# --- publishing -----------------------------------------------------------------------------------


class AddressUnusable(ParityError):
    """An address that cannot be published to or configured."""

    exit_code = 85
    default_remedy = "give an http or https address without user name, query or fragment"


class OtherBytesThere(ParityError):
    """The index already has a file of that name with other bytes."""

    exit_code = 86
    default_remedy = "find out which of the two is right; parity replaces nothing on an index"


class PublishFailed(ParityError):
    """The index did not take a file; what it took before stays and is skipped the next time."""

    exit_code = 87
    default_remedy = "run the command again: what is there already is skipped"


class PublishDenied(ParityError):
    """The index wants other credentials, or these do not allow uploads."""

    exit_code = 88
    default_remedy = (
        "set PARITY_PUBLISH_USERNAME and PARITY_PUBLISH_PASSWORD, or use netrc, a keyring or .pypirc"
    )


class Interrupted(ParityError):
    """Ctrl-C: everything that was started has been removed."""

    exit_code = 130
    ends_the_command = True
    default_remedy = "run the command again to continue; what was fetched is kept"


class Terminated(ParityError):
    """SIGTERM: everything that was started has been removed."""

    exit_code = 143
    ends_the_command = True
    default_remedy = "run the command again to continue; what was fetched is kept"
