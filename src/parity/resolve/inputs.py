"""Everything a lock is made from, and its digest."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field

from parity.model import IndexSettings, MachineFacts
from parity.model.network import clean_url
from parity.resolve.requirements import RequirementLine, WhatToInstall

_KERNEL = ("platform_release", "platform_version")
"""Markers that tell the engine's kernel, not the target's image: they change from machine to machine."""


@dataclass(frozen=True)
class ResolveInputs:
    """What to resolve, for which target.

    Attributes:
        what: requirement lines and constraints.
        facts: the image's.
        tags: wheel tags that may be chosen, most preferred first: the facts' own, or fewer where
            the target (behind a stand-in, or with an old pip) accepts fewer.
        index: the profile's indexes; this machine's settings decide on a default one without address.
        exclude_newer: RFC 3339 date or time, None for no limit.
        project: digest of the project and sources that are installed, empty where there are none.
        sources: normalised names of what is built from its source distribution.
        prereleases: whether prereleases of anything may be chosen.
        auto: whether whatever has no fitting wheel is built from its source distribution, too.
    """

    what: WhatToInstall
    facts: MachineFacts
    tags: tuple[str, ...]
    index: IndexSettings = field(default_factory=IndexSettings)
    exclude_newer: str | None = None
    project: str = ""
    sources: tuple[str, ...] = ()
    prereleases: bool = False
    auto: bool = False

    @property
    def requires_python(self) -> str:
        """The specifier of the target's interpreter, `==3.9.*`."""
        return "==" + ".".join(self.facts.python.split(".")[:2]) + ".*"


def inputs_digest(inputs: ResolveInputs, resolver: str) -> str:
    """SHA-256 over everything that decides what a lock should hold.

    This machine's own index settings are not part of it: a colleague with another mirror of the
    same index has the same lock.
    """
    markers = {key: value for key, value in inputs.facts.markers.items() if key not in _KERNEL}
    document: dict[str, object] = {
        "requirements": _texts(inputs.what.requirements),
        "constraints": _texts(inputs.what.constraints),
        "markers": markers,
        "tags": inputs.tags,
        "index": clean_url(inputs.index.url) if inputs.index.url else None,
        "exclude_newer": inputs.exclude_newer,
        "resolver": resolver,
    }
    if inputs.index.named:
        document["indexes"] = index_document(inputs.index)
    if inputs.project:
        document["project"] = inputs.project
    if inputs.sources:
        document["sources"] = sorted(inputs.sources)
    for key, said in (("prereleases", inputs.prereleases), ("auto", inputs.auto)):
        if said:
            document[key] = True
    return hashlib.sha256(json.dumps(document, sort_keys=True).encode()).hexdigest()


def index_document(indexes: IndexSettings) -> list[object]:
    """The indexes and what is bound to each, as JSON for a digest."""
    named = [
        [one.name, one.path or clean_url(one.url), sorted(one.packages), *(["flat"] if one.flat else [])]
        for one in indexes.named
    ]
    return [clean_url(indexes.url) if indexes.url else None, sorted(indexes.packages), *named]


def _texts(lines: tuple[RequirementLine, ...]) -> list[list[object]]:
    return sorted([line.text, sorted(line.sha256)] for line in lines)
