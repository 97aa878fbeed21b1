"""How parity says no: the root of all its errors, and the far side's own. Python 3.6 and later.

Exit codes 60 to 79 are the far side's own; see `parity.errors` for the others.
"""

from typing import Tuple


class RootError(Exception):
    """The root of what parity raises on purpose, near and far: whoever reports errors catches it.

    Attributes:
        message: what is wrong, in one sentence.
        where: the place; empty where there is none, or the message tells it.
        remedy: what to do next.
        details: further lines for whoever wants to know more, most important first.
        exit_code: of the command that it ends.
        ends_the_command: true for signals: no other run of the same command goes on.
    """

    exit_code = 1
    ends_the_command = False
    remedy = ""
    where = ""
    details: Tuple[str, ...] = ()

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message

    @property
    def kind(self) -> str:
        """The error's name for machines, such as `ParityMismatch`."""
        return type(self).__name__


class FarsideError(RootError):
    """Root of the far side's errors: one line for the reason, one for what to do next."""

    exit_code = 60
    remedy = "ask whoever sent the bundle"

    def __init__(self, message: str, remedy: str = "") -> None:
        super().__init__(message)
        if remedy:
            self.remedy = remedy


class BundleDamaged(FarsideError):
    """The bundle's bytes are not a canonical, complete bundle."""

    exit_code = 60
    remedy = "copy or carry the bundle again; do not use this file"


class SignatureInvalid(FarsideError):
    """No trusted key made this signature."""

    exit_code = 61
    remedy = "get the sender's public key by another way than the bundle, and compare its fingerprint"


class WrongHost(FarsideError):
    """The bundle was made for another machine; both sides are named."""

    exit_code = 62
    remedy = "ask for a bundle that is built for this machine's profile"


class HostileContent(FarsideError):
    """A wheel in the bundle is malformed or dangerous."""

    exit_code = 63
    remedy = "do not install it; show this line to whoever sent the bundle"


class InstallFailed(FarsideError):
    """The installer could not finish; nothing half done was left."""

    exit_code = 64
    remedy = "see the lines above; the prefix is as it was before"


class PrefixInUse(FarsideError):
    """The prefix holds something that the installer did not put there."""

    exit_code = 65
    remedy = "choose an empty or a new folder"


class BundleUnreadable(FarsideError):
    """The bundle's file cannot be opened or read."""

    exit_code = 66
    remedy = "check the path and the medium"


class OlderBundle(FarsideError):
    """The bundle's serial is not higher than what was installed before."""

    exit_code = 67
    remedy = "ask for a newer bundle; `rollback` goes back to a release that is still there"


class NothingInstalled(FarsideError):
    """There is no such release under the prefix."""

    exit_code = 68
    remedy = "`installed` lists the releases under a prefix"


class EnvironmentUnfit(FarsideError):
    """The existing environment cannot be installed into."""

    exit_code = 69
    remedy = "name the folder of a virtual environment that is all yours"


class BundlesDisagree(FarsideError):
    """Two bundles hold other bytes under one file name."""

    exit_code = 75
    remedy = "serve these bundles apart, each as an index of its own"


class ServeFailed(FarsideError):
    """The server could not start: its address, or its certificate."""

    exit_code = 76
    remedy = "name another address of this machine, or a free port, with --bind HOST:PORT"


class IndexNotWritten(FarsideError):
    """The static index could not be written; what was there before is untouched."""

    exit_code = 77
    remedy = "free some space or choose another folder"


class WrongBase(FarsideError):
    """The delta was made from another bundle than the one at hand; both are named."""

    exit_code = 70
    remedy = "patch the bundle that the delta was made from, or ask for the whole new bundle"


class DeltaDamaged(FarsideError):
    """The file is no complete, canonical delta."""

    exit_code = 71
    remedy = "copy or carry the delta again; do not use this file"


class VolumeDamaged(FarsideError):
    """Volumes of a split bundle are damaged; each is named by its number."""

    exit_code = 72
    remedy = "carry the volumes named above again; the others are good"


class VolumesIncomplete(FarsideError):
    """Volumes are missing, are there twice, or belong to several bundles."""

    exit_code = 73
    remedy = "give all the volumes of one bundle, each once"


class FileNotWritten(FarsideError):
    """A file cannot be written; the old one, if any, is untouched."""

    exit_code = 74
    remedy = "free some space or choose another folder"


class NoIndexThere(FarsideError):
    """What was named is neither the address nor the folder of a package index."""

    exit_code = 78
    remedy = "give the address of an index, or a folder that `parity index` wrote"


class NotRoot(FarsideError):
    """System packages were to be installed by somebody else than root."""

    exit_code = 79
    remedy = "run the same command as root, or let an administrator install them first"
