"""The probe's document, read into a frozen value. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Literal, cast

from parity.errors import ProbeFailed
from parity.model import Facts, Libc

if TYPE_CHECKING:
    from parity.portable.documents.evidence import FactsDocument, LibcFacts

# What a container sees of these belongs to the engine's kernel, not to the target.
_KERNEL_MARKERS = ("platform_release", "platform_version")


def parse_facts(document: Mapping[str, object], where: str) -> Facts:
    """Read what `parity.portable.machine.facts.measure` measured.

    Raises:
        ProbeFailed: no C library was recognised, or the document is not one of facts.
    """
    facts = cast("FactsDocument", document)  # what it lacks, or has as something else, is an error below
    libc = facts.get("libc")
    if libc is None:
        raise ProbeFailed("no C library was recognised: neither glibc nor musl", where=where)
    try:
        return _facts(facts, libc)
    except (KeyError, TypeError, ValueError) as error:
        raise ProbeFailed(f"these are no facts of parity: {error!r}", where=where) from error


def _facts(document: FactsDocument, libc: LibcFacts) -> Facts:
    family: Literal["glibc", "musl"] = "musl" if libc["family"] == "musl" else "glibc"
    major, minor = libc["version"]
    pip_tags = document["pip_tags"]
    return Facts(
        os_id=document["os"]["id"],
        os_version=document["os"]["version"],
        os_name=document["os"]["name"],
        libc=Libc(family, (int(major), int(minor))),
        python=document["python"],
        executable=document["executable"],
        implementation=document["implementation"],
        arch=document["arch"],
        markers=dict(document["markers"]),
        tags=tuple(document["tags"]),
        pip=document["pip"],
        pip_tags=None if pip_tags is None else tuple(pip_tags),
        has_venv=bool(document["has_venv"]),
        document=document,
    )


def travelling(document: Mapping[str, object]) -> FactsDocument:
    """The facts as they go into a bundle: without what belongs to the engine's kernel.

    Two builds on two engines must give the same bytes.
    """
    facts = cast("FactsDocument", document)
    markers = {key: value for key, value in facts["markers"].items() if key not in _KERNEL_MARKERS}
    return {**facts, "markers": markers}
