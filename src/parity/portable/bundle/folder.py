"""An unpacked bundle: the folder that `tar xf` leaves. Standard library only, Python 3.6 and later.

What is checked is that the folder is, to the byte and with nothing besides, what its manifest says; and
that a trusted key signed that manifest, where the caller names keys. The installer that lies in such a
folder names none: whoever could alter the folder could alter the installer.
"""

import hashlib
import os
import stat
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Iterator, List, NamedTuple, Optional, Sequence, Set, Tuple

from ..errors import BundleDamaged, BundleUnreadable, HostileContent, SignatureInvalid
from ..plainfile import read_start
from ..wheel.wheelset import SetJudgement, Verdict, WheelFile, judge_set, sha256_of
from . import envelope, manifest
from .kinds import refused_folder
from .manifest import Manifest, Member

if TYPE_CHECKING:
    from ..documents.bundles import PackageRow

# What may lie beside the unpacked files without being theirs: the bundle itself, the sender's key.
_NEIGHBOURS = (".parity.tar", ".pub")
_SHOWN = 5
UNPACK_AGAIN = "unpack the bundle again, into an empty folder"
"""What to do about an unpacked bundle that is damaged: its file may be whole."""


class BundleFolder(NamedTuple):
    """An unpacked bundle: its manifest, that manifest's SHA-256, and what the signer says.

    `signers`: fingerprints of the trusted keys that signed; empty where no signature was checked.
    """

    path: str
    manifest: Manifest
    manifest_sha256: str
    statement: Optional[envelope.Statement]
    signers: Tuple[str, ...] = ()

    @property
    def identity(self) -> str:
        """The payload's digest; before it is packed and signed, the manifest's, which determines it."""
        return self.statement.payload.sha256 if self.statement else self.manifest_sha256

    def file(self, path: str) -> str:
        """Where a file of the payload lies."""
        return os.path.join(self.path, *path.split("/"))


def open_folder(path: str, check: Optional[envelope.Checker] = None) -> BundleFolder:
    """Read the manifest of an unpacked bundle, and its envelope where there is one.

    Args:
        path: the folder.
        check: decides whether a trusted key signed; without it no signature is looked at.

    Raises:
        BundleUnreadable: the folder holds no manifest, or it cannot be read.
        BundleDamaged: they are malformed or do not belong together.
        SignatureInvalid: a check was asked for, and it failed or there is no envelope.
    """
    # One byte more than a manifest may have, so that a longer one is refused and not read as a cut one.
    raw = _read(os.path.join(path, manifest.NAME), manifest.LIMIT + 1)
    if raw is None:
        raise refused_folder(path)
    digest = hashlib.sha256(raw).hexdigest()
    body = _read(os.path.join(path, manifest.ENVELOPE_NAME), manifest.HEAD_SIZE)
    if body is None:
        if check is not None:
            raise SignatureInvalid(f"the bundle in {path} carries no signature")
        return BundleFolder(path, manifest.parse(raw), digest, None)
    sealed = envelope.parse_body(body)
    signers = check(envelope.pae(sealed.payload), sealed.signatures) if check else ()
    statement = envelope.parse_statement(sealed.payload)
    if statement.payload.manifest_sha256 != digest:
        raise BundleDamaged("manifest.json is not the one that the envelope names")
    found = manifest.parse(raw)
    if found.top != statement.top:
        raise BundleDamaged("manifest.json is of another format than the envelope")
    return BundleFolder(path, found, digest, statement, signers)


def _read(path: str, limit: int) -> Optional[bytes]:
    try:
        return read_start(path, limit)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise BundleUnreadable(f"cannot read {path}: {error.strerror}") from error


def check_files(bundle: BundleFolder, ignore: str = "") -> None:
    """Hash every file of the folder, and demand that there is no other.

    Args:
        bundle: the opened folder.
        ignore: a path inside the folder that is passed over (the prefix, where it lies there).

    Raises:
        BundleDamaged: names the files that are missing, changed, no regular files or not listed.
        BundleUnreadable: a file cannot be read.
    """
    problems = _besides(bundle, ignore)

    def check(member: Member) -> str:
        return _fault(bundle.file(member.path), member)

    # The largest first: else one thread works at the end on it, and the others wait.
    order = sorted(bundle.manifest.members, key=lambda member: -member.size)
    try:
        with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
            problems += [fault for fault in pool.map(check, order) if fault]
    except OSError as error:
        raise BundleUnreadable(f"cannot read {error.filename}: {error.strerror}") from error
    if problems:
        raise BundleDamaged(_brief(problems), UNPACK_AGAIN)


