"""A small HTTP client for one thread: kept connections, proxies, redirects, credentials by origin.

Credentials go to their own origin (scheme, host and port) alone; no redirect leads from https to http.
"""

import base64
import contextlib
import email.utils
import http.client
import re
import socket
import time
import urllib.parse
import urllib.request
import zlib
from typing import Callable, Dict, List, NamedTuple, Optional, Tuple

from ...portable.wheelfolders import HOST
from . import folders
from .hostnames import connected
from .pace import BoundedAnswer
from .reach import HAS_TLS, TLS_ERRORS, Settings

USER_AGENT = "parity/1"
_REDIRECTS = (301, 302, 303, 307, 308)
_PASSING = (408, 425, 429, 500, 502, 503, 504)  # may be over soon
_MAX_REDIRECTS = 10
_SMALL = 64 * 1024  # bytes of an answer that are read to keep its connection: a new one costs more
_PORTS = {"http": 80, "https": 443}
_LONGEST_URL = 8192
_UNFIT = re.compile("[\x00-\x1f\x7f\ud800-\udfff\\\\]")
_HOST = re.compile(r"[\w.-]{1,253}|[0-9a-f:.]{2,45}(%[\w.-]{1,32})?")
_PIECE = 64 * 1024
MOST = 16 * 1024**3
"""Bytes of an answer where nobody announces how many they are."""


class WebProblem(Exception):
    """A request that did not give what was asked.

    `kind` is a stable word (`http-404`, `tls`, `no-tls`, `dns`, `network`, `proxy`, `redirect`, `elsewhere`,
    `url`, `timeout`, `size`, `stopped`); `again` tells whether trying again may help, `wait` how many
    seconds the server asked for.
    """

    def __init__(self, kind: str, message: str, again: bool = False, wait: float = 0.0) -> None:
        super().__init__(message)
        self.kind = kind
        self.message = message
        self.again = again
        self.wait = wait


class WebOrigin(NamedTuple):
    """Scheme, host and port: what credentials and connections belong to (RFC 6454)."""

    scheme: str
    host: str
    port: int

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}:{self.port}"


Proxy = Tuple[WebOrigin, str]
"""A proxy's origin, and its `user:password` or an empty text."""


def origin_of(url: str) -> WebOrigin:
    """The origin of an http or https address; WebProblem `url` for anything else."""
    try:
        parts = urllib.parse.urlsplit(url)
        scheme, host, port = parts.scheme, parts.hostname or "", parts.port
    except ValueError:
        scheme, host, port = "", "", None
    if scheme not in _PORTS or not _HOST.fullmatch(host):
        raise WebProblem("url", "not an http or https address")
    if len(url) > _LONGEST_URL or _UNFIT.search(url):
        raise WebProblem("url", "an address that is too long, or with characters that none has")
    return WebOrigin(scheme, host, port or _PORTS[scheme])


