"""Where a server listens, and with which certificate. Standard library only, Python 3.6 and later."""

import re
import socket
import sys
from contextlib import suppress
from typing import NamedTuple, Optional, Tuple, Type

from ...portable.errors import ServeFailed

BROKEN: Tuple[Type[OSError], ...] = (ConnectionError, socket.timeout)
"""How a connection may break."""
_HAS_TLS = False
with suppress(ImportError):  # some Pythons are built without it
    import ssl

    BROKEN, _HAS_TLS = (*BROKEN, ssl.SSLError), True
Tls = Optional["ssl.SSLContext"]
"""A server's TLS settings; None for none."""

_MAX_PORT = 65535
_BIND = re.compile(r"(?P<host>\[[0-9A-Fa-f:.%]+\]|[^:\s\[\]]*)(?::(?P<port>[0-9]{1,6}))?")


class Address(NamedTuple):
    """Where to listen; port 0 lets the system choose."""

    host: str
    port: int


_DEFAULT = Address("127.0.0.1", 8080)
DEFAULT_BIND = f"{_DEFAULT.host}:{_DEFAULT.port}"


def parse_bind(text: str) -> Address:
    """`HOST:PORT`, `[IPV6]:PORT`, `:PORT` (every address), `HOST` (port 8080) or `PORT` (127.0.0.1).

    Raises:
        ServeFailed: it is none of these.
    """
    match = _BIND.fullmatch(text)
    if not text or match is None or int(match.group("port") or 0) > _MAX_PORT:
        raise ServeFailed(f"{text!a} is not HOST:PORT", "for example --bind 0.0.0.0:8080")
    host, port = match.group("host"), match.group("port")
    # A bare number is a port; one that is too large for a port is told as an address that is none.
    if host.isdigit() and port is None:
        return Address(_DEFAULT.host, int(host)) if int(host) <= _MAX_PORT else parse_bind(f":{host}")
    return Address(host.strip("[]") or "0.0.0.0", _DEFAULT.port if port is None else int(port))  # noqa: S104


def tls_context(certificate: str, key: str) -> "ssl.SSLContext":
    """A server's TLS settings, 1.2 and later.

    Args:
        certificate: a PEM file, the server's own certificate first.
        key: its private key, a PEM file without passphrase.

    Raises:
        ServeFailed: they cannot be read or do not belong together.
    """
    if not _HAS_TLS:
        remedy = "serve without --tls-cert and --tls-key, or run another Python"
        raise ServeFailed(f"{sys.executable} has no ssl module", remedy)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    _refuse_old_versions(context)
    try:
        # The password is for nobody: without it OpenSSL would ask on the terminal.
        context.load_cert_chain(certificate, key, password="")
    except (OSError, ValueError) as error:
        reason = getattr(error, "reason", None) or getattr(error, "strerror", None) or error
        remedy = "give PEM files: the certificate chain, and its private key without passphrase"
        raise ServeFailed(f"cannot use {certificate} with {key}: {reason}", remedy) from error
    return context


def _refuse_old_versions(settings: "ssl.SSLContext") -> None:
    if hasattr(ssl, "TLSVersion"):  # novm - Python 3.7 and later
        settings.minimum_version = ssl.TLSVersion.TLSv1_2
    else:  # Python 3.6
        settings.options |= ssl.OP_NO_TLSv1 | ssl.OP_NO_TLSv1_1
