"""A whole project's lock for one target: wheels of indexes on one side, sources to build on the other."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from packaging.pylock import Package
from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import InvalidWheelFilename, canonicalize_name, parse_wheel_filename

from parity.errors import IndexConfusion, InputFileError, LockInvalid, NoWheel
from parity.markers import marker_holds
from parity.model import IndexSettings, LockedWheel, Origin, SourcePackage
from parity.model.network import DEFAULT_INDEX, clean_url
from parity.portable.names import bound_to
from parity.resolve.direct import DirectRequirement, Stated, named_requirement
from parity.resolve.inputs import ResolveInputs
from parity.resolve.lockfile import check_filename
from parity.resolve.requirements import RequirementLine
from parity.resolve.select import BUILD_THEM, best_wheel, has_wheel, locked_source, locked_wheel, packages_for


@dataclass(frozen=True)
class ProjectSelection:
    """What a project's lock asks for on one target."""

    wheels: tuple[LockedWheel, ...]
    sources: tuple[SourcePackage, ...]


def select_project(
    text: str,
    inputs: ResolveInputs,
    requested: Collection[str],
    extras: Sequence[str] = (),
    groups: Sequence[str] = (),
) -> ProjectSelection:
    """Choose from a PEP 751 lock, whose packages may be sources, what this target needs.

    Args:
        text: the lock.
        inputs: the target's facts and tags.
        requested: normalised names that the project itself asks for.
        extras: of the project, where the lock's markers ask for them.
        groups: dependency groups, likewise.

    Raises:
        NoWheel: a package of an index has no wheel for these tags.
        IndexConfusion: a package was locked from another index than the profile binds it to.
        IndexFailed, LockInvalid: the lock cannot be read or names what cannot be carried.
    """
    wheels, sources = [], []
    packages = tuple(packages_for(text, inputs.facts.markers, extras, groups))
    lacking = _only_sources(packages, inputs)
    for package in packages:
        wanted = str(package.name) in requested
        if not package.is_direct and str(package.name) in (*inputs.sources, *lacking):
            sources.append(_sdist(package, wanted, _index(package, inputs.index)))
        elif not package.is_direct:
            wheel = best_wheel(package, inputs.tags, None)
            wheels.append(locked_wheel(package, wheel, wanted, _index(package, inputs.index)))
        elif package.archive and clean_url(package.archive.url or "").endswith(".whl"):
            wheels.append(_direct_wheel(package, wanted))
        else:
            sources.append(_source(package, wanted))
    return ProjectSelection(tuple(wheels), tuple(sources))


def _only_sources(packages: Sequence[Package], inputs: ResolveInputs) -> dict[str, str]:
    """The packages, with their versions, of which the lock has a source distribution and no fitting wheel.

    Raises:
        NoWheel: nobody said that they may be built; all are named.
    """
    indexed = [each for each in packages if not each.is_direct and str(each.name) not in inputs.sources]
    found = {
        str(each.name): str(each.version) for each in indexed if each.sdist and not has_wheel(each, inputs)
    }
    if found and not inputs.auto:
        told = "; ".join(f"{name} {version}" for name, version in sorted(found.items()))
        raise NoWheel(
            f"the lock has no wheel that fits the target, only a source distribution, of {told}",
            where=min(found),
            remedy=f"let what has no wheel be built in the builder, without network: {BUILD_THEM}",
        )
    return found


def _index(package: Package, indexes: IndexSettings) -> str | None:
    """The name, or else the address, of the index that a package was locked from.

    Raises:
        IndexConfusion: the profile binds the package to another one.
    """
    address = clean_url(package.index) if package.index else ""
    names = {one.url.rstrip("/"): one.name for one in indexes.named}
    found = names.get(address.rstrip("/"), DEFAULT_INDEX)
    bindings = [(DEFAULT_INDEX, indexes.packages), *((one.name, one.packages) for one in indexes.named)]
    bound = bound_to(str(package.name), bindings)
    if bound not in (None, found):
        raise IndexConfusion(
            f"the project's lock has {package.name} from {address or found}, the profile binds it to {bound}",
            where=str(package.name),
            remedy="lock the project with that index (tool.uv.sources), or change the binding",
        )
    return found if found != DEFAULT_INDEX else address or None


def _sdist(package: Package, requested: bool, index: str | None) -> SourcePackage:
    """The source distribution of a package of an index, which is to be built."""
    file = locked_source(package, None, requested, index)
    return SourcePackage(
        file.name, file.version, "sdist", file.url, sha256=file.sha256, requested=requested, index=file.index
    )


