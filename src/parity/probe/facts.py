"""The probe's document, read into a frozen value. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from parity.errors import ProbeFailed
from parity.model import Facts, Libc, MachineFacts
from parity.portable.machine.platformtags import numbers_of
from parity.wire.facts import FactsSaid, LibcSaid, MachineSaid
from parity.wire.shapes import Malformed, read

_MAJOR_AND_MINOR = 2
# What a container sees of these belongs to the engine's kernel, not to the target.
_KERNEL_MARKERS = ("platform_release", "platform_version")


def parse_facts(document: Mapping[str, object], where: str) -> Facts:
    """Read what `parity.portable.machine.facts.measure` measured.

    Raises:
        ProbeFailed: no C library was recognised, or the document is not one of facts.
    """
    try:
        said = read(FactsSaid, dict(document), "the document")
    except Malformed as error:
        raise ProbeFailed(f"these are no facts of parity: {error}", where=where) from error
    pip_tags = said["pip_tags"]
    return Facts(
        **vars(machine(said, where)),
        pip=said["pip"],
        pip_tags=None if pip_tags is None else tuple(pip_tags),
        has_venv=said["has_venv"],
        document=said,
    )


def machine(said: MachineSaid, where: str) -> MachineFacts:
    """The part that is known before pip was asked; errors as `parse_facts`."""
    libc = said["libc"]
    if libc is None:
        raise ProbeFailed("no C library was recognised: neither glibc nor musl", where=where)
    if len(libc["version"]) != _MAJOR_AND_MINOR:
        raise ProbeFailed("these are no facts of parity: a C library's version has two numbers", where=where)
    major, minor = libc["version"]
    return MachineFacts(
        os_id=said["os"]["id"],
        os_version=said["os"]["version"],
        os_name=said["os"]["name"],
        libc=Libc(libc["family"], (major, minor), _patch(libc)),
        python=said["python"],
        executable=said["executable"],
        implementation=said["implementation"],
        arch=said["arch"],
        markers=said["markers"],
        tags=tuple(said["tags"]),
    )


def _patch(libc: LibcSaid) -> int:
    numbers = numbers_of(libc["text"])
    return numbers[2] if libc["family"] == "musl" and len(numbers) > _MAJOR_AND_MINOR else -1


def travelling(said: FactsSaid) -> FactsSaid:
    """The facts as they go into a bundle: without what belongs to the engine's kernel.

    Two builds on two engines must give the same bytes.
    """
    markers = {key: value for key, value in said["markers"].items() if key not in _KERNEL_MARKERS}
    return {**said, "markers": markers}
