"""What a registry has under a reference, asked by this machine: an engine tells no platform's own digest.

Source: the OCI distribution specification, and its token authentication.
"""

from __future__ import annotations

import hashlib
import json
import re
import ssl
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import requests
from docker.auth import INDEX_NAME, resolve_repository_name
from docker.errors import DockerException

from parity.docker_engine.translate import clean, innermost
from parity.engine import RegistryImage
from parity.errors import EngineRefused

_TIMES = (5, 20)  # seconds to connect, and to wait for an answer
_LARGEST = 4 << 20
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
_PARAMETER = re.compile(r'([a-z]{1,32})="([^"]*)"')
_LOOPBACK = re.compile(r"(127\.\d+\.\d+\.\d+|localhost|\[::1\])(:\d+)?")
_CERTIFICATES = ("/etc/docker/certs.d", "/etc/containers/certs.d")
_INDEXES = (
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
)
_KINDS = (
    *_INDEXES,
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.v2+json",
)
_ODD = (
    requests.RequestException,
    DockerException,
    OSError,
    ValueError,
    RecursionError,
    AttributeError,
    LookupError,
    TypeError,
)


def registry_image(reference: str, platform: str, login: Mapping[str, Any] | None) -> RegistryImage:
    """The image that a registry has under a reference for one platform.

    Args:
        reference: `[HOST/]NAME[:TAG][@DIGEST]`.
        platform: `os/architecture[/variant]`.
        login: as the Docker command keeps it, None for asking as nobody.

    Raises:
        EngineRefused: the registry does not answer, has none, or says what cannot be.
    """
    try:
        host, path = resolve_repository_name(reference.partition("@")[0])
        return _Repository(host, path, login).image(reference.partition("@")[2], platform)
    except EngineRefused as error:
        raise EngineRefused(f"the registry does not tell of {clean(reference)}: {error.message}") from error
    except _ODD as error:
        raise EngineRefused(
            f"the registry does not tell of {clean(reference)}: {clean(innermost(error))}"
        ) from error


class _AsAsked(requests.Session):
    """A session in which nothing of ~/.netrc is sent, neither to a registry nor to where it leads."""

    def __init__(self, verify: str | bool) -> None:
        super().__init__()
        self.verify = verify
        self.auth = lambda request: request

    def rebuild_auth(self, prepared_request: Any, response: Any) -> None:
        """Take the login off what is asked elsewhere, and put none in its place."""
        untyped: Any = self
        if untyped.should_strip_auth(response.request.url, prepared_request.url):
            prepared_request.headers.pop("Authorization", None)


