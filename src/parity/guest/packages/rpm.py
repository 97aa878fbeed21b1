"""What dnf, microdnf and zypper have in common: what is signed is each package, by a key of the image.

Keys are those in the image's folders of keys and in its rpm database before a manager was asked anything;
what a source's configuration would fetch from elsewhere counts for nothing.
"""

import glob
import os
import re
import uuid
from typing import TYPE_CHECKING, Iterable, List, Pattern, Sequence, Tuple

from ..store.store import sha256_file
from .room import Fetched, Manager, PackageRoot, PackagesProblem

if TYPE_CHECKING:
    from ...wire.system import PackageLocked

_KEYS = ("/etc/pki/rpm-gpg/*", "/usr/lib/rpm/gnupg/keys/*")  # the second is SUSE's
# A list that a package has not is told as "(none)", behind the last mark.
_FORM = (
    "{0}%{{NAME}}{0}%{{EPOCHNUM}}:%{{VERSION}}-%{{RELEASE}}{0}%{{ARCH}}{0}"
    "[%{{PROVIDENAME}}{0}][%{{OBSOLETENAME}}{0}]"
)
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


def answered(room: PackageRoot, names: Sequence[str], found: Sequence[Fetched]) -> List[Fetched]:
    """What was fetched, sorted, where it is what was asked for.

    Nobody signed what a source's index tells: it may have any signed package under any name. Only what the
    package itself says counts.

    Args:
        room: where the manager worked.
        names: what it was asked for.
        found: what it brought.
    """
    known = {word for each in found for word in _words(each)}
    for name in names:
        if name not in known and not _is_there(room, name):
            files = ", ".join(sorted(each.file for each in found)) or "nothing"
            raise PackagesProblem("other", f"what the source gives for {name!a} is no such package: {files}")
    return sorted(found)


def _words(found: Fetched) -> List[str]:
    """The words by which a manager may be asked for a package."""
    plain = found.version.rpartition(":")[2]
    versions = [found.version, plain, plain.rpartition("-")[0]]
    spelled = [f"{found.name}-{version}" for version in versions]
    with_arch = [f"{each}.{found.arch}" for each in (found.name, *spelled)]
    return [found.name, *spelled, *with_arch, f"{found.name}.{found.arch}={found.version}", *found.provides]


def _is_there(room: PackageRoot, name: str) -> bool:
    """Whether the image has what answers to a word."""
    asked = (["rpm", "--query", name], ["rpm", "--query", "--whatprovides", name])
    return any(room.run(command)[0] == 0 for command in asked)


def checked(room: PackageRoot, keys: str, path: str) -> Fetched:
    """A downloaded file that one of the keys signed."""
    code, said = room.run(["rpmkeys", "--dbpath", keys, "--checksig", path])
    lines = said.strip().splitlines() or [""]
    # Both: rpmkeys ends with 0 for a package that has digests and no signature at all.
    if code != 0 or not signature_ok(lines[-1]):
        raise PackagesProblem("unsigned", f"no key of the image signed {os.path.basename(path)}", said)
    # No field can hold the mark, whatever its package puts into it.
    mark = uuid.uuid4().hex
    form = _FORM.format(mark)
    told = room.demand("reading " + path, ["rpm", "--dbpath", keys, "-qp", "--qf", form, path])
    name, version, arch, *others = told.split(mark)[1:-1]
    file = f"{name}-{version.rpartition(':')[2]}.{arch}.rpm"
    return Fetched(name, version, arch, file, path, sha256_file(path), others)


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
