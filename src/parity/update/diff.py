"""Two bundles compared. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from parity.portable.bundle.manifest import gems_of
from parity.update.contents import BundlePackage, Contents, Triple
from parity.update.kinds import Kind, kind_of_change
from parity.update.licences import same_licence

Pair = tuple[str, str]
Digests = Mapping[str, tuple[str, int]]

ABSENT = "not carried"
# `libgfortran-040039e1.so.5`: auditwheel puts the first digits of the file's hash into its name.
_LIBRARY_HASH = re.compile(r"-[0-9a-f]{8}(?=[.-])")
# `_x.cpython-311-x86_64-linux-gnu.so` (PEP 3149): a new Python renames every extension.
_EXTENSION_TAG = re.compile(r"\.(cpython-\d+\w*|pypy\d+-\w+|abi3)(-[\w-]+)?(?=\.so$)")


@dataclass(frozen=True)
class Change:
    """A package that both bundles have, with other bytes.

    `kind`: a newer or an older version; the same version and the very same file name with other bytes;
    the same version as another wheel (another build or tag); or versions that cannot be compared.
    """

    old: BundlePackage
    new: BundlePackage
    kind: Kind

    @property
    def licence_changed(self) -> bool:
        """Whether both wheels could be read and state different licences."""
        old, new = self.old.facts, self.new.facts
        return not (old.fault or new.fault) and not same_licence(old.licence, new.licence)


@dataclass(frozen=True)
class Turn:
    """Something that was one thing and is another."""

    what: str
    old: str
    new: str


@dataclass(frozen=True)
class ComparedFile:
    """One of the application's other files: its place below the environment, its bytes, whether it is run."""

    path: str
    sha256: str
    size: int
    executable: bool


@dataclass(frozen=True)
class FileChange:
    """Another file that is not the same on both sides; None where a side lacks it."""

    path: str
    old: ComparedFile | None
    new: ComparedFile | None


@dataclass(frozen=True)
class Difference:
    """Everything in which two bundles differ. Pairs are (package, file); sizes in bytes.

    Attributes:
        old, new: the two sides.
        added, removed, changed: packages, by name.
        unchanged: how many packages are the same to the byte.
        requested: packages on both sides that are asked for by name on one alone.
        natives_new, natives_gone: ELF files; build numbers in their names do not count.
        missing_new, missing_gone: libraries that the rehearsal missed: (package, file, library).
        failures_new, failures_gone: imports that failed in the rehearsal: (package, module, error).
        imports_gone: imports that the old bundle proved and the new one no longer does, although the
            package is there.
        settings: target, installer, profile and the like.
        allowed: accepted findings that are new; `disallowed`: those that are gone.
        installer_code: changed, new or gone files of the installer that runs on the target.
        other_files: what the application needs besides, where it differs.
        system: the distribution's packages that are carried, where they differ: versions, or `ABSENT`.
        gems: the Ruby gems, likewise.
        lacking: bytes of the new bundle's files that the old one lacks.
    """

    old: Contents
    new: Contents
    added: tuple[BundlePackage, ...]
    removed: tuple[BundlePackage, ...]
    changed: tuple[Change, ...]
    unchanged: int
    requested: tuple[Turn, ...]
    natives_new: tuple[Pair, ...]
    natives_gone: tuple[Pair, ...]
    missing_new: tuple[Triple, ...]
    missing_gone: tuple[Triple, ...]
    failures_new: tuple[Triple, ...]
    failures_gone: tuple[Triple, ...]
    imports_gone: tuple[Pair, ...]
    settings: tuple[Turn, ...]
    allowed: tuple[str, ...]
    disallowed: tuple[str, ...]
    installer_code: tuple[str, ...]
    other_files: tuple[FileChange, ...]
    system: tuple[Turn, ...]
    gems: tuple[Turn, ...]
    lacking: int


def compare(old: Contents, new: Contents) -> Difference:
    """What changes from one bundle to the other."""
    gone, come = old.packages.keys() - new.packages.keys(), new.packages.keys() - old.packages.keys()
    both = sorted(old.packages.keys() & new.packages.keys())
    changed = [
        _change(old.packages[name], new.packages[name])
        for name in both
        if old.packages[name].sha256 != new.packages[name].sha256
    ]
    before, after = set(old.manifest["allow"]), set(new.manifest["allow"])
    return Difference(
        old=old,
        new=new,
        added=tuple(new.packages[name] for name in sorted(come)),
        removed=tuple(old.packages[name] for name in sorted(gone)),
        changed=tuple(changed),
        unchanged=len(both) - len(changed),
        requested=tuple(_requested(old, new, both)),
        natives_new=_natives_beyond(new, old),
        natives_gone=_natives_beyond(old, new),
        missing_new=_beyond(new.seen.missing, old.seen.missing, _without_build),
        missing_gone=_beyond(old.seen.missing, new.seen.missing, _without_build),
        # Without the error's text: it may hold addresses or times, and would be new in every bundle.
        failures_new=_beyond(new.seen.failures, old.seen.failures, lambda one: one[:2]),
        failures_gone=_beyond(old.seen.failures, new.seen.failures, lambda one: one[:2]),
        imports_gone=_imports_gone(old, new),
        settings=tuple(_settings(old, new)),
        allowed=tuple(sorted(after - before)),
        disallowed=tuple(sorted(before - after)),
        installer_code=_installer_code(old.digests, new.digests),
        other_files=_other_files(old, new),
        system=tuple(_turns(_system_of(old), _system_of(new))),
        gems=tuple(_turns(_gems_of(old), _gems_of(new))),
        lacking=_lacking(old.digests, new.digests),
    )


