"""sources.json: for each wheel that was built, from what, with what, where and how."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace

from parity.model import BundleFile, Lock
from parity.pack import file_of_bytes
from parity.pipeline.sources.builder import SourceBuilder
from parity.pipeline.sources.built import Built
from parity.resolve import resolver

SOURCES = "sources.json"


def sources_file(built: Sequence[Built], builder: SourceBuilder) -> BundleFile:
    """The payload's sources.json."""
    document = {
        "format": "parity-sources/1",
        "image": builder.run.image.content,
        "network": "none",
        "frontend": resolver(),
        "built": [_provenance(each) for each in sorted(built, key=lambda one: one.wheel.name)],
    }
    return file_of_bytes(SOURCES, (json.dumps(document, indent=1, sort_keys=True) + "\n").encode())


def with_fetched(lock: Lock, built: Sequence[Built]) -> Lock:
    """The lock with a note, for the proof, of each source whose build was given what commands had fetched."""
    notes = [
        f"{each.wheel.name} was built with what builder.fetch had brought ({'; '.join(said['commands'])}): "
        f"{said['files']} files and folders, SHA-256 {said['sha256']}"
        for each in sorted(built, key=lambda one: one.wheel.name)
        if (said := each.making.fetched)
    ]
    return replace(lock, notes=(*lock.notes, *notes)) if notes else lock


def _provenance(built: Built) -> Mapping[str, object]:
    wheel, making = built.wheel, built.making
    found: dict[str, object] = {
        "name": wheel.name,
        "version": wheel.version,
        "wheel": wheel.filename,
        "sha256": wheel.sha256,
        "origin": wheel.origin.document() if wheel.origin else {},
    }
    if not making.image:
        return found  # a wheel already, named by its address or path
    if making.fetched:
        found["fetched_before"] = making.fetched
    return {
        **found,
        "builder": making.image,
        "builder_packages_brought": list(making.brought),
        "build_requires": _files(making.build),
        "commands": list(making.commands),
        "repair_tools": _files(making.tools),
        "grafted": list(making.grafted),
        "left_to_system_packages": list(making.left_out),
        "same_bytes_twice": making.same_twice,
    }


def _files(lock: Lock) -> list[dict[str, str]]:
    return [{"name": each.name, "version": each.version, "sha256": each.sha256} for each in lock.wheels]