def demand_nothing_else(bundle: BundleFolder) -> None:
    """Demand that there is no file in the folder, and no link to one, that is not listed.

    Raises:
        BundleDamaged: names them, or a listed file that is missing or no regular file.
    """
    faults = (_kind_fault(bundle.file(member.path), member) for member in bundle.manifest.members)
    try:
        problems = _besides(bundle) + [fault for fault in faults if fault]
    except OSError as error:
        raise BundleUnreadable(f"cannot read {error.filename}: {error.strerror}") from error
    if problems:
        raise BundleDamaged(_brief(problems), UNPACK_AGAIN)


def _besides(bundle: BundleFolder, ignore: str = "") -> List[str]:
    known = {member.path for member in bundle.manifest.members}
    known.update((manifest.NAME, manifest.ENVELOPE_NAME))
    links = (each for each in (manifest.NAME, manifest.ENVELOPE_NAME) if os.path.islink(bundle.file(each)))
    return [
        *(f"{path} is not in the manifest" for path in _unlisted(bundle.path, known, ignore)),
        *(f"{path} is no regular file" for path in links),
    ]


def _unlisted(root: str, known: Set[str], ignore: str) -> Iterator[str]:
    folders = {path.rpartition("/")[0] for path in known}
    for here, subfolders, names in os.walk(root):
        relative = os.path.relpath(here, root).replace(os.sep, "/")
        base = "" if relative == "." else relative + "/"
        for name in sorted(subfolders):
            path = os.path.join(here, name)
            # A link counts as unlisted even under a right name: what it leads to can change after the look.
            expected = any((folder + "/").startswith(base + name + "/") for folder in folders)
            if os.path.abspath(path) == ignore or not expected or os.path.islink(path):
                subfolders.remove(name)
                if os.path.abspath(path) != ignore:
                    yield base + name
        for name in sorted(names):
            if base + name not in known and not (base == "" and name.endswith(_NEIGHBOURS)):
                yield base + name


def _fault(path: str, member: Member) -> str:
    fault = _kind_fault(path, member)
    # The size first: what was put in the place of a small file may be endless.
    if fault or (os.lstat(path).st_size == member.size and sha256_of(path) == member.sha256):
        return fault
    return f"{member.path} has other bytes than the manifest says"


def _kind_fault(path: str, member: Member) -> str:
    try:
        # Not `stat`: a link to the right bytes can lead to others when they are installed.
        found = os.lstat(path)
    except (FileNotFoundError, NotADirectoryError):  # a file where its folder should be
        return f"{member.path} is missing"
    return "" if stat.S_ISREG(found.st_mode) else f"{member.path} is no regular file"


def judge_wheels(bundle: BundleFolder) -> SetJudgement:
    """Judge the wheels of a folder whose files were checked, the carried uv among them.

    Raises:
        HostileContent: names the findings that forbid it.
    """
    # uv's wheel is one large file; checked beside the set it costs next to no time of its own.
    with ThreadPoolExecutor(1) as pool:
        judging = pool.submit(judge_tool, bundle)
        judgement = demand_sound(judge_set(wheel_files(bundle), bundle.manifest.document["allow"]))
        judging.result()
    return judgement


def judge_tool(bundle: BundleFolder) -> None:
    """Judge the carried uv, if there is one; it is no part of the set, which may have another uv in it.

    Raises:
        HostileContent: names the findings that forbid it.
    """
    if bundle.manifest.document["uv"]:
        demand_sound(judge_set([tool_file(bundle)]))


def tool_file(bundle: BundleFolder) -> WheelFile:
    """The wheel of the carried uv, to be judged; only where there is one."""
    path = bundle.file(bundle.manifest.document["uv"] or "")
    return WheelFile(path, os.path.basename(path), "uv", "", "")


def wheel_files(bundle: BundleFolder) -> List[WheelFile]:
    """The wheels of the set, to be judged."""
    return [_wheel_file(bundle, package) for package in bundle.manifest.document["packages"]]


def _wheel_file(bundle: BundleFolder, package: "PackageRow") -> WheelFile:
    path = bundle.file(package["wheel"])
    # No digest: check_files has just compared it.
    return WheelFile(path, os.path.basename(path), package["name"], package["version"], "")


def demand_sound(judgement: SetJudgement) -> SetJudgement:
    """Demand that nothing forbids a set; gives its judgement back.

    Raises:
        HostileContent: names the findings that do.
    """
    if judgement.refused:
        raise HostileContent(_brief([told(one) for one in judgement.refused]))
    return judgement


def told(verdict: Verdict) -> str:
    """A finding as people read it."""
    return f"{verdict.wheel}: {verdict.message} [{verdict.kind}]"


def _brief(problems: Sequence[str]) -> str:
    more = len(problems) - _SHOWN
    return "; ".join(problems[:_SHOWN]) + (f"; and {more} more" if more > 0 else "")
