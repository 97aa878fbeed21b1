"""dnf and rpm: what is signed is each package, by a key that the image itself brings along.

Keys are those in the image's folder of keys and in its rpm database before dnf was asked anything; what
a source's configuration would fetch from elsewhere counts for nothing.
"""

import glob
import os
import re
from typing import TYPE_CHECKING, List, Sequence, Tuple

from ..store.store import sha256_file
from .room import Fetched, Manager, Problem, Room

if TYPE_CHECKING:
    from ...wire.system import PackageLocked

_KEYS = "/etc/pki/rpm-gpg/*"
_OPTIONS = (
    "gpgcheck=1",
    "*.gpgcheck=1",
    "*.skip_if_unavailable=0",
    "install_weak_deps=0",
    "retries=3",
    "timeout=30",
)
_FORM = "%{NAME}\\n%{EPOCHNUM}:%{VERSION}-%{RELEASE}\\n%{ARCH}\\n[%{PROVIDENAME} ]"
_SIGNED = re.compile(r"\b(?:signatures|pgp|gpg)\b.* OK$")
_WRONG = (
    (re.compile(r"No match for argument|Unable to find a match"), "unknown"),
    (re.compile(r"GPG check FAILED|is not signed|Public key .* not (?:installed|trusted)|NOKEY"), "unsigned"),
    (
        re.compile(r"Failed to download|Cannot download|Curl error|Cannot prepare internal mirrorlist"),
        "unreachable",
    ),
)


class Dnf(Manager):
    """RHEL, Fedora and those that follow them."""

    name, program = "rpm", "dnf"

    def fetch(self, room: Room, names: Sequence[str]) -> List[Fetched]:
        """Download into a private cache; see `Manager.fetch`."""
        keys, files = _keyring(room)
        cache = room.below("dnf")  # the packages lie right in it, of a local source too
        for left in _files(cache):
            os.unlink(left)
        code, said = room.run([*_command(room, cache, files), "install", "--downloadonly", *names])
        if code != 0:
            raise _problem(said)
        found = [_checked(room, keys, path) for path in _files(cache)]
        return sorted(found)

    def exactly(self, package: "PackageLocked") -> str:
        """`name-epoch:version-release.arch`."""
        return "{name}-{version}.{arch}".format(**package)


def _command(room: Room, cache: str, keys: Sequence[str]) -> List[str]:
    options = [*_OPTIONS, "cachedir=" + cache, "logdir=" + cache, "destdir=" + cache]
    options.append("*.gpgkey=" + ",".join("file://" + path for path in keys))
    options += ["sslcacert=" + room.ca] if room.ca else []
    return ["dnf", "-y", "-q", *("--setopt=" + option for option in options)]


def _files(cache: str) -> List[str]:
    return sorted(glob.glob(os.path.join(glob.escape(cache), "*.rpm")))


def _keyring(room: Room) -> Tuple[str, List[str]]:
    """A key database of ours with the image's own keys: its folder, and the files that hold the keys."""
    known = os.path.join(room.folder, "keys.asc")
    if not os.path.exists(known):
        with open(known, "w", encoding="utf-8") as file:
            file.write(room.run(["rpm", "-q", "gpg-pubkey", "--qf", "%{DESCRIPTION}\\n"])[1])
    folder = room.below("keys")
    files = [path for path in [*sorted(glob.glob(_KEYS)), known] if os.path.isfile(path)]
    good = [path for path in files if room.run(["rpmkeys", "--dbpath", folder, "--import", path])[0] == 0]
    if not good:
        raise Problem("unsigned", "the image holds no key to check packages with (/etc/pki/rpm-gpg)")
    return folder, good


def _checked(room: Room, keys: str, path: str) -> Fetched:
    """A downloaded file that one of the keys signed."""
    code, said = room.run(["rpmkeys", "--dbpath", keys, "--checksig", path])
    lines = said.strip().splitlines() or [""]
    if code != 0 or not signature_ok(lines[-1]):
        raise Problem("unsigned", f"no key of the image signed {os.path.basename(path)}", said)
    told = room.demand("reading " + path, ["rpm", "--dbpath", keys, "-qp", "--qf", _FORM, path])
    name, version, arch, provides = told.split("\n")[-4:]
    file = f"{name}-{version.rpartition(':')[2]}.{arch}.rpm"
    return Fetched(name, version, arch, file, path, sha256_file(path), provides.split())


def signature_ok(line: str) -> bool:
    """Whether rpm says that digests and signatures are right; an unsigned package has digests alone."""
    told = line.rpartition(": ")[2]
    return bool(_SIGNED.search(told)) and "NOT OK" not in told


def _problem(said: str) -> Problem:
    lines = [line for line in said.splitlines() if line.startswith("Error: ")]
    kind = next((kind for pattern, kind in _WRONG if pattern.search(said)), "failed")
    reason = (lines[-1:] or said.strip().splitlines()[-1:] or ["no reason given"])[0]
    return Problem(kind, "dnf does not bring them: " + reason, said)
