"""apt and dpkg: what they sign is Release, which holds the hash of Packages, which holds each file's.

apt checks that chain and is never allowed to do without it; the digest that the signed index names is
compared once more with the file.
"""

import glob
import os
import re
from typing import TYPE_CHECKING, List, Sequence, Set, Tuple
from urllib.parse import unquote

from ..store.store import sha256_file
from .room import Fetched, Manager, PackageRoot, PackagesProblem

if TYPE_CHECKING:
    from ...wire.system import PackageLocked

_OPTIONS = (
    "APT::Sandbox::User=root",  # the container has no right to change users
    "APT::Get::AllowUnauthenticated=false",
    "APT::Update::Error-Mode=any",
    "Acquire::AllowInsecureRepositories=false",
    "Acquire::AllowWeakRepositories=false",
    "Acquire::AllowDowngradeToInsecureRepositories=false",
    "Acquire::Languages=none",
    # Whatever weaker ones an index offers besides.
    "Acquire::ForceHash=SHA256",
    "Acquire::Retries=3",
    "Acquire::http::Timeout=30",
    "Acquire::https::Timeout=30",
)
# What runs as PID 1 or for each login: a program that only needs libraries works without.
_OF_A_SESSION = ("dbus-user-session", "libpam-systemd", "systemd-sysv", "sysvinit-core", "runit-init")
_CONTENTS = tuple(
    f"Acquire::IndexTargets::deb::Contents-deb::{key}={value}"
    for key, value in (
        ("MetaKey", "$(COMPONENT)/Contents-$(ARCHITECTURE)"),
        ("ShortDescription", "Contents"),
        ("Description", "Contents"),
        ("PDiffs", "false"),
        ("KeepCompressed", "true"),
    )
)
_MOST_CONTROL = 128 * 1024 * 1024
"""Bytes of a package's scripts and lists, unpacked; those of the largest packages take a tenth."""
_LISTED = re.compile(r"[-lh]\S+ \S+ +\d+ \S+ \S+ \./(\S+)")
_URI = re.compile(r"^'[^']*' (\S+) \d+ SHA256:([0-9a-f]{64})$")
_READ_OTHERWISE = re.compile(r"\.|[+-]$")
_INST = re.compile(r"^Inst (\S+) ")
# A source that is trusted without a signature is trusted by its signature here, or not at all.
_UNCHECKED = re.compile(r"\b(?:trusted|allow-[a-z-]+)=[^\s\]]*", re.IGNORECASE)
_UNCHECKED_FIELD = re.compile(r"^(?:Trusted|Allow-[A-Za-z-]+):.*\n?", re.IGNORECASE | re.MULTILINE)
# apt uses a local source's files where they lie, so none would be in our folder; `copy:` brings them there.
_LOCAL = re.compile(r"(?<![\w+.-])file:(?=/)")
_UNSIGNED = (
    r"is not signed|does not have a Release file|NO_PUBKEY|GPG error|signatures? (?:could|were invalid)"
)
_UNREACHED = "Failed to fetch|index files failed|Unable to fetch|Could not (?:connect|resolve)"
_UNKNOWN = "Unable to locate package|no installation candidate|Couldn't find any package"
# Its words in English (LC_ALL); the exit code is 100 for everything.
_WRONG = (
    (re.compile(r"Version '.*' for '.*' was not found"), "gone"),
    (re.compile(_UNKNOWN), "unknown"),
    (re.compile(_UNSIGNED), "unsigned"),
    (re.compile(_UNREACHED), "unreachable"),
    (re.compile("Hash Sum mismatch|unauthenticated"), "unsigned"),
)


class Apt(Manager):
    """Debian, Ubuntu and those that follow them."""

    name, program = "deb", "apt-get"

    def fetch(self, room: PackageRoot, names: Sequence[str]) -> List[Fetched]:
        """Download into a private folder; see `Manager.fetch`."""
        apt = AptAtWork(room, exact=any("=" in name for name in names))
        apt.update()
        apt.demand_known(names)
        names = apt.without_services(names)
        signed = apt.signed(names)
        order = apt.order(names)
        apt.ask("--download-only", *names)
        found = [apt.checked(file, digest) for file, digest in signed]
        return sorted(found, key=lambda each: _place(each, order))

    def exactly(self, package: "PackageLocked") -> str:
        """`name:arch=version`."""
        arch = "" if package["arch"] == "all" else ":" + package["arch"]
        return "{name}{0}={version}".format(arch, **package)


MANAGER = Apt()


def _place(found: Fetched, order: Sequence[str]) -> int:
    """Where a package stands in apt's simulation, which tells foreign architectures."""
    spelled = [name for name in (found.name, f"{found.name}:{found.arch}") if name in order]
    return order.index(spelled[0]) if spelled else len(order)


