"""Is this the machine that the bundle was made for? Standard library only, Python 3.6 and later."""

import os
import subprocess
import sys
from typing import TYPE_CHECKING, Iterator, List, NamedTuple, Sequence, Tuple

from ..errors import WrongHost
from ..installers.registry import INSTALLERS
from ..names import parse_wheel_name
from .platformtags import numbers_of

if TYPE_CHECKING:
    from ..documents.bundles import ManifestDocument, TargetDocument
    from ..documents.evidence import FactsDocument

# Distributions that keep their C library and Python through all minor releases of a major one.
_STABLE_MAJOR = ("almalinux", "amzn", "centos", "debian", "ol", "rhel", "rocky", "sled", "sles")
_CHILD_TIMEOUT = 30
# PATH under cron or sudo often lacks /usr/local/bin.
_USUAL_FOLDERS = ("/usr/local/bin", "/usr/bin", "/bin")
_ASK_VERSION = "import sys; sys.stdout.write('%d.%d' % sys.version_info[:2])"


class Differences(NamedTuple):
    """Between a bundle's target and a machine: `hard` ones, and `soft` ones that may be accepted."""

    hard: List[str]
    soft: List[str]


def differences(document: "ManifestDocument", facts: "FactsDocument") -> Differences:
    """Hold the manifest's target, and every wheel's tags, against measured facts."""
    hard = list(_hard_differences(document["target"], facts)) + list(_misfits(document, facts))
    return Differences(hard, list(_soft_differences(document["target"], facts)))


def check_host(
    document: "ManifestDocument", facts: "FactsDocument", allow_other_os: bool = False
) -> List[str]:
    """Hold the manifest's target against measured facts.

    Args:
        document: the manifest.
        facts: as `facts.measure` gives them.
        allow_other_os: accept another OS or an older C library; every wheel's tags must fit even so.

    Returns:
        the differences that were accepted, for the receipt.

    Raises:
        WrongHost: names both sides of every difference that counts.
    """
    hard, soft = differences(document, facts)
    if hard or (soft and not allow_other_os):
        raise WrongHost(
            "this bundle is for another machine: " + "; ".join(hard + soft),
            _remedy(document["target"], hard),
        )
    return soft


def _remedy(target: "TargetDocument", hard: List[str]) -> str:
    if hard and hard[0].startswith("Python: "):
        return f"name an interpreter of Python {minor_of(target['python'])} with --python, or install one"
    return ""


def _hard_differences(target: "TargetDocument", facts: "FactsDocument") -> Iterator[str]:
    yield from _differ("architecture", target["arch"], facts["arch"])
    found = facts["libc"]["family"] if facts["libc"] else "unknown"
    yield from _differ("C library", target["libc"]["family"], found)
    yield from _differ("Python", target["implementation"], facts["implementation"])
    yield from _differ("Python", minor_of(target["python"]), minor_of(facts["python"]), facts["python"])


def _soft_differences(target: "TargetDocument", facts: "FactsDocument") -> Iterator[str]:
    wanted, found = target["os"], facts["os"]
    if wanted["id"] != found["id"] or not same_release(wanted["id"], wanted["version"], found["version"]):
        yield from _differ("OS", "{id} {version}".format(**wanted), "{id} {version}".format(**found))
    libc = facts["libc"]
    # Newer is fine: glibc and musl keep what older programs need.
    if libc is None or libc["family"] != target["libc"]["family"]:
        return
    told = list(numbers_of(libc["text"]))
    # The text alone has the patch, where it is of that very version.
    numbers = told if told[: len(libc["version"])] == list(libc["version"]) else libc["version"]
    if numbers < target["libc"]["version"]:
        needed = ".".join(str(number) for number in target["libc"]["version"])
        yield from _differ(libc["family"], needed + " or newer", libc["text"])


def same_release(os_id: str, wanted: str, found: str) -> bool:
    """Whether two releases of one OS are alike: the same major one, or the same dotted prefix."""
    if os_id in _STABLE_MAJOR:
        return wanted.partition(".")[0] == found.partition(".")[0]
    return found == wanted or found.startswith(wanted + ".")


def _differ(what: str, wanted: str, found: str, shown: str = "") -> Iterator[str]:
    if wanted != found:
        yield f"{what}: the bundle is for {wanted}, this host has {shown or found}"


def _misfits(document: "ManifestDocument", facts: "FactsDocument") -> Iterator[str]:
    """Wheels whose tags this interpreter, or the pip that would install them, does not take."""
    rules: List[Tuple[str, Sequence[str]]] = [("this interpreter", facts["tags"])]
    accepted = INSTALLERS[document["installer"]].accepted(facts["pip"], facts["pip_tags"])
    if accepted is not None:
        rules.append((f"this host's {accepted.who}", accepted.tags))
    for who, tags in rules:
        bad = [
            package["wheel"] for package in document["packages"] if tags and not _fits(package["wheel"], tags)
        ]
        if bad:
            more = f" and {len(bad) - 1} more" if len(bad) > 1 else ""
            yield f"{who} cannot take {bad[0].rpartition('/')[2]}{more}"


def _fits(path: str, tags: Sequence[str]) -> bool:
    name = parse_wheel_name(path.rpartition("/")[2])
    return name is not None and not name.tags.isdisjoint(tags)


def place_warnings(path: str) -> List[str]:
    """What is to be said of the file system on which a path lies or will lie."""
    there = path
    # The prefix need not exist yet; its file system does.
    while not os.path.isdir(there):
        there = os.path.dirname(there)
    if not os.statvfs(there).f_flag & os.ST_NOEXEC:
        return []
    line = f"{there} is mounted noexec: scripts and native libraries installed there cannot start or load"
    return [line + "; only `bin/python -m MODULE` of pure Python packages will"]


def minor_of(version: str) -> str:
    """`3.9` of `3.9.2`."""
    return ".".join(version.split(".")[:2])


def find_python(minor: str) -> str:
    """An interpreter of version `minor` (`3.9`): the running one, else one on PATH.

    Where there is none it is the running one even so: `check_host` then tells all that differs.
    """
    if "{}.{}".format(*sys.version_info) == minor:
        return sys.executable
    folders = [folder for folder in os.environ.get("PATH", "").split(os.pathsep) if folder]
    for folder in [*folders, *_USUAL_FOLDERS]:
        for name in (f"python{minor}", "python3", "python"):
            path = os.path.join(folder, name)
            if os.access(path, os.X_OK) and _version_of(path) == minor:
                return path
    return sys.executable


def _version_of(path: str) -> str:
    try:
        done = subprocess.run(
            # -S: no site-packages, so that nothing of theirs runs only to learn a number.
            [path, "-I", "-S", "-c", _ASK_VERSION],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=_CHILD_TIMEOUT,
            check=False,
        )
    except (OSError, subprocess.SubprocessError):
        return ""
    return done.stdout.decode("ascii", "replace") if done.returncode == 0 else ""