class Browser:
    """Fetches with kept connections; for one thread only."""

    def __init__(self, how: Settings) -> None:
        self._how = how
        self._connections: Dict[WebOrigin, http.client.HTTPConnection] = {}
        self._over = False
        self._answer: Optional[BoundedAnswer] = None
        self.address = ""
        """What the last answer came from, after all redirects."""

    def get(
        self,
        url: str,
        headers: Optional[Dict[str, str]] = None,
        method: str = "GET",
        stay: bool = False,
        most: int = MOST,
    ) -> BoundedAnswer:
        """Open an address, redirects followed; the answer has status 200 or 206.

        The caller reads the answer to its end or calls `forget`. Raises WebProblem; with `stay`, of
        kind `elsewhere` where the server points to another host; of kind `size` where it announces more
        bytes than `most`. More than those never come, and fewer than a few in a while end it as well.
        """
        first, login = origin_of(url), self._how.credentials.get(url)
        for _ in range(_MAX_REDIRECTS):
            origin = origin_of(url)
            if stay and origin.host != first.host:
                raise WebProblem("elsewhere", "the server points to another host")
            try:
                answer = self._send(method, origin, url, headers or {}, login if origin == first else None)
                self.address = url
            except (OSError, http.client.HTTPException) as error:
                self.forget()
                raise _connection_problem(error) from error
            except ValueError as error:  # a host name or a header that cannot be sent
                self.forget()
                raise WebProblem("url", "an address that cannot be asked") from error
            if answer.status in (200, 206):
                return self._limited(answer, most)
            self._pass_over(answer)
            if answer.status not in _REDIRECTS:
                raise status_problem(answer.status, answer.getheader("Retry-After"))
            url = _next_address(url, answer.getheader("Location"))
        raise WebProblem("redirect", f"more than {_MAX_REDIRECTS} redirects")

    def _limited(self, answer: BoundedAnswer, most: int) -> BoundedAnswer:
        if answer.length is not None and answer.length > most:
            self.forget()
            raise WebProblem("size", f"the server announces {answer.length} bytes, more than {most}")
        answer.allow(most)
        return answer

    def _pass_over(self, answer: BoundedAnswer) -> None:
        """Be done with an answer that says no more than its status."""
        if answer.length is not None and answer.length <= _SMALL:
            with contextlib.suppress(OSError, http.client.HTTPException):
                answer.read()
                return
        self.forget()

    def forget(self) -> None:
        """Close all connections, for example because an answer was not read to its end."""
        for connection in self._connections.values():
            connection.close()
        self._connections.clear()

    def abort(self) -> None:
        """End what another thread reads, and whatever it would ask for next; for any thread to call."""
        self._over = True
        if self._answer is not None:
            self._answer.abort()

    def _send(
        self, method: str, origin: WebOrigin, url: str, headers: Dict[str, str], login: Optional[List[str]]
    ) -> BoundedAnswer:
        if origin.host == HOST:
            return folders.open_address(method, url)
        proxy = self._proxy_for(origin)
        kept = origin in self._connections
        sent = dict(headers)
        sent.setdefault("Accept-Encoding", "identity")  # hashed as they come
        sent["User-Agent"] = USER_AGENT
        sent.update(_authorization(login or self._how.credentials.get(str(origin))))
        if proxy is not None and origin.scheme == "http":
            sent.update(_basic("Proxy-Authorization", proxy[1]))
        target = _target(url, absolute=proxy is not None and origin.scheme == "http")
        try:
            return self._request(method, origin, proxy, target, sent)
        except (http.client.HTTPException, OSError):
            if not kept:
                raise
        self.forget()  # the server had closed the connection that we kept: once more, with a new one
        return self._request(method, origin, proxy, target, sent)

    def _request(
        self, method: str, origin: WebOrigin, proxy: Optional[Proxy], target: str, headers: Dict[str, str]
    ) -> BoundedAnswer:
        if self._over:
            raise WebProblem("stopped", "nothing is asked any more")
        connection = self._connections.get(origin)
        if connection is None:
            connection = self._connections[origin] = self._connect(origin, proxy)
        connection.request(method, target, headers=headers)
        answer = connection.getresponse()
        assert isinstance(answer, BoundedAnswer)  # noqa: S101 - the connection makes no other
        self._answer = answer
        return answer

    def _connect(self, origin: WebOrigin, proxy: Optional[Proxy]) -> http.client.HTTPConnection:
        way, limit = origin if proxy is None else proxy[0], self._how.timeout
        made = http.client.HTTPConnection(way.host, way.port, timeout=limit)
        if origin.scheme != "http":
            if not HAS_TLS:
                raise WebProblem("no-tls", "the image's Python is built without ssl: https cannot be asked")
            made = http.client.HTTPSConnection(way.host, way.port, timeout=limit, context=self._how.context)
            if proxy is not None:
                made.set_tunnel(origin.host, origin.port, headers=_basic("Proxy-Authorization", proxy[1]))
        made._create_connection = connected  # type: ignore[attr-defined]  # noqa: SLF001
        made.response_class = BoundedAnswer
        return made

    def _proxy_for(self, origin: WebOrigin) -> Optional[Proxy]:
        """The proxy's origin and its `user:password`, None where the server is reached directly."""
        address = self._how.proxies.get(origin.scheme)
        where = f"{origin.host}:{origin.port}"
        if not address or urllib.request.proxy_bypass_environment(where, self._how.proxies):  # type: ignore[attr-defined]
            return None
        if "://" not in address:
            address = "http://" + address
        if not address.startswith("http://"):
            raise WebProblem("proxy", "only proxies with an http:// address are supported for downloads")
        user_info = urllib.parse.urlsplit(address).netloc.rpartition("@")[0]
        return origin_of(address), urllib.parse.unquote(user_info)


