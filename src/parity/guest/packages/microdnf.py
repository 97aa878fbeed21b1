"""microdnf: minimal images of RHEL and its kin, which have neither dnf nor Python packages of its own.

`microdnf download` refuses every signed package where signatures are demanded (its issue 154), and does not
look at what is installed. So it installs on trial: with `tsflags=test` it downloads, checks signatures and
the transaction, and installs nothing; `keepcache` (3.8 and later) lets the packages lie in its cache.
"""

import re
from typing import List, Sequence

from . import rpm
from .room import Fetched, PackageRoot, PackagesProblem

_OPTIONS = (
    "tsflags=test",
    "keepcache=1",
    "install_weak_deps=0",
    "*.gpgcheck=1",
    "*.skip_if_unavailable=0",
)
_WRONG = (
    (re.compile(r"Unable to handle: |Unknown tsflag"), "unsupported"),
    (re.compile(r"No package matches"), "unknown"),
    (re.compile(r"cannot be verified|could not be verified|keyring check failure"), "unsigned"),
    (re.compile(r"cannot update repo|Cannot download|Curl error|All mirrors were tried"), "unreachable"),
)
_COUNT = re.compile(r"^ *(?:Installing|Reinstalling|Upgrading|Downgrading): +(\d+) packages$", re.MULTILINE)


class Microdnf(rpm.RpmManager):
    """microdnf 3.8 and later."""

    program = "microdnf"

    def fetch(self, room: PackageRoot, names: Sequence[str]) -> List[Fetched]:
        """Download into a private cache; see `Manager.fetch`."""
        keys, files = rpm.keyring(room)
        cache = rpm.emptied(room.below("microdnf"))
        code, said = room.run([*_command(room, cache, files), "install", *names])
        if code != 0:
            raise rpm.problem("microdnf", said, _WRONG, "error: ")
        found = [rpm.checked(room, keys, path) for path in rpm.files(cache)]
        # Fewer would be noticed at the rehearsal only, or on the target.
        if len(found) != downloads(said):
            raise PackagesProblem(
                "unsupported",
                f"microdnf kept {len(found)} packages of {downloads(said)}: it keeps none of a source that is"
                " a folder of the image (file:), so serve that folder",
                said,
            )
        return rpm.answered(room, names, found)


MANAGER = Microdnf()


def _command(room: PackageRoot, cache: str, keys: Sequence[str]) -> List[str]:
    options = [*_OPTIONS, "cachedir=" + cache]
    options.append("*.gpgkey=" + ",".join("file://" + path for path in keys))
    options += ["*.sslcacert=" + room.ca] if room.ca else []
    return ["microdnf", "-y", *("--setopt=" + option for option in options)]


def downloads(said: str) -> int:
    """How many packages a transaction brings, by its summary; none where there is nothing to do."""
    return sum(int(count) for count in _COUNT.findall(said))
