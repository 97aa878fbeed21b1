"""A profile with what its requirements files ask for besides: indexes, sources, prereleases."""

from __future__ import annotations

import re
from dataclasses import replace
from urllib.parse import urlsplit

from parity.errors import InputFileError
from parity.model import IndexSettings, NamedIndex, Profile
from parity.model.network import DEFAULT_INDEX, clean_url
from parity.resolve.fileoptions import FileOptions, IndexLine

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
    names = tuple(sorted({*profile.sources.names, *options.from_source}))
    return replace(
        profile,
        index=index,
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
    name = _free_name(line.url, {*_RESERVED, *(one.name for one in index.named)})
    return replace(index, named=(*index.named, NamedIndex(name, line.url, login=line.login)))


def _free_name(url: str, taken: set[str]) -> str:
    """The host's name as a name for its index, with a number behind it where it is another's already."""
    stem = re.sub(r"[^a-z0-9]+", "-", (urlsplit(url).hostname or "").lower()).strip("-")
    stem = stem if re.match(r"[a-z]", stem) else f"index-{stem}".rstrip("-")
    stem = stem[:_LONGEST].rstrip("-")
    numbered = (f"{stem}-{number}" for number in range(2, len(taken) + 3))
    return next(name for name in (stem, *numbered) if name not in taken)


def _same(one: str, other: str) -> bool:
    return clean_url(one).rstrip("/") == clean_url(other).rstrip("/")
