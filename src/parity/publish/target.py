"""Where to publish: addresses judged, and what is needed to reach them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from urllib.parse import SplitResult, urlsplit, urlunsplit
from urllib.request import proxy_bypass_environment  # type: ignore[attr-defined]

from parity.errors import AddressUnusable
from parity.model.network import Login, clean_url

_INSTALLED_FROM = ("simple", "+simple")


@dataclass(frozen=True)
class UploadTarget:
    """An index that takes uploads.

    Attributes:
        url: where uploads go; without credentials.
        index_urls: where its simple index may be, the first that knows a project counts.
        login: user and password; None to come as nobody.
        proxies: `http`, `https` and `no` as in the environment.
        ca_bundle: PEM blocks; None for the library's own.
        redact: takes secrets out of a text before it is shown.
    """

    url: str
    index_urls: tuple[str, ...]
    login: Login | None = field(default=None, repr=False)
    proxies: Mapping[str, str] = field(default_factory=dict, repr=False)
    ca_bundle: str | None = field(default=None, repr=False)
    redact: Callable[[str], str] = field(default=str, repr=False)

    def proxies_used(self) -> dict[str, str]:
        """The proxies on the way to this target: none where `no` names its host."""
        host = urlsplit(self.url).netloc
        if self.proxies.get("no") and proxy_bypass_environment(host, {"no": self.proxies["no"]}):
            return {}
        return {scheme: url for scheme, url in self.proxies.items() if scheme in ("http", "https")}


def upload_url(text: str) -> str:
    """The address to upload to, judged.

    Raises:
        AddressUnusable: it is no http or https address, holds credentials, or is one to install from.
    """
    parts = _judged(text)
    stem, _, last = parts.path.rstrip("/").rpartition("/")
    if last in _INSTALLED_FROM:
        upload = urlunsplit((parts.scheme, parts.netloc, stem + "/", "", ""))
        raise AddressUnusable(
            "that is the address to install from, not the one to upload to",
            where=text,
            remedy=f"try --to {upload}; most indexes take uploads there",
        )
    return text


def index_url(text: str) -> str:
    """The address of a simple index, judged, ending in a slash; AddressUnusable as for `upload_url`."""
    _judged(text)
    return text.rstrip("/") + "/"


def _judged(text: str) -> SplitResult:
    where = clean_url(text)
    try:
        parts = urlsplit(text)
        good = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        raise AddressUnusable("that is no address", where=where) from None
    if not good or not text.isprintable() or " " in text:
        raise AddressUnusable("that is no http or https address", where=where)
    # A command line is seen by all in the process list, and kept in the shell's history.
    if "@" in parts.netloc:
        raise AddressUnusable(
            "the address holds a user name or a password, which others on this machine could read",
            where=where,
            remedy="leave them out and set PARITY_PUBLISH_USERNAME and PARITY_PUBLISH_PASSWORD, or use netrc",
        )
    if parts.query or parts.fragment:
        raise AddressUnusable("the address holds a query or a fragment", where=where)
    return parts


def index_candidates(url: str) -> tuple[str, ...]:
    """Where the simple index of an upload address may be: devpi's place, then everyone else's.

    Nexus, Artifactory, pypiserver, Gitea and GitLab have `simple/` below the upload address; devpi has
    `+simple/`; an address that ends in `legacy/` has it beside.
    """
    base = url.rstrip("/")
    stem, _, last = base.rpartition("/")
    if last == "legacy":
        return (f"{stem}/simple/",)
    # devpi's first: any other index answers 404 there, and is asked at the second place then.
    return (f"{base}/+simple/", f"{base}/simple/")
