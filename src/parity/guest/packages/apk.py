"""apk: the index is signed, and so is each package, by keys in /etc/apk/keys."""

import glob
import os
import re
import tarfile
from typing import TYPE_CHECKING, Dict, List, Sequence, Tuple

from ..store.store import sha256_file
from .room import Fetched, Manager, PackageRoot, PackagesProblem

if TYPE_CHECKING:
    from ...wire.system import PackageLocked

_LINE = re.compile(r"^\(\d+/\d+\) (?:Installing|Upgrading|Reinstalling) (\S+) \((?:\S+ -> )?([^)\s]+)\)")
# apk's exit code does not tell what kind of error it was; only its words do.
_WRONG = (
    (re.compile(r"no such package|unable to select"), "unknown"),
    (re.compile(r"UNTRUSTED|BAD signature", re.IGNORECASE), "unsigned"),
    (
        re.compile(r"temporary error|network error|could not connect|Bad address|IO ERROR", re.IGNORECASE),
        "unreachable",
    ),
)


class ApkTools(Manager):
    """Alpine."""

    name, program = "apk", "apk"

    def fetch(self, room: PackageRoot, names: Sequence[str]) -> List[Fetched]:
        """Download into a private folder; see `Manager.fetch`."""
        said = _asked(room, ["add", "--simulate", *names])
        folder = room.below("apk")
        # Of an earlier call; only what this one brings may be found.
        for left in glob.glob(os.path.join(folder, "*")):
            os.unlink(left)
        found = []
        for name, version in to_install(said):
            _asked(room, ["fetch", "--output", folder, f"{name}={version}"])
            found.append(_checked(room, os.path.join(folder, f"{name}-{version}.apk")))
        return found

    def exactly(self, package: "PackageLocked") -> str:
        """`name=version`."""
        return "{name}={version}".format(**package)


MANAGER = ApkTools()


def to_install(said: str) -> List[Tuple[str, str]]:
    """Name and version of what `apk add --simulate` would install, in its order."""
    found = (_LINE.match(line) for line in said.splitlines())
    return [(match.group(1), match.group(2)) for match in found if match]


def _asked(room: PackageRoot, words: Sequence[str]) -> str:
    code, said = room.run(["apk", "--no-cache", "--no-progress", *words])
    if code != 0:
        kind = next((kind for pattern, kind in _WRONG if pattern.search(said)), "failed")
        reason = next((line for line in said.splitlines() if line.startswith("ERROR:")), "")
        raise PackagesProblem(kind, "apk does not bring them" + (": " + reason[7:] if reason else ""), said)
    return said


def _checked(room: PackageRoot, path: str) -> Fetched:
    """A downloaded file whose signature is right."""
    code, said = room.run(["apk", "verify", path])
    if code != 0:
        raise PackagesProblem("unsigned", f"no key of the image signed {os.path.basename(path)}", said)
    told = package_info(path)
    name, version, arch = (told[key][0] for key in ("pkgname", "pkgver", "arch"))
    provides = [each.partition("=")[0] for each in told.get("provides", [])]
    return Fetched(name, version, arch, f"{name}-{version}.apk", path, sha256_file(path), provides)


def package_info(path: str) -> Dict[str, List[str]]:
    """The fields of a package's .PKGINFO: `key = value`, keys may come again."""
    fields: Dict[str, List[str]] = {}
    with tarfile.open(path, "r:gz") as archive:
        member = archive.extractfile(".PKGINFO")
        text = member.read().decode("utf-8", "replace") if member else ""
    for line in text.splitlines():
        key, equals, value = line.partition(" = ")
        if equals and not line.startswith("#"):
            fields.setdefault(key.strip(), []).append(value.strip())
    return fields
