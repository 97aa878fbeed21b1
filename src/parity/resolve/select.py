"""From what uv resolved to one wheel and one hash for each package."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType

from packaging.markers import Environment
from packaging.pylock import Package, PackageSdist, PackageWheel, Pylock, PylockValidationError
from packaging.utils import parse_wheel_filename

from parity.errors import HashMismatch, IndexFailed, NoWheel
from parity.markers import marker_holds
from parity.model import Lock, LockedWheel
from parity.model.network import clean_url
from parity.model.toml import TOMLError, parse
from parity.portable.sha256 import is_sha256
from parity.resolve.inputs import ResolveInputs
from parity.resolve.lockfile import check_filename

_SDIST = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+!%-]*\.(tar\.(gz|bz2|xz)|tgz|zip)")
MARKER_KEYS = frozenset(Environment.__annotations__) - {"extra", "extras", "dependency_groups"}
"""All keys of PEP 508's environment: a missing one would be filled in from this machine's Python."""

BUILD_THEM = "`build-from-source: auto` under `install` in the profile, or `--build-from-source auto`"
"""How a user lets sources be built."""

IndexFile = PackageWheel | PackageSdist
Computed = Mapping[str, str]
"""SHA-256 by address, of wheels whose index tells none (see `parity.resolve.firsthash`)."""
Offered = Mapping[str, str]


def select_wheels(
    text: str,
    inputs: ResolveInputs,
    index: str | None,
    digest: str,
    created_by: str,
    computed: Computed = MappingProxyType({}),
    *,
    offered: Offered = MappingProxyType({}),
) -> Lock:
    """Choose, for each package whose marker holds, the best wheel that the tags allow.

    For the names in `inputs.sources` it is the source distribution, which is to be built; likewise for what
    was offered for want of a wheel.

    Args:
        text: uv's lock.
        inputs: the target's facts and tags, and the hashes that the user's own files demand.
        index: the index address without credentials, None for the tools' default.
        digest: of the inputs, see `inputs_digest`.
        created_by: the resolver and its version.
        computed: what `unhashed_wheels` asked for.
        offered: addresses in uv's lock that stand for source distributions, and those of the real files.

    Raises:
        NoWheel: a package has no wheel for these tags.
        HashMismatch: no fitting wheel has a hash that the requirements file allows.
        IndexFailed: uv's lock is not one, or was made for another interpreter.
    """
    allowed, requested = inputs.what.hashes(), inputs.what.requested(inputs.facts.markers)
    wheels = []
    for package in _packages(text, inputs, offered):
        name = str(package.name)
        if _is_source(package, inputs, offered):
            wheels.append(locked_source(package, allowed.get(name), name in requested, index, computed))
            continue
        wheel = best_wheel(package, inputs.tags, allowed.get(name), computed)
        wheels.append(locked_wheel(package, wheel, name in requested, index, computed))
    return Lock(
        wheels=tuple(sorted(wheels, key=lambda wheel: wheel.name)),
        requires_python=inputs.requires_python,
        inputs=digest,
        created_by=created_by,
    )


def _packages(text: str, inputs: ResolveInputs, offered: Offered) -> Iterator[Package]:
    """Those that come from an index; what was offered in a wheel's place as the source that it is."""
    for package in packages_for(text, inputs.facts.markers):
        if package.is_direct:
            continue  # it was built before, and the resolver was told of it
        real = [wheel for wheel in package.wheels or () if (wheel.url or "") not in offered]
        made_up = [wheel for wheel in package.wheels or () if (wheel.url or "") in offered]
        if made_up and not has_wheel(replace(package, wheels=real), inputs):
            one = made_up[0]
            sdist = PackageSdist(url=offered[one.url or ""], hashes=one.hashes, size=one.size)
            yield replace(package, wheels=None, sdist=sdist)
        else:
            yield replace(package, wheels=real)


def has_wheel(package: Package, inputs: ResolveInputs) -> bool:
    """Whether one of its wheels fits the target."""
    ranks = {tag: rank for rank, tag in enumerate(inputs.tags)}
    return any(_rank(wheel.filename, ranks) is not None for wheel in package.wheels or ())


def _is_source(package: Package, inputs: ResolveInputs, offered: Offered) -> bool:
    return str(package.name) in inputs.sources or (bool(offered) and not package.wheels)


def unhashed_wheels(
    text: str, inputs: ResolveInputs, computed: Computed, offered: Offered = MappingProxyType({})
) -> dict[str, IndexFile]:
    """The files, by package, that would be chosen and have no SHA-256 yet; errors as `select_wheels`."""
    allowed = inputs.what.hashes()
    found: dict[str, IndexFile] = {}
    for package in _packages(text, inputs, offered):
        if _is_source(package, inputs, offered):
            if package.sdist and not _sha256(package.sdist, computed):
                found[str(package.name)] = package.sdist
            continue
        wheel = best_wheel(package, inputs.tags, allowed.get(str(package.name)), computed)
        if not _sha256(wheel, computed):
            found[str(package.name)] = wheel
    return found


def first_version(text: str, inputs: ResolveInputs) -> tuple[str, bool]:
    """The version of the only package in uv's lock, and whether it has a wheel for the tags."""
    package = next(packages_for(text, inputs.facts.markers))
    try:
        best_wheel(package, inputs.tags, None)
    except NoWheel:
        return str(package.version), False
    return str(package.version), True


