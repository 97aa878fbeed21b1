"""zypper: SLES, openSUSE and those that follow them."""

import os
import re
from typing import TYPE_CHECKING, List, Sequence

from . import rpm
from .room import Fetched, PackageRoot

if TYPE_CHECKING:
    from ...wire.system import PackageLocked

# What is refused in the first line is a source; zypper then goes on without it, and finds less.
_WRONG = (
    (re.compile(r"Signature verification failed|File '.*' (?:from .* )?is unsigned"), "unsigned"),
    (re.compile(r"Skipping repository|Curl error|\(curl\) error|Valid metadata not found"), "unreachable"),
    (re.compile(r"^(?:No provider of |Package '.*' not found\.)", re.MULTILINE), "unknown"),
)
_TROUBLE = re.compile(r"Skipping repository|repositories have not been refreshed")
_ANCHORS = ("/etc/pki/trust/anchors", "/usr/local/share/ca-certificates")  # SUSE's, Debian's


class Zypper(rpm.RpmManager):
    """zypper 1.14 and later."""

    program = "zypper"

    def fetch(self, room: PackageRoot, names: Sequence[str]) -> List[Fetched]:
        """Download into a private cache; see `Manager.fetch`.

        The keys that zypper itself goes by are those in the image's rpm database; none is ever added.
        """
        keys, _ = rpm.keyring(room)
        _trust(room)
        cache = rpm.emptied(room.below("zypper"))
        command = ["zypper", "--non-interactive", "--pkg-cache-dir", cache, "install"]
        # --oldpackage: a locked version may be below what its source has by now.
        command += ["--download-only", "--no-recommends", "--oldpackage", "--", *names]
        code, said = room.run(command)
        if code != 0 or _TROUBLE.search(said):
            raise rpm.problem("zypper", said, _WRONG, _lead(said))
        return rpm.answered(room, names, [rpm.checked(room, keys, path) for path in rpm.files(cache)])

    def exactly(self, package: "PackageLocked") -> str:
        """`name.arch=epoch:version-release`."""
        return "{name}.{arch}={version}".format(**package)


MANAGER = Zypper()


def _lead(said: str) -> str:
    """How the line begins that tells why."""
    leads = ("Error message: ", "Problem: ", "No provider of ")
    return next((lead for lead in leads if lead in said), "Error")


def _trust(room: PackageRoot) -> None:
    """Make this machine's CA known to the container's curl: zypper has no option for it."""
    for folder in filter(os.path.isdir, _ANCHORS) if room.ca else ():
        path = os.path.join(folder, "parity.crt")
        if not os.path.exists(path):
            with open(room.ca, encoding="ascii") as source, open(path, "w", encoding="ascii") as target:
                target.write(source.read())
            room.demand("making the CA bundle known", ["update-ca-certificates"])
