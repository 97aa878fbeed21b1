"""dnf: RHEL, Fedora and those that follow them."""

import re
from typing import List, Sequence

from . import rpm
from .room import Fetched, PackageRoot

# `*.`: for each source, since a source's own setting beats the general one.
_OPTIONS = (
    "gpgcheck=1",
    "*.gpgcheck=1",
    "*.skip_if_unavailable=0",
    "install_weak_deps=0",
    "retries=3",
    "timeout=30",
)
_WRONG = (
    (re.compile(r"No match for argument|Unable to find a match"), "unknown"),
    (re.compile(r"GPG check FAILED|is not signed|Public key .* not (?:installed|trusted)|NOKEY"), "unsigned"),
    (
        re.compile(r"Failed to download|Cannot download|Curl error|Cannot prepare internal mirrorlist"),
        "unreachable",
    ),
)


class Dnf(rpm.RpmManager):
    """dnf, and what answers by that name since dnf 5."""

    program = "dnf"

    def fetch(self, room: PackageRoot, names: Sequence[str]) -> List[Fetched]:
        """Download into a private cache; see `Manager.fetch`."""
        keys, files = rpm.keyring(room)
        cache = rpm.emptied(room.below("dnf"))  # the packages lie right in it, of a local source too
        code, said = room.run([*_command(room, cache, files), "install", "--downloadonly", *names])
        if code != 0:
            raise rpm.problem("dnf", said, _WRONG, "Error: ")
        return rpm.answered(room, names, [rpm.checked(room, keys, path) for path in rpm.files(cache)])


MANAGER = Dnf()


def _command(room: PackageRoot, cache: str, keys: Sequence[str]) -> List[str]:
    options = [*_OPTIONS, "cachedir=" + cache, "logdir=" + cache, "destdir=" + cache]
    options.append("*.gpgkey=" + ",".join("file://" + path for path in keys))
    options += ["sslcacert=" + room.ca] if room.ca else []
    return ["dnf", "-y", "-q", *("--setopt=" + option for option in options)]
