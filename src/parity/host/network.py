"""This machine's way to the network: proxies, certificates, index, logins."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from urllib.parse import urlsplit

from parity.errors import IndexFailed
from parity.host.certificates import ca_bundle, client_certificate
from parity.host.index import choose_index, named_indexes, netrc_logins
from parity.host.keyring import keyring_login
from parity.host.pipconf import default_index, pip_settings
from parity.host.uvconf import uv_settings
from parity.model.inputs import IndexSettings, NamedIndex
from parity.model.network import HostNetwork, same_address
from parity.model.veil import VARIABLE, Veil

_LOCAL_HOSTS = ("localhost", "127.0.0.1", "::1")


def host_network(indexes: IndexSettings | None, environ: Mapping[str, str]) -> HostNetwork:
    """Gather all of it; what is found and not taken stands in `warnings`.

    Args:
        indexes: the profile's, None to use this machine's own default index alone.
        environ: this process's environment.

    Raises:
        IndexFailed: a file of certificates that is named cannot be read, or pip cannot read its
            own, or an index has no address.
    """
    wanted = indexes or IndexSettings()
    veil = _veil(wanted, environ)
    pip, uv = pip_settings(environ), uv_settings(environ)
    index = choose_index(wanted.url, pip, uv, environ)
    logins, netrc_warnings = netrc_logins(environ)
    usual = default_index()
    named, named_warnings = named_indexes(_besides(wanted.named, index.url or usual), environ, logins)
    proxies = host_proxies(environ, pip)
    host = urlsplit(index.url or "").hostname or ""
    login, keyring_warning = wanted.login or index.login or logins.get(host), ""
    if login is None and index.url and _asks_keyring(environ, pip):
        login, keyring_warning = keyring_login((index.url, host))
    return HostNetwork(
        index_url=index.url,
        index_source=index.source,
        index_name=index.name,
        default_index=usual,
        proxies=proxies,
        ca_bundle=ca_bundle(environ, pip),
        client_certificate=client_certificate(environ, pip),
        index_login=login,
        logins=logins,
        named=named,
        bound=wanted.packages,
        veil=veil,
        warnings=(
            *index.warnings,
            *netrc_warnings,
            *named_warnings,
            *filter(None, [keyring_warning]),
            *_local_proxies(proxies),
        ),
    )


def _besides(named: Iterable[NamedIndex], default: str | None) -> tuple[NamedIndex, ...]:
    """Without those that are the default index once more: a name on both is on one index."""
    return tuple(
        each
        for each in named
        if each.packages or each.login or not default or not same_address(each.url, default)
    )


def _veil(indexes: IndexSettings, environ: Mapping[str, str]) -> Veil:
    """What the variables in the indexes' paths stand for here."""

    def value(found: re.Match[str]) -> str:
        if not environ.get(found[1]):
            raise IndexFailed(
                f"the environment variable {found[1]} is not set",
                where=found[0],
                remedy=f"set it: {found[1]}=… parity build …",
            )
        return environ[found[1]]

    return Veil(tuple((server, told, VARIABLE.sub(value, told)) for server, told in indexes.hidden))


def _asks_keyring(environ: Mapping[str, str], pip: Mapping[str, str]) -> bool:
    """Whether pip or uv is told to use the keyring for its index: without that, nobody waits for one."""
    by_pip = pip.get("keyring-provider", "") in ("import", "subprocess")
    return by_pip or environ.get("UV_KEYRING_PROVIDER") == "subprocess"


def host_proxies(environ: Mapping[str, str], pip: Mapping[str, str]) -> dict[str, str]:
    """`http`, `https` and `no` from the environment (lower case wins), else pip's `proxy` setting."""
    found = {}
    for key in ("http", "https", "no"):
        # As curl does; in a CGI program HTTP_PROXY may be a stranger's header, so the small one comes first.
        value = environ.get(f"{key}_proxy") or environ.get(f"{key.upper()}_PROXY")
        if key != "no":
            value = value or environ.get("all_proxy") or environ.get("ALL_PROXY") or pip.get("proxy")
        if value:
            found[key] = value
    return found if "http" in found or "https" in found else {}


def _local_proxies(proxies: Mapping[str, str]) -> Iterator[str]:
    for key in ("http", "https"):
        address = proxies.get(key, "")
        host = urlsplit(address if "://" in address else f"//{address}").hostname
        if host in _LOCAL_HOSTS:
            yield f"the {key} proxy is on this machine ({host}): a container cannot reach it under that name"