def packages_for(
    text: str, markers: Mapping[str, str], extras: Sequence[str] = (), groups: Sequence[str] = ()
) -> Iterator[Package]:
    """The packages whose marker holds in exactly this environment, with these extras and groups."""
    missing = MARKER_KEYS - set(markers)
    if missing:
        raise ValueError(f"facts without the markers {sorted(missing)}")
    try:
        pylock = Pylock.from_dict(parse(text))
    except (TOMLError, PylockValidationError) as error:
        raise IndexFailed(f"the resolved lock cannot be read: {error}") from error
    python = markers["python_full_version"]
    if pylock.requires_python and not pylock.requires_python.contains(python, prereleases=True):
        raise IndexFailed(f"the lock is for Python {pylock.requires_python}, the image has {python}")
    environment: dict[str, str | frozenset[str]] = {
        **markers,
        "extras": frozenset(extras),
        "dependency_groups": frozenset(groups),
    }
    for package in pylock.packages:
        if marker_holds(package.marker, environment, package.name, of_lock=True):
            yield package


def best_wheel(
    package: Package,
    tags: Sequence[str],
    hashes: frozenset[str] | None,
    computed: Computed = MappingProxyType({}),
) -> PackageWheel:
    """The wheel whose tag comes first in `tags` (PEP 425), of those the one with the highest build number.

    One whose SHA-256 is not known may have any. Errors as `select_wheels`.
    """
    ranks = {tag: rank for rank, tag in enumerate(tags)}
    fitting = [
        (-rank, parse_wheel_filename(wheel.filename)[2], wheel)
        for wheel in package.wheels or ()
        if (rank := _rank(wheel.filename, ranks)) is not None
    ]
    if not fitting:
        raise NoWheel(
            f"{package.name} {package.version} has no wheel that fits the target", where=package.name
        )
    if hashes is not None:
        fitting = [entry for entry in fitting if _sha256(entry[2], computed) in hashes | {""}]
        if not fitting:
            raise HashMismatch(
                f"no fitting wheel of {package.name} {package.version} has a hash from the requirements",
                where=package.name,
                remedy="add the hash of the target's wheel to the requirements file, or leave hashes out",
            )
    fitting.sort(key=lambda entry: entry[2].filename)
    best = max(fitting, key=lambda entry: entry[:2])[2]
    digests = {_sha256(wheel, computed) for _, _, wheel in fitting if wheel.filename == best.filename}
    if len(digests) > 1:
        raise IndexFailed(
            f"the index names {best.filename} more than once, with different hashes", where=package.name
        )
    return best


def locked_source(
    package: Package,
    hashes: frozenset[str] | None,
    requested: bool,
    index: str | None,
    computed: Computed = MappingProxyType({}),
) -> LockedWheel:
    """The source distribution of a package as if it were its wheel; errors likewise."""
    name, version, sdist = str(package.name), str(package.version), package.sdist
    url = clean_url(sdist.url or "") if sdist else ""
    filename = url.rpartition("/")[2]
    sha256 = _sha256(sdist, computed) if sdist else ""
    if sdist is None or not sha256 or not _SDIST.fullmatch(filename):
        what = "no SHA-256 for the" if sdist and not sha256 else "no"
        raise IndexFailed(f"the index has {what} source distribution of {name} {version}", where=name)
    if hashes is not None and sha256 not in hashes:
        raise HashMismatch(
            f"the source distribution of {name} {version} has no hash from the requirements",
            where=name,
            remedy="add the hash of the source distribution to the requirements file, or leave hashes out",
        )
    if not url.startswith(("https://", "http://")):
        raise IndexFailed(f"{name}: the index names no http address for {filename}")
    return LockedWheel(name, version, filename, url, sha256, sdist.size, requested, index or "default")


def _sha256(wheel: IndexFile, computed: Computed) -> str:
    found = (wheel.hashes.get("sha256") or computed.get(wheel.url or "", "")).lower()
    if found and not is_sha256(found):
        raise IndexFailed("the index announces a SHA-256 that is none", where=wheel.filename)
    return found


def _rank(filename: str, ranks: Mapping[str, int]) -> int | None:
    """The best rank among a wheel's tags, None where it has none of them."""
    found = [ranks[str(tag)] for tag in parse_wheel_filename(filename)[3] if str(tag) in ranks]
    return min(found, default=None)


def locked_wheel(
    package: Package,
    wheel: PackageWheel,
    requested: bool,
    index: str | None,
    computed: Computed = MappingProxyType({}),
) -> LockedWheel:
    """The wheel as it stands in a lock; IndexFailed where it has no SHA-256 or no address to fetch."""
    name, version = str(package.name), str(package.version)
    url = clean_url(wheel.url or "")
    if not url.startswith(("https://", "http://")):
        raise IndexFailed(f"{name}: the index names no http address for {wheel.filename}")
    sha256 = _sha256(wheel, computed)
    if not sha256:
        raise IndexFailed(
            f"{name}: the lock has no SHA-256 for {wheel.filename}, the index does not tell it", where=name
        )
    check_filename(wheel.filename, name, version)
    return LockedWheel(
        name=name,
        version=version,
        filename=wheel.filename,
        url=url,
        sha256=sha256,
        size=wheel.size,
        requested=requested,
        index=index or "default",
    )


def without_wheel(text: str, inputs: ResolveInputs, offered: Offered) -> dict[str, tuple[str, str]]:
    """The packages in uv's lock that have no fitting wheel: version, and the file offered instead."""
    return {
        str(package.name): (str(package.version), package.sdist.url or "" if package.sdist else "")
        for package in _packages(text, inputs, offered)
        if not package.wheels and str(package.name) not in inputs.sources
    }


def versions_in(text: str, inputs: ResolveInputs) -> dict[str, str]:
    """The version of each package in uv's lock."""
    return {str(one.name): str(one.version) for one in packages_for(text, inputs.facts.markers)}