class AptAtWork:
    """apt with lists and archives of its own in a private folder, and no word taken that is not signed."""

    def __init__(self, room: PackageRoot, exact: bool) -> None:
        self._room = room
        self._archives = room.below("archives")
        for left in glob.glob(os.path.join(glob.escape(self._archives), "*.deb")):
            os.unlink(left)  # apt would not name it again
        for each in ("lists/partial", "archives/partial", "sources.d"):
            room.below(each)
        write_sources("/etc/apt", room.folder)
        options = [
            *_OPTIONS,
            "Dir::State::lists=" + room.below("lists"),
            "Dir::Cache=" + room.folder,
            "Dir::Cache::archives=" + self._archives,
            "Dir::Etc::sourcelist=" + os.path.join(room.folder, "sources.list"),
            "Dir::Etc::sourceparts=" + room.below("sources.d"),
        ]
        if room.ca:
            options.append("Acquire::https::CaInfo=" + room.ca)
        self._options = [word for option in options for word in ("-o", option)]
        self._command = ["apt-get", "-q", *self._options]
        # --no-remove: a package that wants another one gone is refused, since the target's may be in use.
        self._install = ["-y", "--no-install-recommends", "--no-remove"]
        self._install += [] if exact else ["--no-upgrade"]  # what the image has of that name is enough

    def update(self) -> None:
        """The signed lists, once for each container."""
        done = os.path.join(self._room.folder, "updated")
        if os.path.exists(done):
            return
        # An apt that does not know Error-Mode ends with 0 although a source could not be read; hence the
        # words.
        code, said = self._room.run([*self._command, "update"])
        if code != 0 or re.search("^(?:E:|W: (?:Failed to fetch|Some index))", said, re.MULTILINE):
            raise _problem("the image's package sources cannot be read", said, "unreachable")
        with open(done, "w", encoding="ascii"):
            pass

    def names(self, beginning: str = "") -> Set[str]:
        """All packages that the signed lists have, whose names begin so."""
        asked = ["apt-cache", *self._options, "pkgnames", *([beginning] if beginning else [])]
        return set(self._room.demand("reading the names of packages", asked).split())

    def demand_known(self, names: Sequence[str]) -> None:
        """Refuse names that apt would read otherwise, since no package is called so.

        A name with a dot becomes a pattern, a sign at its end a wish to install or remove (apt-get(8)).
        """
        for name in names:
            plain = re.split("[:=]", name)[0]
            if _READ_OTHERWISE.search(plain) and plain not in self.names(plain):
                raise PackagesProblem("unknown", f"no package is called {plain!a}")

    def files_of(self, name: str) -> List[str]:
        """The paths in a package, which is downloaded for that; none where it cannot be had."""
        folder = self._room.below("looked-into")
        for left in os.listdir(folder):
            os.unlink(os.path.join(folder, left))
        code, _ = self._room.run(
            ["sh", "-c", 'cd "$0" && exec "$@"', folder, *self._command, "download", name]
        )
        found = os.listdir(folder)
        if code != 0 or len(found) != 1:
            return []
        said = self._room.demand("looking into " + name, ["dpkg-deb", "-c", os.path.join(folder, found[0])])
        return [match.group(1) for match in map(_LISTED.match, said.splitlines()) if match]

    def contents(self, pattern: str) -> List[Tuple[str, List[str]]]:
        """(path, packages) of the distribution's index of contents, of paths that match; none without one."""
        more = [word for option in _CONTENTS for word in ("-o", option)]
        self._room.run([*self._command, *more, "update"])  # a mirror that has none is no error
        found = []
        for file in glob.glob(os.path.join(glob.escape(self._room.below("lists")), "*_Contents-*")):
            # As compressed as apt keeps it; the expression is ours, with the name in it escaped.
            script = '/usr/lib/apt/apt-helper cat-file "$0" | grep -E "$1" | head -n 2000'
            _, said = self._room.run(["sh", "-c", script, file, pattern])
            for path, _, names in (line.rpartition(" ") for line in said.splitlines()):
                found.append((path.rstrip(), [each.rpartition("/")[2] for each in names.split(",")]))
        return found

    def ask(self, how: str, *names: str) -> str:
        """What `apt-get install` says to these names."""
        code, said = self._room.run([*self._command, "install", *self._install, how, "--", *names])
        if code != 0:
            raise _problem("apt does not find a way to install them", said, "failed")
        return said

    def without_services(self, names: Sequence[str]) -> Sequence[str]:
        """The same names, with the wish that no init system and no session comes along, where that can be.

        A library may want any bus, and the first alternative of its Depends is a desktop's: systemd as PID 1.
        """
        comes = set(self.order(names)).intersection(_OF_A_SESSION)
        if not comes.difference(re.split("[:=]", name)[0] for name in names):
            return names
        asked = {re.split("[:=]", name)[0] for name in names}
        # `name-` means "and not this one" (apt-get(8)).
        wish = [*names, *(f"{name}-" for name in _OF_A_SESSION if name not in asked)]
        try:
            self.order(wish)
        except PackagesProblem:
            return names
        return wish

    def signed(self, names: Sequence[str]) -> List[Tuple[str, str]]:
        """(file, SHA-256) of everything to download, as the signed index has it."""
        lines = [line for line in self.ask("--print-uris", *names).splitlines() if line.startswith("'")]
        matches = [_URI.match(line) for line in lines]
        if not all(matches):
            raise PackagesProblem("unsigned", "the package sources name no SHA-256", "\n".join(lines))
        return [(match.group(1), match.group(2)) for match in matches if match]

    def order(self, names: Sequence[str]) -> List[str]:
        """The names in the order in which they would be unpacked, `name:arch` for foreign ones."""
        found = (_INST.match(line) for line in self.ask("--simulate", *names).splitlines())
        return [match.group(1) for match in found if match]

    def checked(self, file: str, digest: str) -> Fetched:
        """A downloaded file, its bytes those of the signed index."""
        path = os.path.join(self._archives, file)
        # apt has compared it already; this is the file that we carry on, and the hash that we lock.
        if sha256_file(path) != digest:
            raise PackagesProblem("unsigned", f"{file} is not what the signed index names")
        asked = [
            "dpkg-deb",
            "--showformat=${Provides}\\n${Package}\\n${Version}\\n${Architecture}",
            "-W",
            path,
        ]
        _demand_little(self._room, path)
        # Any value may go on in further lines, each with a space before it; the last three may not.
        *lines, name, version, arch = self._room.demand("reading " + file, asked).split("\n")
        # The signed index promised another one: what was asked for would be missing, something else be there.
        if unquote(file) != f"{name}_{version}_{arch}.deb":
            raise PackagesProblem(
                "other", f"{file} says of itself that it is {name!a} {version!a} ({arch!a})"
            )
        others = [each.strip().partition(" ")[0] for each in " ".join(lines).split(",")]
        return Fetched(name, version, arch, file_name(name, version, arch), path, digest, others)


