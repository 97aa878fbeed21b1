"""References to images: `[HOST[:PORT]/]NAME[:TAG][@sha256:DIGEST]` (OCI distribution specification)."""

from __future__ import annotations

import re
from collections.abc import Iterable

from parity.model import repository

_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
_SHORT = len("sha256:") + 12


def digest_of(reference: str) -> str:
    """The digest that a reference names, empty where it names none that is sound."""
    found = reference.partition("@")[2]
    return found if _DIGEST.fullmatch(found) else ""


def short_pin(pin: str) -> str:
    """A name by digest, or a digest alone, for people: the name whole and enough of the digest."""
    name, at, digest = pin.rpartition("@")
    return name + at + digest[:_SHORT]


def own_digest(reference: str, digests: Iterable[str]) -> str:
    """The reference by digest, where it is one already or the engine knows one of the same repository.

    Args:
        reference: the profile's.
        digests: what the engine has for the image, of whatever repositories.
    """
    own = repository(reference)
    if digest_of(reference):
        return f"{own}@{digest_of(reference)}"
    # More than one where it was pulled by its platform's digest and by that of an index as well.
    found = sorted(digest_of(each) for each in digests if own and _same(repository(each), own))
    return next((f"{own}@{digest}" for digest in found if digest), "")


def _same(full: str, own: str) -> bool:
    """Whether a repository's full name is meant by a short one: some engines add the default registry."""
    if full == own:
        return True
    host, _, rest = full.partition("/")
    return "." in host and "." not in own.partition("/")[0] and rest in (own, f"library/{own}")
