"""Whatever else a bundle carries: laid out below `files` in the environment. Python 3.6 and later.

The files are the bundle's, not the user's: a release gets them with its packages, and they go with it. In
an existing environment a newer bundle replaces those that the older one laid out, and refuses to where
somebody has changed one of them meanwhile, or has a file of his own at its place.
"""

import hashlib
import os
from contextlib import suppress
from typing import TYPE_CHECKING, Container, Iterator, List, cast

from ...portable.bundle import ustar
from ...portable.bundle.folder import BundleFolder
from ...portable.bundle.manifest import OTHER_FILES, Manifest
from ...portable.errors import InstallFailed
from ...portable.texts import counted
from ...portable.wheel.wheelset import sha256_of
from .receiptfile import read_receipt

if TYPE_CHECKING:
    from ...portable.documents.installations import InstalledFileRow

_CHUNK = 1024 * 1024
_SHOWN = 20
_TAKEN = "move it away; the bundle's own files have that place"


def other_files(manifest: Manifest) -> "List[InstalledFileRow]":
    """What of a bundle is laid out: {"path": below the environment, "size", "sha256", "executable"} each."""
    members = {member.path: member for member in manifest.members}
    return [
        {
            "path": each["path"],
            "size": members[each["path"]].size,
            "sha256": members[each["path"]].sha256,
            "executable": each["executable"],
        }
        for each in manifest.document["other_files"]
    ]


def describe(rows: "List[InstalledFileRow]") -> Iterator[str]:
    """A line for each file, as long as there are not too many."""
    for row in rows[:_SHOWN]:
        yield "  {path}, {size} bytes".format(**row)
    if len(rows) > _SHOWN:
        yield f"  and {counted(len(rows) - _SHOWN, 'file')} more"


def space(bundle: BundleFolder, work: str) -> int:
    """The bytes that laying them out takes: none where the bundle lies in `work`, for then they are moved."""
    return 0 if _is_ours(bundle, work) else sum(row["size"] for row in other_files(bundle.manifest))


def demand_room(environment: str, rows: "List[InstalledFileRow]") -> None:
    """Refuse where laying out would destroy what somebody else wrote.

    Args:
        environment: an existing one, or a copy of it.
        rows: the new bundle's files.

    Raises:
        InstallFailed: a file that an older bundle laid out was changed, or a place is taken.
    """
    older = {row["path"]: row for row in _laid_out(environment)}
    for row in older.values():
        path = _place(environment, row)
        # Somebody's changes are worth more than our order; one that was removed is no loss.
        if os.path.lexists(path) and not _is_as_laid_out(path, row):
            raise InstallFailed(f"{path} was changed since it was laid out", _TAKEN)
    for row in rows:
        path = _place(environment, row, older)
        if not _is_free(environment, path, older):
            raise InstallFailed(f"{path} is there already", _TAKEN)


def lay_out(bundle: BundleFolder, environment: str, work: str) -> None:
    """Put a bundle's files into an environment, in place of an older bundle's.

    Args:
        bundle: its bytes were checked.
        environment: nobody uses it yet.
        work: the private folder; where the bundle lies there, its files are moved, else copied.

    Raises:
        InstallFailed: see `demand_room`; a file that changed while it was copied.
    """
    rows = other_files(bundle.manifest)
    demand_room(environment, rows)
    # All old ones before any new one: a file may become a folder, or the other way round.
    for row in _laid_out(environment):
        _remove(environment, row)
    for row in rows:
        source, target = bundle.file(row["path"]), _place(environment, row)
        os.makedirs(os.path.dirname(target), exist_ok=True)
        # Renamed: no second copy of what may be gigabytes, and it is on the same file system.
        if _is_ours(bundle, work):
            os.rename(source, target)
        else:
            _copy(source, target, row["sha256"])
        if row["executable"]:
            mode = os.stat(target).st_mode
            # As `chmod +X` would: whoever may read it may run it, as far as the umask let him read.
            os.chmod(target, mode | (mode & 0o444) >> 2)


def _is_ours(bundle: BundleFolder, work: str) -> bool:
    return os.path.dirname(bundle.path) == work


def _laid_out(environment: str) -> "List[InstalledFileRow]":
    """What the receipt of an existing environment says; rows that are none of ours are passed over."""
    told = read_receipt(environment)
    rows = told.get("files") if told else None
    return [cast("InstalledFileRow", row) for row in rows if _is_one(row)] if isinstance(rows, list) else []


def _is_one(row: object) -> bool:
    path = row.get("path") if isinstance(row, dict) else None
    return isinstance(path, str) and path.startswith(OTHER_FILES) and ustar.is_safe_path(path)


def _place(environment: str, row: "InstalledFileRow", going: Container[str] = ()) -> str:
    """Where a file goes, once the files `going` are away.

    Raises:
        InstallFailed: a link on the way there leads elsewhere, or a file stands in the way.
    """
    *folders, name = row["path"].split("/")
    here = environment
    for count, folder in enumerate(folders, 1):
        here = os.path.join(here, folder)
        ours = os.path.isdir(here) and not os.path.islink(here)
        if os.path.lexists(here) and not ours and "/".join(folders[:count]) not in going:
            raise InstallFailed(f"{here} is no folder of the environment's own", _TAKEN)
    return os.path.join(here, name)


def _is_free(environment: str, path: str, going: Container[str]) -> bool:
    """Whether nothing but files that are going lies there."""
    if os.path.isdir(path) and not os.path.islink(path):
        found = (os.path.join(parent, name) for parent, _, names in os.walk(path) for name in names)
        return all(os.path.relpath(each, environment) in going for each in found)
    return not os.path.lexists(path) or os.path.relpath(path, environment) in going


def _is_as_laid_out(path: str, row: "InstalledFileRow") -> bool:
    return os.path.isfile(path) and not os.path.islink(path) and sha256_of(path) == row.get("sha256")


def _remove(environment: str, row: "InstalledFileRow") -> None:
    """Remove a file, and the folders that it leaves empty."""
    path = _place(environment, row)
    with suppress(FileNotFoundError):
        os.unlink(path)
    with suppress(OSError):  # the first folder that holds something stays
        for _ in range(row["path"].count("/")):
            path = os.path.dirname(path)
            os.rmdir(path)


def _copy(source: str, target: str, sha256: str) -> None:
    seen = hashlib.sha256()
    with open(source, "rb") as here, open(target, "xb") as there:
        for chunk in iter(lambda: here.read(_CHUNK), b""):
            seen.update(chunk)
            there.write(chunk)
    if seen.hexdigest() != sha256:
        raise InstallFailed(f"{source} changed while it was copied", "unpack the bundle again")
