"""This machine's way to the network: proxies, certificates, index, logins."""

from __future__ import annotations

import re
import ssl
from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.parse import urlsplit

from parity.errors import IndexFailed
from parity.host.index import choose_index, netrc_logins
from parity.host.pipconf import default_index, pip_settings
from parity.host.uvconf import uv_settings
from parity.model.network import HostNetwork

_PEM = re.compile(
    rb"-----BEGIN (?:TRUSTED )?CERTIFICATE-----[\s0-9A-Za-z+/=]+-----END (?:TRUSTED )?CERTIFICATE-----"
)
_LOCAL_HOSTS = ("localhost", "127.0.0.1", "::1")
_SYSTEM_BUNDLES = (
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
)


def host_network(profile_index: str | None, environ: Mapping[str, str]) -> HostNetwork:
    """Gather all of it; what is found and not taken stands in `warnings`.

    Args:
        profile_index: the profile's index, None to use this machine's own.
        environ: this process's environment.

    Raises:
        IndexFailed: a CA bundle that is named cannot be read, or the profile's index is no address.
    """
    pip = pip_settings(environ)
    index = choose_index(profile_index, pip, uv_settings(environ), environ)
    logins, netrc_warnings = netrc_logins(environ)
    proxies = host_proxies(environ, pip)
    host = urlsplit(index.url or "").hostname or ""
    return HostNetwork(
        index_url=index.url,
        index_source=index.source,
        default_index=default_index(),
        proxies=proxies,
        ca_bundle=ca_bundle(environ, pip),
        index_login=index.login or logins.get(host),
        logins=logins,
        warnings=(*index.warnings, *netrc_warnings, *_local_proxies(proxies)),
    )


def host_proxies(environ: Mapping[str, str], pip: Mapping[str, str]) -> dict[str, str]:
    """`http`, `https` and `no` from the environment (lower case wins), else pip's `proxy` setting."""
    found = {}
    for key in ("http", "https", "no"):
        value = environ.get(f"{key}_proxy") or environ.get(f"{key.upper()}_PROXY")
        if key != "no":
            value = value or environ.get("all_proxy") or environ.get("ALL_PROXY") or pip.get("proxy")
        if value:
            found[key] = value
    return found if "http" in found or "https" in found else {}


def ca_bundle(environ: Mapping[str, str], pip: Mapping[str, str]) -> str | None:
    """The certificates that this machine trusts, as PEM blocks; None where it has none.

    The first that is set counts: pip's `cert`, REQUESTS_CA_BUNDLE, CURL_CA_BUNDLE, SSL_CERT_FILE,
    SSL_CERT_DIR, else the system's bundle.
    """
    for source, name in _named_bundles(environ, pip):
        pem = _read_bundle(Path(name), source)
        if pem is None:
            raise IndexFailed(
                f"{source} names a CA bundle that cannot be read", where=name, remedy="correct that setting"
            )
        return pem
    default = ssl.get_default_verify_paths()
    for path in filter(None, (default.cafile, *_SYSTEM_BUNDLES, default.capath)):
        pem = _read_bundle(Path(path), "the system")
        if pem:
            return pem
    return None


def _named_bundles(environ: Mapping[str, str], pip: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    if pip.get("cert"):
        yield "pip's cert", pip["cert"]
    for variable in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE", "SSL_CERT_DIR"):
        if environ.get(variable):
            yield variable, environ[variable]


def _read_bundle(path: Path, source: str) -> str | None:
    """All certificates of a file, or of a folder's files; None where there is none."""
    try:
        files = sorted(path.iterdir()) if path.is_dir() else [path]
        blocks = dict.fromkeys(block for file in files for block in _PEM.findall(file.read_bytes()))
    except OSError:
        return None
    pem = b"\n".join(blocks).decode("ascii") + "\n"
    if not blocks:
        return None
    try:
        ssl.create_default_context(cadata=pem)
    except ssl.SSLError as error:
        raise IndexFailed(f"the CA bundle of {source} is damaged: {error.reason}", where=str(path)) from error
    return pem


def _local_proxies(proxies: Mapping[str, str]) -> Iterator[str]:
    for key in ("http", "https"):
        address = proxies.get(key, "")
        host = urlsplit(address if "://" in address else f"//{address}").hostname
        if host in _LOCAL_HOSTS:
            yield f"the {key} proxy is on this machine ({host}): a container cannot reach it under that name"
