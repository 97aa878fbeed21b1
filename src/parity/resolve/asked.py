"""A profile with what its requirements files ask for besides: indexes, sources, prereleases."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

from packaging.utils import (
    InvalidSdistFilename,
    InvalidWheelFilename,
    parse_sdist_filename,
    parse_wheel_filename,
)
from packaging.version import InvalidVersion, Version

from parity.errors import InputFileError
from parity.model import IndexSettings, NamedIndex, Profile
from parity.model.network import DEFAULT_INDEX, clean_url, same_address
from parity.portable.wheelfolders import index_address
from parity.resolve.fileoptions import FileOptions, FolderLine, IndexLine

_RESERVED = (DEFAULT_INDEX, "direct", "built")
# An index's name has at most 32 characters, and a number may come behind this.
_LONGEST = 28


def with_file_options(profile: Profile, options: FileOptions) -> Profile:
    """The profile as its files complete it; what the profile says itself is not overruled.

    Raises:
        InputFileError: a file names another default index than the profile, or a folder cannot be read.
    """
    index = _with_default(profile.index, options.index)
    for line in options.extra:
        index = _with_named(index, line, ("*",) if options.no_index and line.flat else ())
    bound = _all_there_is(options.folders) if options.no_index and options.folders else {}
    for folder in options.folders:
        index = _with_folder(index, folder, bound.get(folder, ()))
    names = tuple(sorted({*profile.sources.names, *options.from_source}))
    return replace(
        profile,
        index=replace(index, hidden=options.hidden),
        sources=replace(profile.sources, names=names),
        prereleases=profile.prereleases or options.prereleases,
    )


def _with_default(index: IndexSettings, line: IndexLine | None) -> IndexSettings:
    if line is None:
        return index
    if index.url and not same_address(index.url, line.url):
        raise InputFileError(
            f"the default index here is {line.url}, and the profile's is {clean_url(index.url)}",
            where=line.where,
            remedy="say it in one place: leave the line out, or `index: {url: …}` in the profile",
        )
    return replace(index, url=line.url, login=line.login or index.login)


def _with_named(index: IndexSettings, line: IndexLine, bound: tuple[str, ...]) -> IndexSettings:
    """With a further index, unless it is one of those that are there."""
    if index.url and same_address(index.url, line.url):
        return index
    if any(same_address(one.url, line.url) for one in index.named):
        return index
    name = _free_name(urlsplit(line.url).hostname or "", index)
    made = NamedIndex(name, line.url, bound, login=line.login, flat=line.flat)
    return replace(index, named=(*index.named, made))


def _all_there_is(folders: Sequence[FolderLine]) -> dict[FolderLine, tuple[str, ...]]:
    """What comes from which folder where there is no index: each package from where its newest version is.

    What none of them has is looked for in the first, and nowhere else.
    """
    newest: dict[str, tuple[Version, int]] = {}
    for number, folder in enumerate(folders):
        for name, version in _versions(folder.path):
            # With a minus: of one version in two folders, the folder that was named first has it.
            newest[name] = max(newest.get(name, (version, -number)), (version, -number))
    others = {
        folder: tuple(sorted(name for name, (_, place) in newest.items() if place == -number))
        for number, folder in enumerate(folders)
    }
    return {**others, folders[0]: ("*",)}


def _versions(folder: Path) -> Iterator[tuple[str, Version]]:
    """Normalised names and versions of the wheels and source distributions in a folder."""
    try:
        files = sorted(folder.iterdir())
    except OSError as error:
        raise InputFileError(f"cannot read {folder}: {error.strerror}", where=str(folder)) from error
    for each in files:
        try:
            is_wheel = each.suffix == ".whl"
            found = parse_wheel_filename(each.name)[:2] if is_wheel else parse_sdist_filename(each.name)
        except (InvalidWheelFilename, InvalidSdistFilename, InvalidVersion):
            continue
        yield found


def _with_folder(index: IndexSettings, line: FolderLine, rest: tuple[str, ...]) -> IndexSettings:
    """With a folder of wheels, unless it is there, which gives `rest`."""
    same = next((one for one in index.named if one.folder == line.path), None)
    if same is not None:
        bound = replace(same, packages=tuple(dict.fromkeys((*same.packages, *rest))))
        return replace(index, named=tuple(bound if one is same else one for one in index.named))
    name = _free_name(line.path.name, index)
    made = NamedIndex(name, index_address(name), rest, folder=line.path, path=line.said)
    return replace(index, named=(*index.named, made))


def _free_name(of: str, index: IndexSettings) -> str:
    """A host's or folder's name as an index's, with a number behind it where it is another's already."""
    taken = {*_RESERVED, *(one.name for one in index.named)}
    stem = re.sub(r"[^a-z0-9]+", "-", of.lower()).strip("-")
    stem = stem if re.match(r"[a-z]", stem) else f"index-{stem}".rstrip("-")
    stem = stem[:_LONGEST].rstrip("-")
    numbered = (f"{stem}-{number}" for number in range(2, len(taken) + 3))
    return next(name for name in (stem, *numbered) if name not in taken)
