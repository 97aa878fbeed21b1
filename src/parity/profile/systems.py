"""Operating systems as people write them (`RHEL 9`, `Rocky Linux 9.4`, `bullseye`), and their targets."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable

from parity.profile.new import shipped_for, shipped_targets
from parity.profile.search import available

_NOISE = re.compile(r"\b(gnu|linux|enterprise|server|lts|release|version)\b")
_IDS = {
    "alma": "almalinux", "almalinux": "almalinux", "alpine": "alpine", "alpinelinux": "alpine",
    "al": "amzn", "amazon": "amzn", "amazonlinux": "amzn", "amzn": "amzn",
    "centos": "centos", "centosstream": "centos", "debian": "debian", "fedora": "fedora",
    "ol": "ol", "oel": "ol", "oracle": "ol", "oraclelinux": "ol",
    "el": "rhel", "redhat": "rhel", "redhatenterprise": "rhel", "rhel": "rhel",
    "rocky": "rocky", "rockylinux": "rocky",
    "sle": "sles", "sles": "sles", "suse": "sles", "ubuntu": "ubuntu",
}  # fmt: skip
"""What people call a system, in small letters and without spaces, to its ID in os-release."""
_CODENAMES = {
    "buster": "debian 10", "bullseye": "debian 11", "bookworm": "debian 12", "trixie": "debian 13",
    "focal": "ubuntu 20.04", "jammy": "ubuntu 22.04", "noble": "ubuntu 24.04",
}  # fmt: skip
_SPELLED = re.compile(r"(?P<name>[a-z][a-z ]*?) ?(?P<version>[0-9]+(\.[0-9]+)*)( ?sp ?(?P<pack>[0-9]+))?")


def read_system(text: str) -> tuple[str, str] | None:
    """ID and VERSION_ID of a system in any spelling that is known; None for others.

    `SLES 15 SP7` is `sles 15.7`, and what is in brackets does not count: `Debian 11 (bullseye)`.
    """
    plain = re.sub(r"\([^)]*\)", " ", text[:200].lower())
    plain = " ".join(_NOISE.sub(" ", re.sub(r"[^a-z0-9.]+", " ", plain)).split())
    found = _SPELLED.fullmatch(_without_codename(plain))
    known = _IDS.get(found["name"].replace(" ", "")) if found else None
    if found is None or known is None:
        return None
    return known, found["version"] + (f".{found['pack']}" if found["pack"] else "")


def _without_codename(plain: str) -> str:
    """What a code name stands for: by itself, or behind the system that it is one of."""
    before, _, name = plain.rpartition(" ")
    meant = _CODENAMES.get(name, "")
    return meant if before in ("", meant, meant.partition(" ")[0]) and meant else plain


def likely_targets(word: str, *, sure: bool) -> tuple[str, ...]:
    """The profiles that a word which names none was probably meant to name.

    Args:
        word: as it was given.
        sure: only what is hardly anything else: the word could be a package just as well.
    """
    squeezed = re.sub(r"[^a-z0-9]+", "", word[:100].lower())
    system = read_system(word)
    same = tuple(shipped_for(*system)) if system else ()
    begun = tuple(name for name in shipped_targets() if squeezed and name.startswith(f"{squeezed}-"))
    if same or begun:
        return same or begun
    if squeezed in _IDS or squeezed in _CODENAMES or system is not None:
        begin = _IDS.get(squeezed) or (system[0] if system else squeezed)
        found = [name for name, each in shipped_targets().items() if each.os_id == begin]
        if found:
            return tuple(found)
    # Many a package looks a little like a target.
    return _alike(word, available(), 0.8 if sure else 0.6)


def _alike(word: str, names: Iterable[str], cutoff: float) -> tuple[str, ...]:
    # It takes time with the square of the length, and the word is a stranger's.
    plain = word[:100].lower().replace("_", "-").replace(" ", "")
    return tuple(difflib.get_close_matches(plain, list(names), n=1, cutoff=cutoff))
