"""A file of facts that came back from a machine: nothing in it is believed before its shape is checked."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import BinaryIO

from parity.errors import FactsInvalid
from parity.portable import canonical
from parity.portable.errors import BundleDamaged
from parity.portable.machine.facts import FORMAT
from parity.wire.facts import FactsSaid
from parity.wire.shapes import read

MAX_BYTES = 4 * 1024 * 1024
"""Real facts have some 100 kB, most of it tags."""

_MARKERS = frozenset({
    "implementation_name", "implementation_version", "os_name", "platform_machine",
    "platform_python_implementation", "platform_system", "python_full_version", "python_version",
    "sys_platform",
})  # fmt: skip
_KERNEL_MARKERS = frozenset({"platform_release", "platform_version"})  # a bundle's facts.json has none


def read_facts(file: BinaryIO, where: str) -> FactsSaid:
    """Read and check facts.

    Args:
        file: open for reading; may be a pipe.
        where: names it in errors.

    Returns:
        The document of `parity.portable.machine.facts.measure`, every field of the right type.

    Raises:
        FactsInvalid: it cannot be read, is too large, no JSON, of another format, or lacks something.
    """
    try:
        # One byte more than allowed tells a file that is too long from one that just fits; a pipe has no
        # size.
        data = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise FactsInvalid(f"the facts cannot be read: {error.strerror}", where=where) from error
    return parse_facts_file(data, where)


def parse_facts_file(data: bytes, where: str) -> FactsSaid:
    """Check facts that were read; see `read_facts`."""
    if len(data) > MAX_BYTES:
        raise FactsInvalid(f"larger than {MAX_BYTES >> 20} MiB: these are no facts", where=where)
    if not data.strip():
        raise FactsInvalid("the file is empty: the probe has not written into it", where=where)
    document = _json(data, where)
    _check_format(document, where)
    try:
        _SHAPE(document, "facts")
    except BundleDamaged as error:
        raise FactsInvalid(error.message, where=where) from error
    return read(FactsSaid, document, "facts")


def _json(data: bytes, where: str) -> object:
    try:
        document: object = json.loads(data)
    except json.JSONDecodeError as error:
        place = f"{where}:{error.lineno}"
        # The most frequent mishap of a file that is carried by hand deserves words of its own.
        if error.pos >= len(error.doc.rstrip()) or error.msg.startswith("Unterminated"):
            raise FactsInvalid("the file ends too early: it was cut off on its way", where=place) from error
        raise FactsInvalid(f"this is no JSON: {error.msg} (column {error.colno})", where=place) from error
    except (ValueError, RecursionError) as error:
        raise FactsInvalid(f"this is no JSON text: {type(error).__name__}", where=where) from error
    return document


def _check_format(document: object, where: str) -> None:
    """Before the shape: another format has other keys, and what counts is that it is another."""
    found = document.get("format") if isinstance(document, dict) else None
    if not (isinstance(document, dict) and isinstance(found, str) and found.startswith("parity-facts/")):
        raise FactsInvalid("this is JSON, but not what parity's probe writes", where=where)
    if found != FORMAT:
        raise FactsInvalid(
            f"the facts are in the format {found[:40]!a}, this parity reads {FORMAT!a}",
            where=where,
            remedy="make the probe with this version of parity (`parity probe --script`) and run it again",
        )
    missing = sorted(set(_FIELDS) - set(document))
    if missing:
        raise FactsInvalid(f"the facts lack {', '.join(missing)}", where=where)


def _markers(value: object, where: str) -> None:
    if not isinstance(value, Mapping) or not _MARKERS <= set(value) <= _MARKERS | _KERNEL_MARKERS:
        raise BundleDamaged(f"{where} must be an object with the eleven names of PEP 508")
    for key, text in value.items():
        canonical.text(text, f"{where}.{key}")


_LIBC = canonical.record(
    {
        "family": canonical.one_of("glibc", "musl"),
        "version": canonical.array(canonical.count, least=2, most=2),
        "text": canonical.text,
    }
)
_FIELDS: dict[str, canonical.Check] = {
    "format": canonical.one_of(FORMAT),
    "os": canonical.record({"id": canonical.text, "version": canonical.text, "name": canonical.text}),
    "libc": canonical.optional(_LIBC),
    "python": canonical.text,
    "executable": canonical.text,
    "implementation": canonical.text,
    "arch": canonical.text,
    "bits": canonical.count,
    "markers": _markers,
    "tags": canonical.array(canonical.text, least=1),
    "pip": canonical.optional(canonical.text),
    "pip_tags": canonical.optional(canonical.array(canonical.text)),
    "has_venv": canonical.flag,
}
_SHAPE = canonical.record(_FIELDS)
