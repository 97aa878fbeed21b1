"""Bring system packages into the store: from the image's own sources, by its own package manager.

Job:
    {"store": "/store", "folder": a private folder, kept between calls in one container,
     "names": [packages, or other words that the manager installs by],
     "optional": [words of the same kind that may be unknown to it],
     "locked": [{"name", "version", "arch", "file", "sha256", "size", "requested"}] or null: exactly these,
     "timeout": seconds, "proxies": {"http", "https", "no"}, "ca": PEM or null}
Result:
    {"manager": a family's name or null, "packages": [as "locked", in the order of installation],
     "fetched": how many came over the network, "unknown": [optional words that were],
     "error": null or {"kind", "message", "said": [lines]}}

Kinds: `unsupported`, `unreachable`, `unknown`, `gone` (what was locked does not fit any more), `unsigned`,
`other` (bytes than were locked, or another package than it says), `full` (the engine's disk), `failed`.
Nothing is installed here, and no script of a package runs.
"""

import contextlib
import os
import shutil
import uuid
from typing import TYPE_CHECKING, List, Sequence, Tuple

from ...portable.families.packagefile import is_file_name, is_package
from ..events import Emit
from ..packages.known import known
from ..packages.room import Fetched, Manager, PackageRoot, PackagesProblem
from ..store.store import Store, sha256_file

if TYPE_CHECKING:
    from ...wire.system import PackageLocked, SystemJob, SystemResult


def main(job: "SystemJob", emit: Emit) -> "SystemResult":
    """Fetch; see the module's docstring."""
    del emit
    result: "SystemResult" = {"manager": None, "packages": [], "fetched": 0, "unknown": [], "error": None}
    try:
        _fill(job, Store(job["store"]), result)
    except PackagesProblem as problem:
        result["error"] = {"kind": problem.kind, "message": problem.message, "said": problem.said}
    return result


def _fill(job: "SystemJob", store: Store, result: "SystemResult") -> None:
    locked = job["locked"]
    manager = _manager()
    result["manager"] = manager.name
    if locked is not None and all(store.holds(package["sha256"]) for package in locked):
        result["packages"] = locked
        return
    room = PackageRoot(job)
    if locked is not None:
        found = manager.fetch(room, [manager.exactly(package) for package in locked])
        _compare(locked, found)
        result["packages"] = locked
    else:
        found, result["unknown"] = _fetch(manager, room, job["names"], job["optional"])
        asked = [*job["names"], *job["optional"]]
        result["packages"] = [_told(each, asked) for each in found]
    for each in found:
        if not (is_file_name(each.file, manager.name) and is_package(each.path, manager.name)):
            raise PackagesProblem("other", f"{each.file!a} is no package for {manager.name}")
        _keep(store, each)
    result["fetched"] = len(found)


def _manager() -> Manager:
    managers = known()
    for manager in managers:
        if shutil.which(manager.program):
            return manager
    programs = ", ".join(manager.program for manager in managers)
    raise PackagesProblem(
        "unsupported", f"the image has none of the package managers that are known: {programs}"
    )


def _fetch(
    manager: Manager, room: PackageRoot, names: List[str], optional: List[str]
) -> Tuple[List[Fetched], List[str]]:
    """Names, and those of the optional words that the manager knows; what it does not know besides."""
    odd = [word for word in [*names, *optional] if word.startswith("-")]  # a library may be called so
    if odd:
        raise PackagesProblem("unknown", f"{odd[0]!a} is no name of a package")
    try:
        return manager.fetch(room, [*names, *optional]), []
    except PackagesProblem as problem:
        if problem.kind != "unknown" or not optional:
            raise
    unknown = [word for word in optional if not _knows(manager, room, word)]
    words = [*names, *(word for word in optional if word not in unknown)]
    return (manager.fetch(room, words) if words else []), unknown


def _knows(manager: Manager, room: PackageRoot, word: str) -> bool:
    try:
        manager.fetch(room, [word])
    except PackagesProblem as problem:
        if problem.kind != "unknown":
            raise
        return False
    return True


def _told(found: Fetched, names: Sequence[str]) -> "PackageLocked":
    # As apt and as dnf have a name for one architecture.
    spelled = [found.name, found.name + ":" + found.arch, found.name + "." + found.arch, *found.provides]
    return {
        "name": found.name,
        "version": found.version,
        "arch": found.arch,
        "file": found.file,
        "sha256": found.sha256,
        "size": os.stat(found.path).st_size,
        "requested": any(name in names for name in spelled),
    }


def _compare(locked: Sequence["PackageLocked"], found: Sequence[Fetched]) -> None:
    """Demand the very packages that were locked, to the byte."""
    wanted = {(each["name"], each["version"], each["arch"]): each["sha256"] for each in locked}
    there = {(each.name, each.version, each.arch): each.sha256 for each in found}
    differ = sorted(key for key in wanted.keys() | there.keys() if wanted.get(key) != there.get(key))
    if not differ:
        return
    name, version, arch = differ[0]
    if differ[0] in wanted and differ[0] in there:
        raise PackagesProblem("other", f"{name} {version} ({arch}) has other bytes than were locked")
    what = "is not needed any more" if differ[0] in wanted else "is needed now, and was not locked"
    raise PackagesProblem("gone", f"{name} {version} ({arch}) {what}")


def _keep(store: Store, found: Fetched) -> None:
    """Move a checked file into the store."""
    if store.holds(found.sha256):
        return
    fresh = os.path.join(store.root, "partial", "system-" + uuid.uuid4().hex)
    try:
        shutil.copyfile(found.path, fresh)
        if sha256_file(fresh) != found.sha256:
            raise PackagesProblem("other", f"{found.file} changed while it was stored")
        os.chmod(fresh, 0o644)
        os.makedirs(os.path.dirname(store.content(found.sha256)), exist_ok=True)
        os.rename(fresh, store.content(found.sha256))
    finally:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(fresh)
