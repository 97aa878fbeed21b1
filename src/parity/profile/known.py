"""Systems of which C library, Python and image are known: shipped ones, and those built like RHEL."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from parity.model import Profile
from parity.profile.new import NewProfile, shipped_for
from parity.profile.propose import vendor_image
from parity.profile.search import shipped_root

_LIKE_RHEL = {
    "almalinux": "AlmaLinux",
    "centos": "CentOS Stream",
    "ol": "Oracle Linux",
    "rocky": "Rocky Linux",
}
"""Rebuilds have RHEL's C library and Pythons, package by package."""
_ENDED = frozenset((("centos", "8"),))
"""Releases whose image is still there, and whose packages are not: no recipe for them can be built."""
_SEEN = frozenset(
    ("debian11-py39", "debian12-py311", "debian13-py313", "debian12-py311-ruby31", "debian13-py313-ruby33")
)
"""Images that parity's own tests build and use; the other recipes follow the vendors' documents alone."""
_LIBCS = {
    ("amzn", "2"): "glibc 2.26",
    ("debian", "10"): "glibc 2.28",
    ("sles", "15.4"): "glibc 2.31",
    ("sles", "15.5"): "glibc 2.31",
    ("sles", "15.6"): "glibc 2.38",
    ("ubuntu", "20.04"): "glibc 2.31",
}
"""Of releases that have no shipped target. A wrong one stops at the probe, before anything is resolved."""


def known_targets(os_id: str, os_version: str) -> Mapping[str, NewProfile]:
    """What is known of a system, by name: shipped targets, else ones whose image is made from the vendor's.

    The latter have a `recipe` and an `image_folder` for it.
    """
    shipped = dict(shipped_for(os_id, os_version))
    if shipped or os_id not in _LIKE_RHEL:
        return shipped
    major = os_version.partition(".")[0]
    if (os_id, major) in _ENDED:
        return {}
    return {
        f"{os_id}{major}{name[name.index('-') :]}": _rebuilt(os_id, major, name, base)
        for name, base in shipped_for("rhel", major).items()
    }


def is_seen(profile: Profile) -> bool:
    """Whether the recipe that parity brings for a profile's image was seen working."""
    folder = profile.image.folder
    return folder is None or folder.parent != shipped_root() / "images" or folder.name in _SEEN


def known_libc(os_id: str, os_version: str) -> str:
    """The C library of a system's release; empty where it is not known."""
    # Where the targets of a system do not agree, nothing is guessed.
    of_targets = {each.libc for each in known_targets(os_id, os_version).values()}
    return of_targets.pop() if len(of_targets) == 1 else _LIBCS.get((os_id, os_version), "")


def _rebuilt(os_id: str, major: str, like: str, base: NewProfile) -> NewProfile:
    name = f"{os_id}{major}{like[like.index('-') :]}"
    image = vendor_image(os_id, major)
    recipe = (shipped_root() / "images" / like / "Dockerfile").read_text(encoding="utf-8")
    # Red Hat's minimal images have microdnf alone, those of the rebuilds dnf. The comments speak of RHEL.
    recipe = re.sub(r"(?m)^#.*\n", "", recipe).replace("microdnf", "dnf")
    title = (
        f"# {_LIKE_RHEL[os_id]} {major} with its own Python {base.python}, from the vendor's image.\n"
        "# Not seen: written by the vendor's documents, and built by nobody yet.\n"
    )
    return NewProfile(
        os_id=os_id,
        os_version=major,
        libc=base.libc,
        python=base.python,
        arch=base.arch,
        image_folder=str(Path("images", name)),
        recipe=title + re.sub(r"(?m)^FROM .*$", f"FROM {image}", recipe),
    )
