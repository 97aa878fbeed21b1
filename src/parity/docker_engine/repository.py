"""One repository of a container registry, asked by this machine; nothing that it says is believed.

Sources: the OCI distribution specification 1.1, and the token authentication of Docker's registry.
"""

from __future__ import annotations

import hashlib
import json
import re
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, NamedTuple, TypeVar
from urllib.parse import urljoin, urlsplit

import requests
from docker.auth import INDEX_NAME

from parity.docker_engine.registry_wire import TIMES, Cut, RegistryAnswer, RegistrySession, authorities
from parity.docker_engine.translate import clean
from parity.errors import RegistryDenied, RegistryFailed

T = TypeVar("T")

DELAYS = (0.5, 1.0, 2.0, 4.0)
"""Seconds before each further attempt that follows one without any progress."""
_HOPS = 3
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
_PARAMETER = re.compile(r'([a-z]{1,32})="([^"]*)"')
_LOOPBACK = re.compile(r"(127\.\d+\.\d+\.\d+|localhost|\[::1\])(:\d+)?")
_MOVED = (301, 302, 303, 307, 308)
_BUSY = 429
_FIRST_FAULT = 500


class Document(NamedTuple):
    """A JSON object that lies in a registry: its media type, itself, its bytes and their digest."""

    kind: str
    content: dict[str, Any]
    data: bytes
    digest: str


class Repository:
    """One repository of one registry; to be closed.

    Args:
        host: `HOST[:PORT]`; the Docker command's default registry by its own name.
        name: the repository's.
        login: as the Docker command keeps it, None for asking as nobody.
        actions: what a token is asked for: `pull`, or `pull,push`.
    """

    def __init__(
        self, host: str, name: str, login: Mapping[str, object] | None, actions: str = "pull"
    ) -> None:
        default = host == INDEX_NAME
        self._host = f"registry-1.{host}" if default else host
        self._name = name if not default or "/" in name else f"library/{name}"
        self._actions = actions
        self._login = _pair(login)
        self._permit = ""
        self._scheme = ""
        self._session = RegistrySession(authorities(self._host))

    def close(self) -> None:
        """Let go of its connections."""
        self._session.close()

    @contextmanager
    def ask(
        self,
        method: str,
        what: str,
        *,
        headers: Mapping[str, str] | None = None,
        body: Callable[[], Iterable[bytes] | bytes] | None = None,
        timeout: tuple[float, float] = TIMES,
    ) -> Iterator[RegistryAnswer]:
        """One question, asked again with a login where the registry wants one.

        Args:
            method: of HTTP.
            what: below the repository (`manifests/1.0`), or a whole address that this registry gave.
            headers: besides those that go with each question.
            body: gives what is sent, each time anew.
            timeout: seconds to connect, and to wait for an answer.

        Raises:
            Cut: the connection broke, or the registry is busy.
            RegistryFailed, RegistryDenied: it cannot be asked.
        """
        how = {"headers": dict(headers or {}), "timeout": timeout}
        response = self._sent(method, what, how, body)
        # Whoever the registry leads to has no say in where its login goes.
        if response.status_code == requests.codes.unauthorized and self._is_own(str(response.url)):
            asked = response.headers.get("WWW-Authenticate", "")
            response.close()
            self._permit = self._permission(asked)
            response = self._sent(method, what, how, body)
        try:
            if response.status_code >= _FIRST_FAULT or response.status_code == _BUSY:
                raise Cut(f"it answers {response.status_code}")
            answer = RegistryAnswer(response)
            yield answer
            answer.drain()
        finally:
            response.close()

    def document(self, what: str, digest: str = "", kinds: Iterable[str] = ()) -> Document:
        """What lies there, as a JSON object.

        Args:
            what: below the repository.
            digest: that its bytes must have; empty for any.
            kinds: media types to ask for.

        Raises:
            RegistryFailed, RegistryDenied: it is not there, too long, other bytes, or no object.
        """
        with self.ask("GET", what, headers={"Accept": ", ".join(kinds) or "*/*"}) as answer:
            if answer.status != requests.codes.ok:
                raise answer.refusal()
            data = answer.read()
            kind = answer.header("Content-Type").partition(";")[0]
        told = "sha256:" + hashlib.sha256(data).hexdigest()
        if digest and told != digest:
            raise RegistryFailed(f"it gave {told} for {digest}")
        try:
            content = json.loads(data)
        except (ValueError, RecursionError):
            content = None
        if not isinstance(content, dict):
            raise RegistryFailed("its answer is no manifest")
        return Document(kind, content, data, told)

    def elsewhere(self, base: str, location: str) -> str:
        """The whole address that a registry leads to, if one may go there.

        See `_may_lead_to`; RegistryFailed otherwise.
        """
        try:
            there = urljoin(base, location)
        except ValueError as error:
            raise RegistryFailed("it leads to what is no address") from error
        if not location or not self._may_lead_to(there):
            raise RegistryFailed(f"it leads elsewhere, to where nothing is sent: {clean(there)[:200]}")
        return there

    def _may_lead_to(self, there: str) -> bool:
        """Whether this registry may lead to an address.

        By TLS; on this very machine only where the registry itself is here.
        """
        try:
            scheme, host = urlsplit(there)[:2]
        except ValueError:
            return False
        local, here = (_LOOPBACK.fullmatch(name) is not None for name in (host, self._host))
        good = (here or not local) if scheme == "https" else scheme == "http" and here and local
        return bool(host) and "@" not in host and good

    def _is_own(self, url: str) -> bool:
        """Whether an address is the registry's own; the client writes hosts in small letters."""
        scheme, host = urlsplit(url)[:2]
        return (scheme, host.lower()) == (self._scheme, self._host.lower())

    # --- the wire ---------------------------------------------------------------------------------

    def _sent(
        self,
        method: str,
        what: str,
        how: dict[str, Any],
        body: Callable[[], Iterable[bytes] | bytes] | None,
    ) -> requests.Response:
        url = what if "://" in what else self._address(what)
        for _ in range(_HOPS + 1):
            response = self._once(method, url, how, body)
            if response.status_code not in _MOVED or method not in ("GET", "HEAD"):
                return response
            response.close()
            url = self.elsewhere(url, response.headers.get("Location", ""))
        raise RegistryFailed("it leads from one address to the next without an end")

    def _once(
        self,
        method: str,
        url: str,
        how: dict[str, Any],
        body: Callable[[], Iterable[bytes] | bytes] | None,
    ) -> requests.Response:
        headers = dict(how["headers"])
        # The login is for the registry alone, and for no address that it leads to.
        if self._permit and self._is_own(url):
            headers["Authorization"] = self._permit
        return self._session.ask(
            method, url, headers=headers, timeout=how["timeout"], data=body() if body else None
        )

    def _address(self, what: str) -> str:
        self._scheme = self._scheme or self._spoken()
        return f"{self._scheme}://{self._host}/v2/{self._name}/{what}"

    def _spoken(self) -> str:
        """https; what is on this very machine may speak without TLS, as Docker has it."""
        try:
            self._session.ask("GET", f"https://{self._host}/v2/").close()
        except Cut:
            if not _LOOPBACK.fullmatch(self._host):
                raise
            return "http"
        return "https"

    def _permission(self, asked: str) -> str:
        """What the next question carries: the login itself, or a token for it."""
        # As bytes: of texts, the library takes no letters beyond Latin-1. The engines send UTF-8.
        pair = [word.encode("utf-8", "replace") for word in self._login or ()]
        basic = requests.auth._basic_auth_str(*pair) if pair else ""  # noqa: SLF001
        if asked.lower().startswith("basic"):
            if not basic:
                raise RegistryDenied("it wants a login")
            return str(basic)
        words = dict(_PARAMETER.findall(asked))
        realm = words.pop("realm", "")
        if not self._may_lead_to(realm):
            raise RegistryDenied("it wants a login in a way that is not known")
        scope = words.get("scope") or f"repository:{self._name}:pull"
        # The registry's own word for this repository; but it asks for no more than the first question needs.
        words["scope"] = f"{scope.rpartition(':')[0]}:{self._actions}"
        headers = {"Authorization": str(basic)} if basic else {}
        with RegistrySession(authorities(self._host)) as session:
            response = session.ask("GET", realm, params=words, headers=headers)
            answer = RegistryAnswer(response)
            try:
                if answer.status != requests.codes.ok:
                    raise RegistryDenied("it refuses the login" if basic else "it wants a login")
                said = json.loads(answer.read())
                return f"Bearer {_token(said)}"
            except (ValueError, RecursionError, LookupError, TypeError, AttributeError) as error:
                raise RegistryFailed("it gives a token that is none") from error
            finally:
                response.close()


