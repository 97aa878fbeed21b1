"""A source at hand: fetched by this machine (git, paths) or by the workshop (addresses), never built yet."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from parity.errors import HashMismatch, HostileSource, NoWheel, SourceUnavailable
from parity.host.git import Git
from parity.model import Origin, SourcePackage
from parity.model.network import clean_url
from parity.model.project import told_address
from parity.pipeline.sources.store import SourceStore, content
from parity.portable.names import parse_wheel_name
from parity.project import file_of_path, tree_digest

_NOT_HERE = (
    "mend the path; where a file of conda's has it (`pip freeze` writes such lines there), name {} by its "
    "version: `pip list --format=freeze` does"
)
_NO_NAME = "give the file the name that it was published under: NAME-VERSION-PYTHON-ABI-PLATFORM.whl"


@dataclass(frozen=True)
class Opened:
    """A source at hand.

    Attributes:
        origin: what it is.
        place: the folder here, or the archive in the store.
        version: what git or the lock tells; empty where only the build does.
        wheel: the file name and SHA-256 of a wheel that is in the store: nothing is to be built.
    """

    origin: Origin
    place: Path | str
    version: str
    wheel: tuple[str, str] | None = None


@contextmanager
def opened(source: SourcePackage, base: Path, store: SourceStore, git: Git) -> Iterator[Opened]:
    """Fetch a source.

    Args:
        source: with a commit or digest, or a path relative to `base`.
        base: the folder of the project or the profile.
        store: the store.
        git: this machine's git.

    Raises:
        SourceUnavailable, HashMismatch, and whatever fetching raises.
        HostileSource: it, or its subdirectory, reaches for what is not its own.
    """
    _check_inside(source)
    if source.kind == "git":
        commit = source.commit or git.resolve(source.address, source.revision)
        with git.checkout(source.address, commit) as folder:
            origin = Origin(
                "git",
                told_address("git", source.address),
                commit,
                tree_digest(folder),
                source.subdirectory,
                source.revision,
            )
            version = source.version or git.described_commit(source.address, commit)
            yield Opened(origin, folder, version)
    elif source.kind == "path":
        yield _local(source, base / source.address, store, git)
    else:
        yield _archive(source, store)


def demand_fits(filename: str, tags: Collection[str], target: str) -> None:
    """Demand that a wheel which was named itself is one for the target.

    Args:
        filename: of the wheel (PEP 427).
        tags: that the target takes.
        target: what it is called.

    Raises:
        NoWheel: it is for others, or its name tells nothing.
    """
    named = parse_wheel_name(filename)
    if named is None:
        raise NoWheel(f"{filename} is no name of a wheel", where=filename, remedy=_NO_NAME)
    if named.tags.isdisjoint(tags):
        raise NoWheel(
            f"{filename} is for {', '.join(sorted(named.tags)[:3])}, not for the target",
            where=filename,
            remedy=f"name a file that fits {target} (or its source), or the package by its name and version",
        )


def _check_inside(source: SourcePackage) -> None:
    """Demand that the subdirectory, which a stranger's requirement may name, is one of the source."""
    inside = source.subdirectory
    normal = os.path.normpath(inside)
    if "\0" in inside or normal.startswith("/") or normal.split("/")[0] == "..":
        raise HostileSource(
            f"the subdirectory {inside!r} is outside of the source that it belongs to",
            where=source.name or clean_url(source.address),
            remedy="name a folder inside the source, without .. and without a slash before it",
        )


def _archive(source: SourcePackage, store: SourceStore) -> Opened:
    path, sha256 = store.archive(source)
    origin = Origin(source.kind, clean_url(source.address), "", sha256, source.subdirectory)
    filename = path.rpartition("/")[2].replace("%2B", "+").replace("%21", "!")
    wheel = (filename, sha256) if filename.endswith(".whl") else None
    return Opened(origin, path, source.version, wheel)


def _local(source: SourcePackage, path: Path, store: SourceStore, git: Git) -> Opened:
    if path.is_file():
        file = file_of_path(path)
        with file.content:
            if source.sha256 and file.sha256 != source.sha256:
                raise HashMismatch(
                    "the file is not the one that was named or locked",
                    where=str(path),
                    remedy="find out who changed the file, or mend the hash that it is named with",
                )
            store.keep(file)
        return Opened(
            Origin("path", told_address("path", source.address), "", file.sha256, source.subdirectory),
            content(file.sha256),
            source.version,
            (file.filename, file.sha256) if path.suffix == ".whl" else None,
        )
    if not path.is_dir():
        raise SourceUnavailable(
            f"there is no {path}", where=source.name, remedy=_NOT_HERE.format(source.name or "the package")
        )
    version = source.version or git.described(path)
    origin = Origin("path", told_address("path", source.address), "", tree_digest(path), source.subdirectory)
    return Opened(origin, path, version)
