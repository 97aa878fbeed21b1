"""The distribution's packages that a bundle carries: seen, listed for the administrator, or installed.

They are installed before the release, by root, from copies whose bytes were compared with the manifest
on the way; what is there already in that version or a newer one stays. The rehearsal prepares its image
with the same function. Standard library only, Python 3.6 and later.
"""

import hashlib
import os
import re
import shlex
import shutil
from contextlib import contextmanager
from typing import TYPE_CHECKING, Callable, Iterator, List, NamedTuple, Optional, Sequence, Tuple

from ..bundle.folder import BundleFolder
from ..bundle.manifest import SYSTEM, TOP
from ..errors import BundleDamaged, HostileContent, InstallFailed, NotRoot
from ..families.family import Family, Key, run
from ..families.packagefile import is_file_name, is_package
from ..families.registry import FAMILIES
from ..machine.subprocesses import Done
from ..plainfile import open_plain

if TYPE_CHECKING:
    from ..documents.bundles import NamedRow, SystemDocument, SystemPackageRow
    from ..documents.installations import SystemRecord

Say = Callable[[str], None]
OPTION = "--with-system"
_BLOCK = 1 << 20
_MOST_REASONS = 12
_LONGEST_REASON = 1000
# dpkg, rpm and apk say in one of these words what stopped them, among pages of progress.
_TELLING = re.compile(
    r"error|problem|depends on|conflict|breaks|cannot|unable|failed|no space|refus|downgrad", re.IGNORECASE
)


class Survey(NamedTuple):
    """What of the carried packages this host has; `missing` ones are not there, or older."""

    manager: Family
    missing: "List[SystemPackageRow]"
    present: "List[SystemPackageRow]"


def survey(carried: "Optional[SystemDocument]") -> Optional[Survey]:
    """Hold the manifest's `system` against what is installed here.

    Raises:
        WrongHost: this host does not have that package manager.
        HostileContent: a file is called as no package is.
    """
    if not carried or not carried["packages"]:
        return None
    manager = FAMILIES[carried["manager"]]
    for package in carried["packages"]:
        folder, _, name = package["path"].rpartition("/")
        if folder + "/" != SYSTEM or not is_file_name(name, manager.name):
            raise _no_package(package, manager.name)
    here = manager.installed()
    found: "Tuple[List[SystemPackageRow], List[SystemPackageRow]]" = ([], [])
    for package in carried["packages"]:
        version = here.get(Key(package["name"], package["arch"]))
        there = version is not None and not manager.is_older(version, package["version"])
        found[there].append(package)
    return Survey(manager, found[False], found[True])


def demand_packages(bundle: BundleFolder) -> None:
    """Refuse a laid-out bundle whose system packages do not begin as packages of their manager do.

    Raises:
        HostileContent: names the first that does not.
    """
    carried = bundle.manifest.document["system"]
    if carried is None:
        return
    for package in carried["packages"]:
        if not is_package(bundle.file(package["path"]), carried["manager"]):
            raise _no_package(package, carried["manager"])


def _no_package(package: "SystemPackageRow", manager: str) -> HostileContent:
    return HostileContent(f"{package['path']!a} is no package for {manager}")


def demand_root(seen: Survey) -> None:
    """Refuse to begin what only root may do.

    Raises:
        NotRoot: there is something to install.
    """
    # Before anything is unpacked, so that nobody waits only to be told so.
    if seen.missing and os.geteuid() != 0:
        raise NotRoot(
            f"only root installs system packages: {describe(seen.missing)}",
            f"run the same command as root, or let an administrator install them and leave {OPTION} out",
        )


def listing(seen: Survey, bundle: str, top: str = TOP) -> List[str]:
    """Lines for the administrator: what is missing here, and how to install it.

    Args:
        seen: what is there.
        bundle: the path of the bundle's file, or of the folder it was unpacked to.
        top: the folder in that file, with its slash.
    """
    if not seen.missing:
        return []
    command = seen.manager.shown(_words(seen, shlex.quote(bundle) + "/" if os.path.isdir(bundle) else top))
    if not os.path.isdir(bundle):
        command = f"tar xf {shlex.quote(bundle)} {top}system && {command}"
    return [
        "system packages that the bundle carries are not on this machine: " + describe(seen.missing),
        f"an administrator installs them with: {command} (or install with {OPTION} as root)",
    ]


def _words(seen: Survey, base: str) -> str:
    """The files as words for a shell: a pattern where it is all of them."""
    if not seen.present:
        return f"{base}system/*{seen.manager.suffix}"
    return " ".join(base + shlex.quote(package["path"]) for package in seen.missing)


def describe(packages: "Sequence[SystemPackageRow]") -> str:
    """Names and versions on one line."""
    return ", ".join("{name} {version}".format(**package) for package in packages)