def status_problem(status: int, retry_after: Optional[str]) -> WebProblem:
    """What an HTTP status other than success means for us (RFC 9110)."""
    reason = http.client.responses.get(status, "unknown status")
    return WebProblem(
        f"http-{status}",
        f"the server answered {status} {reason}",
        again=status in _PASSING,
        wait=_seconds(retry_after),
    )


def read_page(answer: BoundedAnswer, most: int) -> bytes:
    """A whole answer of at most `most` bytes; one that was packed although nobody asked is unpacked.

    Raises:
        WebProblem: it is larger, or cannot be unpacked; and what reading raises.
    """
    packed = (answer.getheader("Content-Encoding") or "identity").strip().lower()
    unpack = _unpacker(packed, most)
    pieces, size = [], 0
    for piece in iter(lambda: answer.read(_PIECE), b""):
        pieces.append(unpack(piece))
        size += len(pieces[-1])
        if size > most:
            raise WebProblem("size", f"the server's answer is larger than {most} bytes")
    if answer.length:
        raise ConnectionError("cut")
    return b"".join(pieces)


def _unpacker(packed: str, most: int) -> Callable[[bytes], bytes]:
    if packed in ("identity", ""):
        return bytes
    if packed not in ("gzip", "x-gzip"):
        raise WebProblem("page", "the server packs its answer in a way that nobody asked for")
    inflate = zlib.decompressobj(16 + zlib.MAX_WBITS)  # 16: gzip's header

    def unpack(piece: bytes) -> bytes:
        try:
            return inflate.decompress(piece, most + 1)
        except zlib.error as error:
            raise WebProblem("page", "the server's packed answer cannot be unpacked") from error

    return unpack


def _seconds(retry_after: Optional[str]) -> float:
    """Retry-After as seconds from now: a number or an HTTP date; 0 where it says nothing usable."""
    if not retry_after:
        return 0.0
    if re.fullmatch("[0-9]{1,9}", retry_after.strip()):
        return float(retry_after)
    try:
        moment = email.utils.parsedate_tz(retry_after)
        return max(0.0, email.utils.mktime_tz(moment) - time.time()) if moment else 0.0
    except (ValueError, OverflowError, TypeError, IndexError):  # a date that is none
        return 0.0


def _next_address(url: str, location: Optional[str]) -> str:
    if not location:
        raise WebProblem("redirect", "a redirect without an address")
    try:
        following = urllib.parse.urljoin(url, location)
    except ValueError as error:
        raise WebProblem("redirect", "a redirect to what is no address") from error
    if url.startswith("https:") and not following.startswith("https:"):
        raise WebProblem("redirect", "a redirect away from https")
    return following


def _target(url: str, absolute: bool) -> str:
    """The request target: path and query; the whole address for a proxy (RFC 9112, 3.2)."""
    parts = urllib.parse.urlsplit(url)
    netloc = parts.netloc.rpartition("@")[2]
    path = urllib.parse.quote(parts.path or "/", safe="/%:@!$&'()*+,;=~-._")
    query = urllib.parse.quote(parts.query, safe="/%:@!$&'()*+,;=~-._?[]|{}^")
    prefix = (parts.scheme, netloc) if absolute else ("", "")
    return urllib.parse.urlunsplit((*prefix, path, query, ""))


def _authorization(login: Optional[List[str]]) -> Dict[str, str]:
    return _basic("Authorization", ":".join(login)) if login else {}


def _basic(header: str, pair: str) -> Dict[str, str]:
    if not pair:
        return {}
    return {header: "Basic " + base64.b64encode(pair.encode("utf-8")).decode("ascii")}


def _connection_problem(error: Exception) -> WebProblem:
    """Put a name on what went wrong below HTTP."""
    if isinstance(error, TLS_ERRORS):
        certificate = "certificate" in str(error).lower()  # a bad one stays bad
        return WebProblem("tls", f"TLS failed: {error}", again=not certificate)
    if isinstance(error, socket.gaierror):
        return WebProblem("dns", f"the host name was not found: {error.strerror}", again=True)
    if isinstance(error, OSError) and str(error).startswith("Tunnel connection failed"):
        return WebProblem("proxy", str(error), again="407" not in str(error) and "403" not in str(error))
    if isinstance(error, socket.timeout):
        return WebProblem("network", "no answer in time", again=True)
    return WebProblem("network", f"the connection broke: {str(error) or type(error).__name__}", again=True)