def _direct_wheel(package: Package, requested: bool) -> LockedWheel:
    """A wheel that the project names by its address."""
    archive = package.archive
    assert archive is not None  # noqa: S101 - the caller has looked
    url = clean_url(archive.url or "")
    filename = url.rpartition("/")[2].replace("%2B", "+").replace("%21", "!")
    try:
        version = str(parse_wheel_filename(filename)[1])
    except InvalidWheelFilename as error:
        raise LockInvalid(f"{package.name}: {error}") from error
    check_filename(filename, str(package.name), version)
    return LockedWheel(
        name=str(package.name),
        version=version,
        filename=filename,
        url=url,
        sha256=_sha256(package, archive.hashes),
        size=archive.size,
        requested=requested,
        index="direct",
    )


def _source(package: Package, requested: bool) -> SourcePackage:
    name, version = str(package.name), str(package.version or "")
    if package.vcs is not None:
        vcs = package.vcs
        if vcs.type != "git" or not vcs.url:
            raise LockInvalid(f"{name}: only git repositories with an address can be carried, not {vcs.type}")
        return SourcePackage(
            name,
            version,
            "git",
            vcs.url,
            commit=vcs.commit_id.lower(),
            subdirectory=vcs.subdirectory or "",
            requested=requested,
        )
    if package.directory is not None:
        path = package.directory.path
        return SourcePackage(
            name,
            version,
            "path",
            path,
            subdirectory=package.directory.subdirectory or "",
            requested=requested,
        )
    archive = package.archive
    assert archive is not None  # noqa: S101 - `is_direct` leaves nothing else
    return SourcePackage(
        name,
        version,
        "url" if archive.url else "path",
        archive.url or str(archive.path),
        sha256=_sha256(package, archive.hashes),
        subdirectory=archive.subdirectory or "",
        requested=requested,
    )


def _sha256(package: Package, hashes: object) -> str:
    digest = hashes.get("sha256", "") if isinstance(hashes, dict) else ""
    if not digest:
        raise LockInvalid(f"{package.name}: its archive has no sha256 in the lock")
    return str(digest).lower()


def locked_build(source: SourcePackage, filename: str, sha256: str, size: int, origin: Origin) -> LockedWheel:
    """The wheel that was built from a source, as it stands in a lock.

    Raises:
        LockInvalid: it is the wheel of another package or version than the lock says.
    """
    try:
        name, version, _, _ = parse_wheel_filename(filename)
    except InvalidWheelFilename as error:
        raise LockInvalid(f"{source.name}: its build made {filename!r}: {error}") from error
    if (source.name and name != source.name) or (source.version and str(version) != source.version):
        said = f"{source.name} {source.version}".rstrip()
        raise LockInvalid(
            f"the source of {said} built {filename}",
            remedy="name the package as its own metadata does; bring the project's lock up to date",
        )
    check_filename(filename, name, str(version))
    index = source.index or "built"
    return LockedWheel(
        name, str(version), filename, "", sha256, size, source.requested, index, origin, source.path
    )


def split_requirements(
    lines: Sequence[str],
    where: str,
    markers: Mapping[str, str],
    extras: Collection[str] = (),
    folder: Path | None = None,
) -> tuple[list[RequirementLine], list[DirectRequirement]]:
    """Requirement lines (PEP 508) whose marker holds: those for an index, and those that name a source.

    Args:
        lines: of pyproject.toml, or of a wheel's Requires-Dist.
        where: the place they stand at, for messages.
        markers: the target's environment.
        extras: normalised; a line with an extra's marker counts where it is among them.
        folder: what paths start at; None where a line may name none.

    Raises:
        InputFileError: a line is no requirement, or names what cannot be carried.
    """
    plain: list[RequirementLine] = []
    direct: list[DirectRequirement] = []
    for text in lines:
        try:
            found = Requirement(text)
        except InvalidRequirement as error:
            raise InputFileError(f"not a requirement: {text[:60]!r}", where=where) from error
        marker, found.marker = found.marker, None
        looks = ({**markers, "extra": extra} for extra in ("", *extras))
        if not any(marker_holds(marker, each, where) for each in looks):
            continue
        name = canonicalize_name(found.name)
        if found.url:
            direct.append(named_requirement(found, Stated(where, folder)))
        else:
            plain.append(RequirementLine(str(found), name, where))
    return plain, direct
