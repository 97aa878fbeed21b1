"""Asking a container registry one thing: bounded answers, this machine's certificates, nothing of netrc."""

from __future__ import annotations

import json
import os
import ssl
import time
from collections.abc import Iterator
from contextlib import suppress
from http.cookiejar import DefaultCookiePolicy
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import requests
import urllib3

from parity.docker_engine.registry_deadline import TimedAdapter
from parity.docker_engine.translate import clean, innermost
from parity.errors import RegistryDenied, RegistryFailed

LONGEST = 120.0
"""Seconds that what is small by its nature may take to come."""
LARGEST = 4 << 20
"""Bytes of a manifest, the most that registries take."""
TIMES = (5.0, 20.0)
"""Seconds to connect, and to wait for an answer."""
_LONGEST_REASON = 300
_LITTLE = 64 << 10
_CERTIFICATES = ("/etc/docker/certs.d", "/etc/containers/certs.d")
_DENIED = (401, 403)
_NOT_THERE = "look how name and tag are written; `parity push` tells both when it is done"


class Cut(Exception):
    """The connection broke, or the registry is busy: asked again, it may answer."""


class RegistryAnswer:
    """What a registry answered; the body is read in pieces, as it is."""

    def __init__(self, response: requests.Response) -> None:
        self._response = response
        self.status = response.status_code
        self.url = str(response.url)

    def header(self, name: str) -> str:
        """A header's text, empty where there is none."""
        return str(self._response.headers.get(name, ""))

    def chunks(self, size: int = 1 << 20) -> Iterator[bytes]:
        """The body; Cut where the connection broke."""
        while True:
            try:
                # As it is: what is packed may be a thousand times as long. As it comes: `read` waits for
                # the whole piece, and each byte of a drip is a new wait.
                data: bytes = self._response.raw.read1(size, decode_content=False)
            except (urllib3.exceptions.HTTPError, OSError, ValueError) as error:
                raise Cut(clean(innermost(error))) from error
            if not data:
                return
            yield data

    def read(self) -> bytes:
        """The whole body of what is small by its nature.

        Raises:
            Cut: the connection broke.
            RegistryFailed: it is longer than 4 MiB, or does not come in two minutes.
        """
        data, until = bytearray(), time.monotonic() + LONGEST
        for chunk in self.chunks(64 << 10):
            data += chunk
            if len(data) > LARGEST:
                raise RegistryFailed(f"its answer has more than {LARGEST >> 20} MiB")
            if time.monotonic() > until:
                raise RegistryFailed("its answer comes too slowly")
        return bytes(data)

    def drain(self) -> None:
        """Read what little is left, so that the connection can be asked the next question."""
        told = self.header("Content-Length")
        bodyless = self._response.request.method == "HEAD" or self.status == requests.codes.no_content
        if bodyless or (told.isascii() and told.isdigit() and int(told[:9]) <= _LITTLE):
            with suppress(Cut):
                next(self.chunks(_LITTLE + 1), b"")

    def refusal(self) -> RegistryFailed | RegistryDenied:
        """What to tell of an answer that is a refusal: its status, and the registry's own word."""
        text = f"it answers {self.status}{self._reason()}"
        if self.status in _DENIED:
            return RegistryDenied(text)
        return RegistryFailed(text, remedy=_NOT_THERE if self.status == requests.codes.not_found else "")

    def _reason(self) -> str:
        """The first error's code and message, as the specification has them; else nothing."""
        try:
            first = json.loads(self.read())["errors"][0]
            told = clean(f"{first['code']}: {first.get('message', '')}")[:_LONGEST_REASON]
        except (Cut, RegistryFailed, ValueError, RecursionError, LookupError, TypeError, AttributeError):
            return ""
        return f" ({told})"


class RegistrySession(requests.Session):
    """A session that sends nothing of ~/.netrc, keeps no cookies and goes nowhere by itself."""

    def __init__(self, verify: str | bool) -> None:
        super().__init__()
        self._authorities = verify
        self.auth = lambda request: request
        for scheme in ("http://", "https://"):
            self.mount(scheme, TimedAdapter(lambda: LONGEST))
        # Harbor takes who sends its cookies back for a browser, and wants more of it.
        self.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))

    def ask(self, method: str, url: str, **how: Any) -> requests.Response:
        """One request; what breaks on the way is Cut, what cannot be is RegistryFailed."""
        how["headers"] = {"Accept-Encoding": "identity", **how.get("headers", {})}
        how.setdefault("timeout", TIMES)
        try:
            # `verify` is said each time: REQUESTS_CA_BUNDLE would go before a session's own.
            return self.request(
                method, url, stream=True, allow_redirects=False, verify=self._authorities, **how
            )
        except requests.exceptions.SSLError as error:
            if "CERTIFICATE_VERIFY_FAILED" in str(error):
                raise _untrusted(error, urlsplit(url).netloc) from error
            raise Cut(clean(innermost(error))) from error
        except (requests.ConnectionError, requests.Timeout) as error:
            raise Cut(clean(innermost(error))) from error
        except (requests.RequestException, urllib3.exceptions.HTTPError, OSError, ValueError) as error:
            raise RegistryFailed(f"it cannot be asked: {clean(innermost(error))}") from error


def _untrusted(error: Exception, host: str) -> RegistryFailed:
    return RegistryFailed(
        f"its certificate is not trusted: {clean(innermost(error))}",
        remedy=f"put its CA into /etc/docker/certs.d/{host}/ca.crt or "
        f"~/.config/containers/certs.d/{host}/ca.crt, or name it in REQUESTS_CA_BUNDLE",
    )


def authorities(host: str) -> str | bool:
    """Whose certificates are believed: the registry's own, as the engines keep them, else this machine's.

    RegistryFailed where that file holds none.
    """
    own = os.environ.get("XDG_CONFIG_HOME") or os.path.join(os.environ.get("HOME") or "/", ".config")
    for folder in (*_CERTIFICATES, os.path.join(own, "containers", "certs.d")):
        for path in sorted((Path(folder) / host).glob("*.crt")):
            return _sound(str(path), "take it away, or put the registry's CA in its place, as PEM")
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        if named := os.environ.get(name):
            return _sound(named, f"correct {name}: a file, or a folder, of certificates in PEM")
    return ssl.get_default_verify_paths().cafile or True


def _sound(path: str, remedy: str) -> str:
    """A file or folder of certificates; read here, where it can be named: later nobody would tell which."""
    try:
        if not os.path.isdir(path):
            ssl.create_default_context(cafile=path)
    except (OSError, ValueError) as error:
        raise RegistryFailed("its certificates cannot be read", where=path, remedy=remedy) from error
    return path
