"""A profile with what its requirements files ask for besides: indexes, sources, prereleases."""

from __future__ import annotations

import re
from dataclasses import replace
from urllib.parse import urlsplit

from parity.errors import InputFileError
from parity.model import IndexSettings, NamedIndex, Profile
from parity.model.network import DEFAULT_INDEX, clean_url
from parity.portable.wheelfolders import index_address
from parity.resolve.fileoptions import FileOptions, FolderLine, IndexLine

_RESERVED = (DEFAULT_INDEX, "direct", "built")
_LONGEST = 28


def with_file_options(profile: Profile, options: FileOptions) -> Profile:
    """The profile as its files complete it; what the profile says itself is not overruled.

    Raises:
        InputFileError: a file names another default index than the profile.
    """
    index = _with_default(profile.index, options.index)
    for line in options.extra:
        index = _with_named(index, line)
    for folder in options.folders:
        index = _with_folder(index, folder, alone=options.no_index)
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
    if index.url and not _same(index.url, line.url):
        raise InputFileError(
            f"the default index here is {line.url}, and the profile's is {clean_url(index.url)}",
            where=line.where,
            remedy="say it in one place: leave the line out, or `index: {url: …}` in the profile",
        )
    return replace(index, url=line.url, login=line.login or index.login)


def _with_named(index: IndexSettings, line: IndexLine) -> IndexSettings:
    """With a further index, unless it is one of those that are there."""
    if index.url and _same(index.url, line.url):
        return index
    if any(_same(one.url, line.url) for one in index.named):
        return index
    name = _free_name(urlsplit(line.url).hostname or "", index)
    return replace(index, named=(*index.named, NamedIndex(name, line.url, login=line.login)))


def _with_folder(index: IndexSettings, line: FolderLine, *, alone: bool) -> IndexSettings:
    """With a folder of wheels, unless it is there; `alone`: all that is bound to nothing comes from it."""
    rest = ("*",) if alone else ()
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


def _same(one: str, other: str) -> bool:
    return clean_url(one).rstrip("/") == clean_url(other).rstrip("/")
