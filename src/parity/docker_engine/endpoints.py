"""Which engine is meant: an address given, the environment, a Docker context, or a usual socket."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from docker.context import Context, ContextAPI
from docker.errors import DockerException, TLSParameterError
from docker.tls import TLSConfig

from parity.docker_engine.translate import clean
from parity.errors import EngineUnavailable

DOCKER_SOCKET = "/var/run/docker.sock"


@dataclass(frozen=True)
class Endpoint:
    """An address to try, and who named it (for the error that tells what was tried)."""

    address: str
    source: str
    tls: TLSConfig | None = None

    @property
    def shown(self) -> str:
        """The address without credentials."""
        return clean(self.address)

    def __str__(self) -> str:
        return f"{self.shown} ({self.source})"


def candidates(address: str | None, environment: Mapping[str, str]) -> list[Endpoint]:
    """The endpoints to try, in order; only one where somebody named it.

    An engine that was named and does not answer is never replaced by another one silently. The
    order is the Docker command's: an option, DOCKER_HOST, DOCKER_CONTEXT, the current context.

    Raises:
        EngineUnavailable: the context does not exist, or the TLS files are missing.
    """
    if address:
        return [Endpoint(address, "as given", _tls(address, environment))]
    if host := environment.get("DOCKER_HOST"):
        return [Endpoint(host, "DOCKER_HOST", _tls(host, environment))]
    name = environment.get("DOCKER_CONTEXT") or _current_context()
    # "default" is no stored context but the Docker command's word for the local socket.
    if name != "default":
        return [_context_endpoint(name)]
    return [Endpoint(f"unix://{path}", why) for path, why in _usual_sockets(environment)]


def _tls(address: str, environment: Mapping[str, str]) -> TLSConfig | None:
    # As the Docker command reads it: any text, even `0`, turns the check on.
    verify = bool(environment.get("DOCKER_TLS_VERIFY"))
    named = environment.get("DOCKER_CERT_PATH")
    if address.startswith("unix://") or not (verify or named):
        return None
    folder = Path(named) if named else Path.home() / ".docker"
    pair = (str(folder / "cert.pem"), str(folder / "key.pem"))
    try:
        return TLSConfig(client_cert=pair, ca_cert=str(folder / "ca.pem"), verify=verify)
    except TLSParameterError as error:
        raise EngineUnavailable(
            f"the TLS files for {address} are not usable: {error.msg}",
            where=str(folder),
            remedy="put ca.pem, cert.pem and key.pem there, or set DOCKER_CERT_PATH",
        ) from error


def _current_context() -> str:
    try:
        context = ContextAPI.get_current_context()
    except (DockerException, OSError, ValueError):
        context = None
    if context is None:  # the Docker configuration names one that does not exist
        from docker.context.config import get_current_context_name  # noqa: PLC0415 - no stub exports it

        return str(get_current_context_name())
    return str(context.name)


def _context_endpoint(name: str) -> Endpoint:
    # The SDK falls back to the local socket silently when the context does not exist.
    try:
        context: Context | None = ContextAPI.get_context(name)
    except Exception as error:  # the SDK raises a bare one for a damaged file
        raise EngineUnavailable(f"Docker context {name!r} cannot be read: {error}") from error
    if context is None or not context.Host:
        raise EngineUnavailable(
            f"Docker context {name!r} does not exist",
            remedy="`docker context ls` shows those at hand; unset DOCKER_CONTEXT for the local engine",
        )
    return Endpoint(str(context.Host), f"Docker context {name}", context.TLSConfig)


def _usual_sockets(environment: Mapping[str, str]) -> list[tuple[str, str]]:
    runtime = environment.get("XDG_RUNTIME_DIR") or f"/run/user/{os.getuid()}"
    return [
        (DOCKER_SOCKET, "Docker's socket"),
        (f"{runtime}/docker.sock", "rootless Docker's socket"),
        (f"{runtime}/podman/podman.sock", "rootless Podman's socket"),
        ("/run/podman/podman.sock", "Podman's socket"),
    ]
