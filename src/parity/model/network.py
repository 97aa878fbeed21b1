"""How this machine reaches the package index: what may pass into the resolving container, and only there."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from urllib.parse import quote, unquote, urlsplit, urlunsplit

from parity.model.inputs import NamedIndex
from parity.model.veil import Veil, origin
from parity.wire.network import IndexSaid, Reach

# Addresses in other programs' messages: they end at blanks, quotes and brackets; `[…]` may be IPv6's.
_URL = re.compile(
    r"\b(https?|ftp|file|git|git\+\w+|ssh|socks5h?)://[^\s'\"`<>|,;(){}\[\]]+(?:\[[^\]\s]*\][^\s'\"`<>|,;(){}]*)?"
)
_WEB = ("http", "https", "git+http", "git+https")
# Shorter ones occur in any text: replacing them would spoil messages, and reveal them by the gaps.
_SHORTEST_SECRET = 4

DEFAULT_INDEX = "default"
"""What the index that has no name of its own is called."""

Login = tuple[str, str]


@dataclass(frozen=True)
class IndexAccess:
    """A named index, and who this machine is there."""

    index: NamedIndex
    login: Login | None = field(default=None, repr=False)


@dataclass(frozen=True)
class HostNetwork:
    """Indexes, proxies, certificates and logins of this machine. Its repr shows no secret.

    Attributes:
        index_url: the default index, without user, password, query or fragment; None for the tools' default.
        index_source: where that was said: `profile`, `PIP_INDEX_URL`, `pip's configuration`, ….
        index_name: uv's name for it, empty where it has none.
        default_index: the address that pip uses where nothing is said, None where it does not tell.
        proxies: `http`, `https` and `no` as in the environment; may hold credentials.
        ca_bundle: PEM blocks, None where nobody said anything and the image's own are used.
        client_certificate: PEM blocks, a private key and the certificates that go with it; None for none.
        index_login: user and password for the index's origin.
        logins: user and password by host name (from netrc), for files that lie elsewhere.
        named: the profile's further indexes.
        bound: what comes from the default index alone (names, or beginnings with `*`).
        warnings: what was found on this machine and is not taken, a sentence each.
        veil: over the values of variables in the paths of the indexes' addresses.
    """

    index_url: str | None = None
    index_source: str = "the tools' default"
    index_name: str = ""
    default_index: str | None = None
    proxies: Mapping[str, str] = field(default_factory=dict, repr=False)
    ca_bundle: str | None = field(default=None, repr=False)
    client_certificate: str | None = field(default=None, repr=False)
    index_login: Login | None = field(default=None, repr=False)
    logins: Mapping[str, Login] = field(default_factory=dict, repr=False)
    named: tuple[IndexAccess, ...] = ()
    bound: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    veil: Veil = field(default_factory=Veil)

    def job(self, urls: Iterable[str] = (), *, named: Mapping[str, str] | None = None) -> Reach:
        """The part of a guest's job that says how to reach the index and the given addresses.

        It holds secrets: it may go to a guest's stdin and nowhere else. Logins are given only for
        origins that are needed, and by host name only over https.

        Args:
            urls: what is fetched.
            named: for addresses of named indexes, the index's name (or its address).
        """
        credentials: dict[str, Login] = {}
        for url in urls:
            login = self.logins.get(urlsplit(url).hostname or "")
            # netrc knows no schemes, and over http a login could be read by everybody on the way.
            if login and url.startswith("https://"):
                credentials[origin(url)] = login
        if self.index_url and self.index_login:
            credentials[origin(self.index_url)] = self.index_login
        for url, index in (named or {}).items():
            # Two indexes of one server may have two logins, so these go with the address, not the origin.
            credentials.update(self._login_at(url, index))
        return {
            "index_url": self.index_url,
            "indexes": self._routes() if self.named else [],
            "proxies": dict(self.proxies),
            "ca": self.ca_bundle,
            "client_certificate": self.client_certificate,
            "credentials": {key: list(login) for key, login in credentials.items()},
        }

    def _login_at(self, url: str, index: str) -> dict[str, Login]:
        """A named index's login for a file that lies at the index's own origin."""
        for one in self.named:
            meant = index in (one.index.name, one.index.url) or index.rstrip("/") == one.index.url.rstrip("/")
            if meant and one.login and origin(url) == origin(one.index.url):
                return {url: one.login}
        return {}

    def _routes(self) -> list[IndexSaid]:
        """All indexes with what is bound to them, the default one first (see `parity.guest.net.routes`)."""
        first = NamedIndex(DEFAULT_INDEX, self.index_url or self.default_index or "", self.bound)
        return [
            {
                "name": one.index.name,
                "url": one.index.url,
                "packages": list(one.index.packages),
                "flat": one.index.flat,
                "credentials": {origin(one.index.url): list(one.login)} if one.login else {},
            }
            for one in (IndexAccess(first, self.index_login), *self.named)
        ]

    def login_remedy(self, index: str = DEFAULT_INDEX) -> str:
        """What to do where an index wants a login, or another one than it was sent."""
        named = next((one for one in self.named if one.index.name == index), None)
        name = index if named else self.index_name or DEFAULT_INDEX
        user, password = index_variables(name)
        if (named.login if named else self.index_login) is None:
            also = " or the keyring" if named else ""
            return f"set {user} and {password}, or put the credentials into netrc{also}"
        source = "" if named or not self.index_url else f"{self.index_source}, "
        places = f"{source}{user} and {password}, netrc, keyring"
        return f"the credentials that were sent are refused: correct them where they stand ({places})"

    def redact(self, text: str) -> str:
        """The text without user information and queries in addresses, and without any known secret."""
        text = _URL.sub(lambda match: clean_url(match[0]), text)
        # The longest first: a secret that is part of another one would leave the rest of it.
        for secret in sorted(self._secrets(), key=len, reverse=True):
            text = text.replace(secret, "***")
        return self.veil.out_of(text)

    def _secrets(self) -> set[str]:
        known = (self.index_login, *(one.login for one in self.named))
        logins = [*self.logins.values(), *(login for login in known if login)]
        for proxy in self.proxies.values():
            user_info = urlsplit(proxy if "://" in proxy else f"//{proxy}").netloc.rpartition("@")[0]
            user, _, password = user_info.partition(":")
            logins.append((unquote(user), unquote(password)))
        found: set[str] = set()
        for user, password in logins:
            # A token may stand where the user's name does, without a password.
            secret = password or user
            pair = base64.b64encode(f"{user}:{password}".encode()).decode()
            # As it is, as it stands in addresses, and as it goes over the wire (Basic, RFC 7617).
            found |= {secret, quote(secret, safe=""), pair}
        return {secret for secret in found if len(secret) >= _SHORTEST_SECRET}


def index_variables(name: str) -> tuple[str, str]:
    """The variables that hold a named index's user and password."""
    # uv's own rule for the names of these variables.
    stem = "".join(c.upper() if c.isalnum() else "_" for c in name)
    return f"UV_INDEX_{stem}_USERNAME", f"UV_INDEX_{stem}_PASSWORD"


def clean_url(url: str) -> str:
    """An address without user, password, query and fragment."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return "***"
    if parts.scheme in _WEB and not names_a_server(url):
        return "***"  # what is no port may be a password with a `/` in it
    # `user:password@host` reads as an address of the scheme `user`; nobody meant one.
    if not parts.netloc and parts.scheme not in ("", "file") and "@" in parts.path:
        return "***@" + parts.path.rpartition("@")[2]
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))


def same_address(one: str, other: str) -> bool:
    """Whether two addresses are of one index; login, capitals in the host and a last slash do not count."""
    first, second = (urlsplit(clean_url(each).rstrip("/")) for each in (one, other))
    return first._replace(netloc=first.netloc.lower()) == second._replace(netloc=second.netloc.lower())


def names_a_server(address: str) -> bool:
    """Whether an address has a host and, if any, a port that is one."""
    try:
        parts = urlsplit(address)
        return bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


def split_login(url: str) -> tuple[str, Login | None]:
    """An address and the credentials that stood in it, percent-decoded."""
    parts = urlsplit(url)
    user_info, _, _ = parts.netloc.rpartition("@")
    if not user_info:
        return clean_url(url), None
    user, _, password = user_info.partition(":")
    return clean_url(url), (unquote(user), unquote(password))
