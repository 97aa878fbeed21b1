"""Finding an engine that answers."""

from __future__ import annotations

import errno
import os
import re
from collections.abc import Mapping
from typing import Any

import docker.errors
import requests
from docker import APIClient
from docker.constants import DEFAULT_DOCKER_API_VERSION
from docker.utils import version_lt

from parity.docker_engine.endpoints import Endpoint, candidates
from parity.docker_engine.engine import DockerEngine
from parity.docker_engine.logins import use_logins
from parity.docker_engine.translate import clean, innermost
from parity.docker_engine.wire import open_wire
from parity.errors import EngineUnavailable

_VERSION = re.compile(r"[0-9]{1,4}\.[0-9]{1,4}", re.ASCII)
OLDEST_API = "1.41"  # Docker 20.10, Podman 3: the first that takes a platform for a container
_CONNECT_SECONDS = 10
# Podman asks its package manager who it is before it says so: eleven seconds were seen on a busy machine.
_HELLO_SECONDS = 30
_ANSWER_SECONDS = 300  # unpacking a large upload is silent


def connect(address: str | None = None, environment: Mapping[str, str] | None = None) -> DockerEngine:
    """Connect to the engine that is meant and check that it answers.

    Args:
        address: `unix://…`, `tcp://…` or `https://…`, or the name of a Docker context or Podman connection;
            None for DOCKER_HOST, DOCKER_CONTEXT, the current Docker context, or else the usual sockets of
            Docker and Podman.
        environment: what stands for `os.environ`.

    Raises:
        EngineUnavailable: none answers; the details tell what was tried and why each failed.
    """
    tried: list[str] = []
    environ = os.environ if environment is None else environment
    for endpoint in candidates(address, environ):
        if found := _answering(endpoint, tried):
            client, told = found
            return DockerEngine(client, endpoint, use_logins(client, environ), told)
    # Its socket is there, so to start it would not help.
    shut = next((each for each in tried if each.endswith(os.strerror(errno.EACCES))), "")
    remedy = (
        "let this user in: sudo usermod -aG docker USER, then log in again; or set DOCKER_HOST to an engine "
        "of your own"
    )
    raise EngineUnavailable(
        "a container engine is there, but not for this user" if shut else "no container engine answers",
        remedy=remedy if shut else "",
        details=tuple(tried),
    )


def _answering(endpoint: Endpoint, tried: list[str]) -> tuple[APIClient, Mapping[str, Any]] | None:
    try:
        return _client(endpoint)
    except (docker.errors.DockerException, requests.RequestException, OSError, ValueError) as error:
        tried.append(f"{endpoint}: {clean(innermost(error))}")
    # Some other server listens there, and the SDK stumbles over its answer.
    except (LookupError, TypeError, AttributeError, RecursionError):
        tried.append(f"{endpoint}: what answers there is no container engine")
    return None


def _client(endpoint: Endpoint) -> tuple[APIClient, Mapping[str, Any]]:
    """A client that speaks the engine's version of the API, and what the engine told of its versions."""
    if endpoint.address.startswith("ssh://"):
        raise EngineUnavailable(
            "parity does not speak SSH to an engine",
            where=str(endpoint),
            remedy="forward the socket (ssh -NL /tmp/engine.sock:/var/run/docker.sock HOST) and name it: "
            "--on unix:///tmp/engine.sock, or DOCKER_HOST=unix:///tmp/engine.sock",
        )
    # The SDK leaks its socket when nobody answers, and buries the system's words.
    open_wire(endpoint).close()
    hello = _new_client(endpoint, OLDEST_API, _HELLO_SECONDS)
    try:
        # Without a version in the path: an engine refuses versions that it does not speak, this one included.
        told = hello.version(api_version=False)
    finally:
        hello.close()
    return _new_client(endpoint, _api(told, str(endpoint)), _ANSWER_SECONDS), told


def _api(told: Mapping[str, object], where: str) -> str:
    """The version of the API to speak: the newest that both sides know."""
    newest = DEFAULT_DOCKER_API_VERSION
    offered = _version(told, "ApiVersion", where)
    least = _version(told, "MinAPIVersion", where) if told.get("MinAPIVersion") else OLDEST_API
    if version_lt(offered, OLDEST_API):
        raise EngineUnavailable(
            f"the engine speaks API {offered}; parity needs {OLDEST_API} (Docker 20.10)",
            where=where,
            remedy="bring the engine up to date, or set DOCKER_HOST to another",
        )
    if version_lt(newest, least):
        raise EngineUnavailable(
            f"the engine speaks no API before {least}; this parity speaks {newest} at most",
            where=where,
            remedy="bring parity and its Docker SDK up to date, or set DOCKER_HOST to another engine",
        )
    return newest if version_lt(newest, offered) else offered


def _version(told: Mapping[str, object], key: str, where: str) -> str:
    found = str(told.get(key))
    if not _VERSION.fullmatch(found):
        raise EngineUnavailable(f"the engine tells no {key}: {found[:40]!r}", where=where)
    return found


def _new_client(endpoint: Endpoint, version: str, timeout: int) -> APIClient:
    # requests takes a pair for connecting and reading; the SDK's Unix sockets (and the stubs) do not.
    seconds: Any = timeout if endpoint.address.startswith("unix://") else (_CONNECT_SECONDS, timeout)
    client = APIClient(base_url=endpoint.address, version=version, timeout=seconds, tls=endpoint.tls or False)
    # Neither the caller's HTTP_PROXY nor netrc is for the engine.
    client.trust_env = False
    return client
