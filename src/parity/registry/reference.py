"""Where a bundle lies in a registry. Pure."""

from __future__ import annotations

import re
from typing import NamedTuple

from parity.errors import AddressUnusable

SCHEME = "oci://"
"""What may stand before a reference, and must where a path could be meant."""
# The OCI distribution specification, "Pulling manifests"; a host is a name, an address or IPv6 in brackets.
_HOST = r"(?:[A-Za-z0-9](?:[A-Za-z0-9.-]{0,252}[A-Za-z0-9])?|\[[0-9A-Fa-f:]{2,39}\])(?::[0-9]{1,5})?"
_PART = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
_REFERENCE = re.compile(
    rf"(?P<host>{_HOST})/(?P<name>{_PART}(?:/{_PART})*)"
    r"(?::(?P<tag>[A-Za-z0-9_][A-Za-z0-9._-]{0,127}))?(?:@(?P<digest>sha256:[0-9a-f]{64}))?"
)
_LONGEST = 512
# Greedy: a password may hold an @ or a slash, too. A digest has an @ of its own.
_LOGIN = re.compile(r"^([a-z]+://)?.*@(?!sha256:)")


class RegistryReference(NamedTuple):
    """`host/name:tag@digest`; tag or digest may be empty, not both."""

    host: str
    name: str
    tag: str
    digest: str

    @property
    def wanted(self) -> str:
        """What its manifest is asked for by."""
        return self.digest or self.tag

    def __str__(self) -> str:
        """The reference as people write it."""
        tag = f":{self.tag}" if self.tag else ""
        return f"{self.host}/{self.name}{tag}{'@' + self.digest if self.digest else ''}"


def _shown(text: str) -> str:
    """What was said, as a log may have it: a login is refused here, and not told on."""
    return _LOGIN.sub(r"\1***@", text[:_LONGEST])


def _found(plain: str) -> re.Match[str] | None:
    # The length first: names with many hyphens would keep the pattern busy.
    found = _REFERENCE.fullmatch(plain) if len(plain) <= _LONGEST else None
    host = found["host"] if found else ""
    # As Docker tells a host from the first part of a name.
    return found if "." in host or ":" in host or host == "localhost" else None


def _meant(plain: str) -> str:
    """Without what browsers write before it, and the name in small letters; nothing of one with a login."""
    host, slash, rest = plain.removeprefix("https://").removeprefix("http://").partition("/")
    name, colon, tag = rest.partition(":")
    return "" if "@" in plain else f"{host}{slash}{name.lower()}{colon}{tag}"


def parse_reference(text: str) -> RegistryReference:
    """Read `[oci://]HOST[:PORT]/NAME:TAG` or `…/NAME[:TAG]@sha256:DIGEST`.

    Raises:
        AddressUnusable: it is no such reference. No registry and no tag is ever implied.
    """
    plain = text.removeprefix(SCHEME)
    remedy = "write it as HOST[:PORT]/NAME:TAG, such as registry.example:5000/team/web:1.0"
    found = _found(plain)
    if found is None:
        meant = _found(_meant(plain))
        remedy = f"write it as HOST[:PORT]/NAME:TAG: {meant[0]}" if meant else remedy
        raise AddressUnusable("that is no reference in a registry", where=_shown(text), remedy=remedy)
    if not (found["tag"] or found["digest"]):
        raise AddressUnusable("the reference has no tag", where=text, remedy=remedy)
    return RegistryReference(found["host"], found["name"], found["tag"] or "", found["digest"] or "")