def _change(old: BundlePackage, new: BundlePackage) -> Change:
    return Change(old, new, kind_of_change((old.version, old.wheel), (new.version, new.wheel)))


def _requested(old: Contents, new: Contents, both: Iterable[str]) -> Iterable[Turn]:
    words = {True: "asked for", False: "needed by others"}
    for name in both:
        before, after = old.packages[name].requested, new.packages[name].requested
        if before != after:
            yield Turn(name, words[before], words[after])


def _natives_beyond(side: Contents, other: Contents) -> tuple[Pair, ...]:
    """Native code that one side has and the other lacks; wheels that are on both sides hold the same."""
    there = {
        (package.name, _stable(path)) for package in other.packages.values() for path in _natives(package)
    }
    return tuple(
        (package.name, path)
        for package in sorted(side.packages.values(), key=lambda one: one.name)
        for path in _natives(package)
        if (package.name, _stable(path)) not in there
    )


def _natives(package: BundlePackage) -> tuple[str, ...]:
    return package.facts.natives


def _stable(path: str) -> str:
    """A path without what differs from build to build: auditwheel's hashes, the interpreter's tag."""
    return _EXTENSION_TAG.sub("", _LIBRARY_HASH.sub("", path))


def _without_build(one: Triple) -> Triple:
    return one[0], _stable(one[1]), one[2]


def _beyond(
    side: Iterable[Triple], other: Iterable[Triple], key: Callable[[Triple], tuple[str, ...]]
) -> tuple[Triple, ...]:
    there = {key(one) for one in other}
    return tuple(sorted(one for one in side if key(one) not in there))


def _imports_gone(old: Contents, new: Contents) -> tuple[Pair, ...]:
    before = {(one["package"], one["module"]) for one in old.manifest["imports"]}
    after = {(one["package"], one["module"]) for one in new.manifest["imports"]}
    return tuple(sorted(pair for pair in before - after if pair[0] in new.packages))


def _settings(old: Contents, new: Contents) -> Iterable[Turn]:
    before, after = _setting_rows(old), _setting_rows(new)
    for what, value in before.items():
        if value != after[what]:
            yield Turn(what, value, after[what])


def _setting_rows(side: Contents) -> dict[str, str]:
    manifest = side.manifest
    target, stand_in = manifest["target"], manifest["stand_in"]
    return {
        "product": side.identity.product,
        "profile": side.identity.profile,
        "profile's content": f"sha256:{side.profile_sha256[:16]}…",
        "operating system": f"{target['os']['id']} {target['os']['version']}",
        "libc": f"{target['libc']['family']} {'.'.join(map(str, target['libc']['version']))}",
        "Python": f"{target['implementation']} {target['python']}",
        "architecture": target["arch"],
        "installer": manifest["installer"],
        "uv": (manifest["uv"] or "none").rpartition("/")[2],
        "stand-in": f"{stand_in['image']} for {stand_in['for']}" if stand_in else "none",
        "signed by": ", ".join(side.keys),
    }


def _installer_code(
    old: Mapping[str, tuple[str, int]], new: Mapping[str, tuple[str, int]]
) -> tuple[str, ...]:
    """Files that run on the target before any package does."""
    paths = {path for path in old.keys() | new.keys() if path.startswith(("farside/", "install", "tools/"))}
    return tuple(sorted(path for path in paths if old.get(path) != new.get(path)))


def _other_files(old: Contents, new: Contents) -> tuple[FileChange, ...]:
    before, after = _others_of(old), _others_of(new)
    paths = sorted(before.keys() | after.keys())
    changes = (FileChange(path, before.get(path), after.get(path)) for path in paths)
    return tuple(change for change in changes if change.old != change.new)


def _others_of(side: Contents) -> dict[str, ComparedFile]:
    return {
        row["path"]: ComparedFile(row["path"], *side.digests[row["path"]], row["executable"])
        for row in side.manifest["other_files"]
    }


def _turns(before: Mapping[str, tuple[str, str]], after: Mapping[str, tuple[str, str]]) -> Iterable[Turn]:
    """Other versions, and other bytes of one version."""
    for name in sorted(before.keys() | after.keys()):
        (was, was_bytes), (now, now_bytes) = (side.get(name, (ABSENT, "")) for side in (before, after))
        if was != now:
            yield Turn(name, was, now)
        elif was_bytes != now_bytes:
            yield Turn(name, was, f"{now} with other bytes")


def _system_of(side: Contents) -> dict[str, tuple[str, str]]:
    """Version and SHA-256 by `name (arch)`."""
    carried = side.manifest["system"]
    rows = carried["packages"] if carried else []
    return {f"{r['name']} ({r['arch']})": (r["version"], side.digests[r["path"]][0]) for r in rows}


def _gems_of(side: Contents) -> dict[str, tuple[str, str]]:
    """Version and SHA-256 by name."""
    return {r["name"]: (r["version"], side.digests[r["path"]][0]) for r in gems_of(side.manifest)}


def _lacking(old: Digests, new: Digests) -> int:
    # Each content once: a delta carries it once, whatever names it has.
    return sum(size for sha256, size in set(new.values()) - set(old.values()))