def _demand_little(room: PackageRoot, path: str) -> None:
    """Refuse a package whose control part is endless: dpkg-deb lays all of it out on the disk to read it."""
    script = 'dpkg-deb --ctrl-tarfile "$0" 2>/dev/null | head -c "$1" | wc -c'
    size = room.demand(
        "reading " + os.path.basename(path), ["sh", "-c", script, path, str(_MOST_CONTROL + 1)]
    )
    if int(size) > _MOST_CONTROL:
        raise PackagesProblem("other", f"the control part of {os.path.basename(path)} is beyond all measure")


def file_name(name: str, version: str, arch: str) -> str:
    """As the distribution's pool has it: without the epoch."""
    return f"{name}_{version.rpartition(':')[2]}_{arch}.deb"


def write_sources(etc: str, folder: str) -> None:
    """Copy apt's sources without the options that do away with signatures."""
    paths = [os.path.join(etc, "sources.list")]
    paths += sorted(glob.glob(os.path.join(glob.escape(etc), "sources.list.d", "*")))
    for path in paths:
        if os.path.isfile(path) and path.endswith((".list", ".sources")):
            with open(path, encoding="utf-8", errors="replace") as file:
                text = demanding(file.read(), path.endswith(".sources"))
            place = "" if os.path.dirname(path) == etc else "sources.d"
            with open(os.path.join(folder, place, os.path.basename(path)), "w", encoding="utf-8") as file:
                file.write(text)


def demanding(text: str, fields: bool) -> str:
    """A list of sources that must all be signed and give copies; `fields`: in the deb822 format."""
    text = _LOCAL.sub("copy:", text)
    if fields:
        return _UNCHECKED_FIELD.sub("", text)
    return re.sub(r"\[\s*\]", "", _UNCHECKED.sub("", text))


def _problem(message: str, said: str, otherwise: str) -> PackagesProblem:
    lines = [line for line in said.splitlines() if line.startswith(("E:", "W:", "Err:"))]
    told = "\n".join(lines) or said
    kind = next((kind for pattern, kind in _WRONG if pattern.search(told)), otherwise)
    reason = next((line[3:] for line in lines if line.startswith("E:")), "")
    return PackagesProblem(kind, f"{message}: {reason}" if reason else message, told)
