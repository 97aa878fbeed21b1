"""What a reviewer should look at in one bundle, the gravest first. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from parity.report.contents import Reported
from parity.report.natives import native_lines
from parity.report.reading import texts

Noted = tuple[str, str, str]
"""Kind, subject and message."""


def remarks(bundle: Reported) -> tuple[Noted, ...]:
    """All that stands out."""
    return (*_of_whole(bundle), *_of_rehearsal(bundle), *_of_packages(bundle))


def _of_whole(bundle: Reported) -> Iterator[Noted]:
    if not bundle.signers:
        yield "signature", "the bundle", "nobody asked who signed it"
    if stand_in := bundle.manifest["stand_in"]:
        message = f"it was rehearsed in {stand_in['image']}, not in {stand_in['for']}"
        yield "stand-in", "the bundle", message
    for allowed in bundle.manifest["allow"]:
        kind, _, package = allowed.partition(":")
        yield "accepted", package or allowed, f"a finding of the kind {kind} was accepted by name"


def _of_rehearsal(bundle: Reported) -> Iterator[Noted]:
    proof = bundle.proof
    for line in native_lines(proof):
        package, _, message = line.partition(": ")
        yield "library", package, message
    for row in proof["imports"]:
        if row["error"]:
            yield "import", row["package"], f"{row['module']} does not import: {row['error']}"
    for sentence in texts(proof, "resolving"):
        yield "resolving", sentence.partition(" ")[0], sentence


def _of_packages(bundle: Reported) -> Iterator[Noted]:
    for each in bundle.packages:
        name = each.row["name"]
        if each.facts.fault:
            yield "unreadable", name, f"its wheel cannot be read: {each.facts.fault}"
        elif not each.facts.licence:
            yield "licence", name, "it states none"
    for row in bundle.sources:
        if row.get("same_bytes_twice") is False:
            yield "source", str(row.get("name", "")), "two builds of it gave different bytes"