def install(seen: Survey, bundle: BundleFolder, work: str, say: Say) -> None:
    """Install what is missing, all of it together.

    Args:
        seen: what is there.
        bundle: the laid-out bundle, or as much of it as its system packages.
        work: a private folder.
        say: hears of it.

    Raises:
        NotRoot: we are not root.
        BundleDamaged: bytes that are not those that the manifest names; nothing was installed.
        HostileContent: a file that is no package; nothing was installed.
        InstallFailed: with what the package manager said.
    """
    demand_root(seen)
    if not seen.missing:
        return
    say(f"installing system packages with {seen.manager.program}: {describe(seen.missing)}")
    folder = os.path.join(work, "system")
    os.mkdir(folder, 0o700)
    try:
        _install(seen, [_copy(seen, bundle, package, folder) for package in seen.missing])
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _copy(seen: Survey, bundle: BundleFolder, package: "SystemPackageRow", folder: str) -> str:
    """A copy that nobody else can write to, made while its bytes are compared with the manifest."""
    member = next(each for each in bundle.manifest.members if each.path == package["path"])
    path = os.path.join(folder, os.path.basename(member.path))
    digest = hashlib.sha256()
    with open_plain(bundle.file(member.path)) as source, open(path, "xb") as target:
        for piece in iter(lambda: source.read(_BLOCK), b""):
            digest.update(piece)
            target.write(piece)
    if digest.hexdigest() != member.sha256:
        raise BundleDamaged(f"{member.path} has other bytes than the manifest says")
    if not is_package(path, seen.manager.name):
        raise _no_package(package, seen.manager.name)
    return path


def _install(seen: Survey, paths: Sequence[str]) -> None:
    manager, before = seen.manager, seen.manager.installed()
    # First without effect: what cannot be installed is found out before the first script runs as root.
    tried = run(manager.trial(paths))
    if tried.exit_code != 0 and not manager.comes_right(tried.output):
        raise InstallFailed(f"{manager.program} would not install the system packages:\n{_reasons(tried)}")
    done, missing = _in_rounds(seen, paths)
    if not missing and done.exit_code == 0:
        return
    keys = [_key(package) for package in seen.missing]
    # Only what was not here before: an upgraded package has no older file to go back to.
    undo = manager.undo([key for key in keys if key not in before])
    undone = run(undo) if undo else None
    left = "" if undone is None or undone.exit_code == 0 else f"\nremoving them again failed:\n{undone.tail}"
    what = f"{manager.program} could not install the system packages (exit code {done.exit_code})"
    raise InstallFailed(
        f"{what}:\n{_reasons(done)}{left}",
        "see the package manager's lines above; the prefix is as it was before",
    )


def _in_rounds(seen: Survey, paths: Sequence[str]) -> Tuple[Done, List[str]]:
    """Install; what came too early once more, as long as that helps. The last word, and what is missing."""
    rest = list(paths)
    while True:
        done = run(seen.manager.command(rest))
        after = seen.manager.installed()
        left = [path for package, path in zip(seen.missing, paths) if _key(package) not in after]
        # A round that installed nothing more would be the same again.
        if not left or len(left) == len(rest) or not seen.manager.comes_right(done.output):
            return done, left
        rest = left


def _key(package: "SystemPackageRow") -> Key:
    return Key(package["name"], package["arch"])


def _reasons(done: Done) -> str:
    """The lines that say what is wrong, each with the one before it; the last ones where none does.

    A package's own script says why it failed just before the manager says that it did.
    """
    lines = [line for line in done.output.splitlines() if line.strip()]
    telling = [number for number, line in enumerate(lines) if _TELLING.search(line)][:_MOST_REASONS]
    shown = sorted({each for number in telling for each in (max(0, number - 1), number)})
    return "\n".join(lines[number][:_LONGEST_REASON] for number in shown) or done.tail


def record(seen: Optional[Survey], installed: bool) -> "Optional[SystemRecord]":
    """For the receipt: {"manager", "installed", "present", "missing"}, each a list of name and version."""
    if seen is None:
        return None
    new, there = _named(seen.missing), _named(seen.present)
    return {
        "manager": seen.manager.name,
        "installed": new if installed else [],
        "present": there,
        "missing": [] if installed else new,
    }


def _named(packages: "Sequence[SystemPackageRow]") -> "List[NamedRow]":
    return [{"name": each["name"], "version": each["version"]} for each in packages]


@contextmanager
def explained(seen: Optional[Survey], installed: bool, bundle: str) -> Iterator[None]:
    """Where something fails for want of system packages, tell which the bundle carries."""
    try:
        yield
    except InstallFailed as error:
        if seen is None or installed or not seen.missing:
            raise
        raise InstallFailed("\n".join([error.message, *listing(seen, bundle)]), error.remedy) from error
