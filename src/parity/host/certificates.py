"""Certificates on this machine: whom it trusts, and who it is itself."""

from __future__ import annotations

import re
import ssl
from collections.abc import Iterator, Mapping
from pathlib import Path

from parity.errors import IndexFailed

# Only the blocks are taken: bundles hold comments in any encoding, and Python wants ASCII.
_PEM = re.compile(
    rb"-----BEGIN (?:TRUSTED )?CERTIFICATE-----[\s0-9A-Za-z+/=]+-----END (?:TRUSTED )?CERTIFICATE-----"
)
_KEY = re.compile(rb"-----BEGIN ((?:[A-Z]+ )?PRIVATE KEY)-----[\s0-9A-Za-z+/=]+-----END \1-----")
_STRONGEST = "a file of certificates in PEM; PIP_CERT goes before all others"
_SYSTEM_BUNDLES = (
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
)


def ca_bundle(environ: Mapping[str, str], pip: Mapping[str, str]) -> str | None:
    """The certificates that this machine trusts, as PEM blocks; None where it has none.

    The first that is set counts: pip's `cert`, REQUESTS_CA_BUNDLE, CURL_CA_BUNDLE, SSL_CERT_FILE,
    SSL_CERT_DIR, else the system's bundle.

    Raises:
        IndexFailed: a setting names what cannot be read, or a bundle is damaged.
    """
    for source, name in _named_bundles(environ, pip):
        pem = _read_bundle(Path(name), source)
        if pem is None:
            raise IndexFailed(
                f"{source} names a CA bundle that cannot be read",
                where=name,
                remedy=f"correct that setting: {_STRONGEST}",
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
        # Tried here, where the file can be named; in a container it would fail as "TLS failed".
        ssl.create_default_context(cadata=pem)
    except ssl.SSLError as error:
        raise IndexFailed(
            f"the CA bundle of {source} is damaged: {error.reason or 'a certificate in it is none'}",
            where=str(path),
            remedy=f"mend that file, or name another: {_STRONGEST}",
        ) from error
    return pem


def client_certificate(environ: Mapping[str, str], pip: Mapping[str, str]) -> str | None:
    """This machine's own certificate with its private key, as PEM blocks; None where none is named.

    It is what SSL_CLIENT_CERT (uv) or pip's `client-cert` names: one file with both.

    Raises:
        IndexFailed: the file cannot be read, lacks one of them, or they do not fit together.
    """
    by_uv, by_pip = environ.get("SSL_CLIENT_CERT"), pip.get("client-cert")
    for source, name in (("SSL_CLIENT_CERT", by_uv), ("pip's client-cert", by_pip)):
        if name:
            return _read_client(Path(name), source)
    return None


def _read_client(path: Path, source: str) -> str:
    remedy = "name a PEM file that holds the certificate and its private key, without a passphrase"
    try:
        data = path.read_bytes()
    except OSError as error:
        problem = f"{source} names a file that cannot be read ({error.strerror})"
        raise IndexFailed(problem, where=str(path), remedy=remedy) from error
    key, blocks = _KEY.search(data), _PEM.findall(data)
    if key is None or not blocks:
        lacking = "private key without a passphrase" if key is None else "certificate"
        raise IndexFailed(f"the file of {source} holds no {lacking}", where=str(path), remedy=remedy)
    try:
        # An empty passphrase, or OpenSSL would ask for one on the terminal and wait.
        ssl.create_default_context().load_cert_chain(path, password=b"")
    except (ssl.SSLError, ValueError) as error:
        problem = f"the certificate of {source} and its key do not fit together"
        raise IndexFailed(problem, where=str(path), remedy=remedy) from error
    return b"\n".join([key[0], *blocks, b""]).decode("ascii")