class _Repository:
    """One repository of one registry."""

    def __init__(self, host: str, path: str, login: Mapping[str, Any] | None) -> None:
        folder, slash, last = path.rpartition("/")
        name, _, tag = last.partition(":")
        self._tag = tag or "latest"
        default = host == INDEX_NAME
        self._name = folder + slash + name if not default or folder else f"library/{name}"
        self._host = f"registry-1.{host}" if default else host
        self._login = _pair(login)
        self._authorities = _authorities(self._host)
        self._session = _AsAsked(self._authorities)

    def image(self, digest: str, platform: str) -> RegistryImage:
        with self._session:
            kind, found, told = self._document(f"manifests/{digest or self._tag}", digest)
            if kind in _INDEXES or "manifests" in found:
                digest = _of_platform(found["manifests"], platform)
                _, found, told = self._document(f"manifests/{digest}", digest)
            wanted = _checked(found["config"]["digest"])
            _, config, _ = self._document(f"blobs/{wanted}", wanted)
        return RegistryImage(told, tuple(_checked(layer) for layer in config["rootfs"]["diff_ids"]))

    def _document(self, what: str, digest: str) -> tuple[str, dict[str, Any], str]:
        """What lies there, as JSON: its kind, itself, and the digest of its bytes."""
        with self._answer(what) as answer:
            data = _bytes(answer)
            kind = answer.headers.get("Content-Type", "").partition(";")[0]
        told = "sha256:" + hashlib.sha256(data).hexdigest()
        if digest and told != digest:
            raise EngineRefused(f"it gave {told} for {digest}")
        document = json.loads(data)
        if not isinstance(document, dict):
            raise EngineRefused("its answer is no manifest")
        return kind, document, told

    def _answer(self, what: str) -> requests.Response:
        answer = self._get(what)
        if answer.status_code == requests.codes.unauthorized:
            answer.close()
            asked = answer.headers.get("WWW-Authenticate", "")
            self._session.headers["Authorization"] = self._permission(asked)
            answer = self._get(what)
        if answer.status_code != requests.codes.ok:
            answer.close()
            raise EngineRefused(f"it answers {answer.status_code}")
        return answer

    def _get(self, what: str) -> requests.Response:
        # As it is: what is packed may be a thousand times as long.
        headers = {"Accept": ", ".join(_KINDS), "Accept-Encoding": "identity"}
        path = f"://{self._host}/v2/{self._name}/{what}"
        try:
            return self._session.get(f"https{path}", headers=headers, timeout=_TIMES, stream=True)
        except requests.ConnectionError:
            # As Docker has it: what is on this very machine may speak without TLS.
            if not _LOOPBACK.fullmatch(self._host):
                raise
        return self._session.get(f"http{path}", headers=headers, timeout=_TIMES, stream=True)

    def _permission(self, asked: str) -> str:
        """What the next question carries: the login itself, or a token for it."""
        basic = requests.auth._basic_auth_str(*self._login) if self._login else ""  # noqa: SLF001
        if asked.lower().startswith("basic"):
            if not basic:
                raise EngineRefused("it wants a login")
            return str(basic)
        words = dict(_PARAMETER.findall(asked))
        realm = words.pop("realm", "")
        if not _may_have_login(realm):
            raise EngineRefused("it wants a login in a way that is not known")
        words = {"scope": f"repository:{self._name}:pull", **words}
        headers = {"Accept-Encoding": "identity", **({"Authorization": str(basic)} if basic else {})}
        with (
            _AsAsked(self._authorities) as session,
            session.get(realm, params=words, headers=headers, timeout=_TIMES, stream=True) as answer,
        ):
            if answer.status_code != requests.codes.ok:
                raise EngineRefused("it refuses the login" if basic else "it wants a login")
            said = json.loads(_bytes(answer))
        return f"Bearer {said.get('token') or said['access_token']}"


def _bytes(answer: requests.Response) -> bytes:
    data: bytes = answer.raw.read(_LARGEST + 1, decode_content=False)
    if len(data) > _LARGEST:
        raise EngineRefused(f"its answer has more than {_LARGEST >> 20} MiB")
    return data


def _may_have_login(realm: str) -> bool:
    """Whether a login may be sent there: by TLS, or to this very machine."""
    scheme, _, rest = realm.partition("://")
    return scheme == "https" or (scheme == "http" and _LOOPBACK.fullmatch(rest.partition("/")[0]) is not None)


def _of_platform(manifests: Any, platform: str) -> str:
    wanted = _parts(*platform.split("/"))
    for each in manifests:
        said = each.get("platform") or {}
        if _parts(said.get("os", ""), said.get("architecture", ""), said.get("variant", "")) == wanted:
            return _checked(each["digest"])
    raise EngineRefused(f"it has none for {platform}")


def _parts(system: str, architecture: str, variant: str = "") -> tuple[str, str, str]:
    """A platform's parts; the variants that engines add or leave out for the same processor are implied."""
    implied = {"arm64": "v8", "arm": "v7"}.get(architecture, "")
    return system, architecture, variant or implied


def _checked(digest: object) -> str:
    if not isinstance(digest, str) or not _DIGEST.fullmatch(digest):
        raise EngineRefused("it names a digest that is none")
    return digest


def _pair(login: Mapping[str, Any] | None) -> tuple[str, str] | None:
    """User and password; the SDK spells both in two ways."""
    found = {key.lower(): value for key, value in (login or {}).items()}
    user, password = found.get("username"), found.get("password")
    return (str(user), str(password)) if user and password else None


def _authorities(host: str) -> str | bool:
    """Whose certificates are believed: the registry's own, as the engines keep them, else this machine's."""
    for folder in _CERTIFICATES:
        for path in sorted((Path(folder) / host).glob("*.crt")):
            return str(path)
    return ssl.get_default_verify_paths().cafile or True
