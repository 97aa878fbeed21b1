"""What dnf, microdnf and zypper have in common: what is signed is each package, by a key of the image.

Keys are those in the image's folders of keys and in its rpm database before a manager was asked anything;
what a source's configuration would fetch from elsewhere counts for nothing.
"""

import glob
import os
import re
from typing import TYPE_CHECKING, Iterable, List, Pattern, Sequence, Tuple

from ..store.store import sha256_file
from .room import Fetched, Manager, PackageRoot, PackagesProblem

if TYPE_CHECKING:
    from ...wire.system import PackageLocked

_KEYS = ("/etc/pki/rpm-gpg/*", "/usr/lib/rpm/gnupg/keys/*")  # the second is SUSE's
_FORM = "%{NAME}\\n%{EPOCHNUM}:%{VERSION}-%{RELEASE}\\n%{ARCH}\\n[%{PROVIDENAME} ]"
_SIGNED = re.compile(r"\b(?:signatures|pgp|gpg)\b.* OK$")


class RpmManager(Manager):
    """A manager whose packages are rpm's."""

    name = "rpm"

    def exactly(self, package: "PackageLocked") -> str:
        """`name-epoch:version-release.arch`."""
        return "{name}-{version}.{arch}".format(**package)


def emptied(folder: str) -> str:
    """A private folder in which no package lies, of an earlier call, say."""
    for left in files(folder):
        os.unlink(left)
    return folder


def files(folder: str) -> List[str]:
    """The packages in a folder, however deep, sorted."""
    return sorted(glob.glob(os.path.join(glob.escape(folder), "**", "*.rpm"), recursive=True))


def keyring(room: PackageRoot) -> Tuple[str, List[str]]:
    """A key database of ours with the image's own keys: its folder, and the files that hold the keys."""
    known = os.path.join(room.folder, "keys.asc")
    if not os.path.exists(known):
        with open(known, "w", encoding="utf-8") as file:
            # rpm keeps imported keys as packages of that name; their description is the key itself.
            file.write(room.run(["rpm", "-q", "gpg-pubkey", "--qf", "%{DESCRIPTION}\\n"])[1])
    folder = room.below("keys")
    files = [path for path in [*_key_files(), known] if os.path.isfile(path)]
    # Keys of a kind that this rpm does not know are left out; what they signed is refused then.
    good = [path for path in files if room.run(["rpmkeys", "--dbpath", folder, "--import", path])[0] == 0]
    if not good:
        raise PackagesProblem(
            "unsigned", "the image holds no key to check packages with (" + ", ".join(_KEYS) + ")"
        )
    return folder, good


def _key_files() -> Iterable[str]:
    return sorted(path for pattern in _KEYS for path in glob.glob(pattern))


def checked(room: PackageRoot, keys: str, path: str) -> Fetched:
    """A downloaded file that one of the keys signed."""
    code, said = room.run(["rpmkeys", "--dbpath", keys, "--checksig", path])
    lines = said.strip().splitlines() or [""]
    # Both: rpmkeys ends with 0 for a package that has digests and no signature at all.
    if code != 0 or not signature_ok(lines[-1]):
        raise PackagesProblem("unsigned", f"no key of the image signed {os.path.basename(path)}", said)
    told = room.demand("reading " + path, ["rpm", "--dbpath", keys, "-qp", "--qf", _FORM, path])
    name, version, arch, provides = told.split("\n")[-4:]
    file = f"{name}-{version.rpartition(':')[2]}.{arch}.rpm"
    return Fetched(name, version, arch, file, path, sha256_file(path), provides.split())


def signature_ok(line: str) -> bool:
    """Whether rpm says that digests and signatures are right; an unsigned package has digests alone."""
    told = line.rpartition(": ")[2]
    return bool(_SIGNED.search(told)) and "NOT OK" not in told


def problem(program: str, said: str, wrong: Sequence[Tuple[Pattern[str], str]], lead: str) -> PackagesProblem:
    """Why a manager failed, in its own words.

    Args:
        program: which.
        said: all that it said.
        wrong: what to look for there, and the kind of problem that it is.
        lead: how a line with the reason begins.
    """
    lines = [line for line in said.splitlines() if line.startswith(lead)]
    kind = next((kind for pattern, kind in wrong if pattern.search(said)), "failed")
    reason = (lines[-1:] or said.strip().splitlines()[-1:] or ["no reason given"])[0]
    return PackagesProblem(kind, f"{program} does not bring them: {reason}", said)
