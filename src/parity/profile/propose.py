"""A profile proposed from a machine's facts: a shipped one where it fits, else the vendor's image."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from importlib import resources
from typing import TypedDict

from parity.errors import FactsInvalid
from parity.portable.machine.host import minor_of, same_release
from parity.profile.new import NewProfile, shipped_targets
from parity.wire.facts import FactsSaid

_CARRIES = (
    "The vendor's image that carries this Python. Its pip is newer than a stock host's, so it proves a",
    "little less: a folder with the target's own packages (`parity docs own-image`) is closer.",
)
_BARE = (
    "The vendor's image; it carries no Python of the target's yet. Make a folder with a Dockerfile that",
    "begins `FROM {image}` and installs the target's own Python and pip (`parity docs own-image` says how),",
    "then replace the next line with `folder: PATH`.",
)


class _Pythons(TypedDict, total=False):
    with_python: dict[str, dict[str, str]]


class Vendor(_Pythons):
    """A vendor's image, how much of the version names it, and the images that carry a Python."""

    image: str
    release: str


def propose(facts: FactsSaid, where: str, *, named_image: bool = False) -> NewProfile:
    """The profile of the machine that these facts are of; `image` stays empty where none is known.

    Args:
        facts: from `parity.probe.read_facts`.
        where: names them in errors.
        named_image: somebody names the image; none is proposed, and the target is said in full.

    Raises:
        FactsInvalid: the machine has something that no profile can say.
    """
    measured = _measured(facts, where)
    if named_image or facts["implementation"] != "cpython":
        return measured
    return _shipped(measured) or with_vendor_image(measured)


def _measured(facts: FactsSaid, where: str) -> NewProfile:
    system, libc = facts["os"], facts["libc"]
    if libc is None:
        raise FactsInvalid(
            "that machine's C library is neither glibc nor musl",
            where=where,
            remedy="wheels for other C libraries do not exist; parity cannot build for it",
        )
    if not system["version"]:
        raise FactsInvalid(
            f"that machine's os-release has no VERSION_ID ({system['id']}): it could not be compared",
            where=where,
            remedy="parity needs a system with releases; write a profile of the nearest one by hand",
        )
    version = ".".join(str(number) for number in libc["version"])
    return NewProfile(
        os_id=system["id"],
        os_version=system["version"],
        libc=f"{libc['family']} {version}",
        python=minor_of(facts["python"]),
        arch=facts["arch"],
        notes=(f"Measured: {system['name']}, {libc['family']} {libc['text']}, {_interpreter(facts)}",),
    )


def _interpreter(facts: FactsSaid) -> str:
    return f"{facts['implementation']} {facts['python']}, pip {facts['pip'] or 'none'}, {facts['arch']}"


def _shipped(measured: NewProfile) -> NewProfile | None:
    """The shipped profile of the same system, C library and Python; only the architecture may differ."""
    for name, base in shipped_targets().items():
        same = (base.os_id, base.libc, base.python) == (measured.os_id, measured.libc, measured.python)
        if same and same_release(base.os_id, base.os_version, measured.os_version):
            arch = "" if measured.arch == base.arch else measured.arch
            return NewProfile(extends=name, arch=arch, notes=measured.notes)
    return None


def vendor_image(os_id: str, os_version: str) -> str:
    """The vendor's image of a system that is among `vendors`."""
    return vendors()[os_id]["image"].format(**_words(os_version))


def _words(os_version: str) -> dict[str, str]:
    numbers = os_version.split(".")
    return {"major": numbers[0], "minor": ".".join(numbers[:2]), "version": os_version}


def with_vendor_image(measured: NewProfile) -> NewProfile:
    """The machine's own target with the vendor's image, where parity knows it; else as it is."""
    vendor = vendors().get(measured.os_id)
    if vendor is None:
        return measured
    words = _words(measured.os_version)
    image = vendor.get("with_python", {}).get(words["major"], {}).get(measured.python, "")
    notes = _CARRIES if image else _BARE
    image = image or vendor["image"].format(**words)
    return replace(
        measured,
        os_version=vendor["release"].format(**words),
        image=image,
        image_notes=tuple(note.format(image=image) for note in notes),
    )


@cache
def vendors() -> Mapping[str, Vendor]:
    """By os-release's ID: the vendor's image, as much of the version as it keeps, and those with a Python.

    Source: the design note on targets.
    """
    text = resources.files("parity.profile").joinpath("vendors.json").read_text(encoding="utf-8")
    found: dict[str, Vendor] = json.loads(text)
    return found
