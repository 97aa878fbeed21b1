"""A musl system with CPython 3.11 and busybox whose os-release is Alpine's, from Debian's source packages.

Not like Alpine: no apk and no packages of it; its C compiler is Debian's, with musl's headers.
"""

from __future__ import annotations

from pathlib import Path

from tests.reach.families.kept import Recipe, made

_HERE = Path(__file__).parent


def recipe() -> Recipe:
    """How it is made: some 25 minutes, most of them OpenSSL's and CPython's."""
    files = {"Dockerfile": (_HERE / "musl.Dockerfile").read_bytes()}
    arguments = {"BASE": "parity/debian12-py311:latest", "MUSL": "parity/debian13-py313:latest"}
    return Recipe("musl", files, arguments, "build", ("plain", "builder"))


def musl_images() -> Recipe:
    """The recipe, its images made where they are not there."""
    found = recipe()
    made(found)
    return found