def again(doing: Callable[[], T], progress: Callable[[], int], delays: tuple[float, ...] = DELAYS) -> T:
    """Do something once more where the connection was cut, until it cannot be done any more.

    Args:
        doing: may raise Cut.
        progress: bytes done so far; where an attempt brought it forward, the count of attempts begins anew.
        delays: seconds before each further attempt.

    Raises:
        RegistryFailed: cut each time; whatever else `doing` raises.
    """
    left, before = list(delays), progress()
    while True:
        try:
            return doing()
        except Cut as error:  # noqa: PERF203 - to go on after it is what this is for
            if progress() > before:
                left, before = list(delays), progress()
            if not left:
                raise RegistryFailed(f"it does not answer: {error}") from error
            time.sleep(left.pop(0))


def checked_digest(digest: object) -> str:
    """A SHA-256 digest as registries write it; RegistryFailed for anything else."""
    if not isinstance(digest, str) or not _DIGEST.fullmatch(digest):
        raise RegistryFailed("it names a digest that is none")
    return digest


def _token(said: object) -> str:
    token = (said.get("token") or said["access_token"]) if isinstance(said, dict) else None
    # It becomes a header: printable and one word, whatever the server sent.
    if not isinstance(token, str) or not re.fullmatch(r"[!-~]{1,65536}", token):
        raise ValueError
    return token


def _pair(login: Mapping[str, object] | None) -> tuple[str, str] | None:
    """User and password; the SDK spells both in two ways."""
    found = {key.lower(): value for key, value in (login or {}).items()}
    user, password = found.get("username"), found.get("password")
    return (str(user), str(password)) if user and password else None
