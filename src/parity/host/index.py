"""Which package index: the profile's, else this machine's own setting, else the tools' default.

One default index only: further ones are never searched equally (a higher version of the same name on
the wrong one would win), and folders of this machine do not exist inside a container. Besides it there
are the indexes that the profile names; what this machine's own settings name is not taken.
"""

from __future__ import annotations

import netrc
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from parity.errors import IndexFailed
from parity.host.keyring import keyring_login
from parity.host.uvconf import UvSettings
from parity.model.inputs import NamedIndex
from parity.model.network import (
    DEFAULT_INDEX,
    IndexAccess,
    Login,
    clean_url,
    index_variables,
    names_a_server,
    split_login,
)

_WEB = ("https://", "http://")
_LOCAL_HOSTS = ("localhost", "127.0.0.1", "::1", "[::1]")


@dataclass(frozen=True)
class HostIndex:
    """The chosen index; `url` has no credentials, None for the tools' default; `name` is uv's for it."""

    url: str | None
    source: str
    login: Login | None = field(default=None, repr=False)
    warnings: tuple[str, ...] = ()
    name: str = ""


def choose_index(
    profile_url: str | None, pip: Mapping[str, str], uv: UvSettings, environ: Mapping[str, str]
) -> HostIndex:
    """Choose the default index and say what is left out.

    Raises:
        IndexFailed: the profile's index is no http or https address, or one names no server.
    """
    if profile_url and not profile_url.startswith(_WEB):
        raise IndexFailed("the profile's index is not an http or https address", where=clean_url(profile_url))
    warnings = [*uv.warnings, *_left_out(pip, uv)]
    # A local one is passed over and the next counts: pip here may use a folder, the container cannot.
    for url, source, name in _candidates(profile_url, pip, uv, environ):
        if not url.startswith(_WEB):
            warnings.append(f"the index from {source} lies on this machine alone and is not taken")
            continue
        if not names_a_server(url):
            raise _no_server(source)
        address, login = split_login(url)
        if urlsplit(address).hostname in _LOCAL_HOSTS:
            warnings.append(
                f"the index from {source} is at {address}: a container cannot reach that host name"
            )
        login = login or named_login(name or DEFAULT_INDEX, environ)
        return HostIndex(address, source, login, tuple(warnings), name or "")
    return HostIndex(None, "the tools' default", None, tuple(warnings))


def named_indexes(
    indexes: Iterable[NamedIndex], environ: Mapping[str, str], logins: Mapping[str, Login]
) -> tuple[tuple[IndexAccess, ...], tuple[str, ...]]:
    """Who this machine is at each of the profile's indexes, and warnings.

    The first that knows counts: what stood with the address, UV_INDEX_<NAME>_USERNAME and _PASSWORD,
    netrc, the keyring.

    Returns:
        the indexes in their order, each with its login or None; and the warnings, a sentence each.

    Raises:
        IndexFailed: the address of one cannot be used.
    """
    found, warnings = [], []
    for index in indexes:
        if not index.url.startswith(_WEB):
            raise IndexFailed(f"the index {index.name} has no http or https address", where=index.name)
        if index.folder is not None:
            found.append(IndexAccess(index))
            continue
        if not names_a_server(index.url):
            raise _no_server(index.name)
        host = urlsplit(index.url).hostname or ""
        login = index.login or named_login(index.name, environ) or logins.get(host)
        if login is None:
            login, warning = keyring_login((index.url, host))
            warnings += [f"{warning}, for the index {index.name}"] if warning else []
        if host in _LOCAL_HOSTS:
            warnings.append(
                f"the index {index.name} is at {index.url}: a container cannot reach that host name"
            )
        found.append(IndexAccess(index, login))
    return tuple(found), tuple(warnings)


def _no_server(where: str) -> IndexFailed:
    """The address itself is not told: what seems to be no port may be half a password."""
    return IndexFailed(
        "the index's address has a host or port that is none",
        where=where,
        remedy="write a `/` in a password as %2F",
    )


def netrc_logins(environ: Mapping[str, str]) -> tuple[dict[str, Login], tuple[str, ...]]:
    """User and password by host name from NETRC or ~/.netrc, and warnings about an unreadable file."""
    home = environ.get("HOME")
    path = Path(environ.get("NETRC") or Path(home or "/") / ".netrc")
    try:
        hosts = netrc.netrc(str(path)).hosts
    except FileNotFoundError:
        return {}, ()
    except (OSError, netrc.NetrcParseError, UnicodeDecodeError) as error:
        return {}, (f"{path} cannot be read and is left out ({type(error).__name__})",)
    # Not netrc's `default`: a login for any server would be sent to any server.
    return {host: (entry[0], entry[2] or "") for host, entry in hosts.items() if host != "default"}, ()


def _candidates(
    profile_url: str | None, pip: Mapping[str, str], uv: UvSettings, environ: Mapping[str, str]
) -> Iterator[tuple[str, str, str | None]]:
    """(address, where it was said, uv's name for it), the strongest first."""
    if profile_url:
        yield profile_url, "the profile", None
    if pip.get("index-url"):
        yield pip["index-url"], "PIP_INDEX_URL" if environ.get("PIP_INDEX_URL") else "pip's settings", None
    if uv.index:
        yield uv.index, uv.source, uv.name


def _left_out(pip: Mapping[str, str], uv: UvSettings) -> Iterator[str]:
    for key in ("find-links", "extra-index-url"):
        for source in pip.get(key, "").split():
            yield _reason(source, f"pip's {key}")
    for source in uv.others:
        yield _reason(source, "uv's settings")
    if pip.get("trusted-host"):
        yield "pip's trusted-host is not taken: certificates are always checked"
    if pip.get("no-index", "").lower() in ("1", "true", "yes", "on"):
        yield "pip's no-index is not taken: parity resolves from an index"


def _reason(source: str, said_by: str) -> str:
    if source.startswith(_WEB):
        return f"{clean_url(source)} ({said_by}) is not taken: each package comes from one index"
    hint = "; name it in the profile: `indexes: [{name: wheels, path: …}]`" if "find-links" in said_by else ""
    return f"{clean_url(source)} ({said_by}) lies on this machine alone and is not taken{hint}"


def named_login(name: str, environ: Mapping[str, str]) -> Login | None:
    """What the environment says for an index of that name, as uv reads it."""
    user, password = (environ.get(variable, "") for variable in index_variables(name))
    return (user, password) if user or password else None
