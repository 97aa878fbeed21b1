"""Which engine is meant: an address given, the environment, a Docker context, or a usual socket."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from docker.errors import TLSParameterError
from docker.tls import TLSConfig

from parity.docker_engine.connections import PodmanConnection, podman_connection
from parity.docker_engine.contexts import DEFAULT, current_context, read_context
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

    Args:
        address: `unix://…`, `tcp://…` or `https://…`, or the name of a Docker context, else of a Podman
            connection; `default` is the engine that the Docker command takes without a context.
        environment: where the rest is said.

    An engine that was named and does not answer is never replaced by another one silently. The
    order is the Docker command's: an option, DOCKER_HOST, DOCKER_CONTEXT, the current context; then
    Podman's: CONTAINER_HOST, its default connection; then the sockets that are usual.

    Raises:
        EngineUnavailable: the context does not exist, or the TLS files are missing.
    """
    if address and address != DEFAULT:
        return [_named(address, environment)]
    if host := environment.get("DOCKER_HOST"):
        return [Endpoint(host, "DOCKER_HOST", _tls(host, environment))]
    name = address or environment.get("DOCKER_CONTEXT") or current_context(environment)
    if name != DEFAULT:
        return [_of_context(name, environment)]
    if host := environment.get("CONTAINER_HOST"):
        return [Endpoint(host, "CONTAINER_HOST", _tls(host, environment))]
    usual = [Endpoint(f"unix://{path}", why) for path, why in _usual_sockets(environment)]
    return _with_connection(usual, podman_connection(environment))


def _named(word: str, environment: Mapping[str, str]) -> Endpoint:
    if "://" in word:
        return Endpoint(word, "as given", _tls(word, environment))
    try:
        return _of_context(word, environment)
    except EngineUnavailable:
        connection = podman_connection({**environment, "CONTAINER_CONNECTION": word})
        if connection is None:
            raise
        return Endpoint(connection.uri, f"Podman connection {word}")


def _of_context(name: str, environment: Mapping[str, str]) -> Endpoint:
    found = read_context(name, environment)
    return Endpoint(found.host, f"Docker context {name}", found.tls)


def _with_connection(usual: list[Endpoint], connection: PodmanConnection | None) -> list[Endpoint]:
    """The usual sockets, and Podman's default connection before its own: Docker's are asked first.

    Nobody chose Podman over Docker by having a connection (`podman machine` makes one), as nobody did by
    having a socket. One by SSH is left out: parity does not speak it, and its machine has a socket as well.
    """
    if connection is None or not connection.uri.startswith(("unix://", "tcp://")):
        return usual
    found = Endpoint(connection.uri, f"Podman connection {connection.name}")
    first = next((n for n, each in enumerate(usual) if "Podman" in each.source), len(usual))
    return [*usual[:first], found, *usual[first:]]


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


def _usual_sockets(environment: Mapping[str, str]) -> list[tuple[str, str]]:
    runtime = environment.get("XDG_RUNTIME_DIR") or f"/run/user/{os.getuid()}"
    home = environment.get("HOME") or str(Path.home())
    colima = environment.get("COLIMA_HOME") or f"{home}/.colima"
    return [
        (DOCKER_SOCKET, "Docker's socket"),
        (f"{runtime}/docker.sock", "rootless Docker's socket"),
        # Where virtual machines put theirs: each is its maker's documented place.
        (f"{home}/.docker/run/docker.sock", "Docker Desktop's socket"),
        (f"{home}/.docker/desktop/docker.sock", "Docker Desktop's socket"),
        (f"{colima}/default/docker.sock", "Colima's socket"),
        (f"{home}/.rd/docker.sock", "Rancher Desktop's socket"),
        (f"{runtime}/podman/podman.sock", "rootless Podman's socket"),
        ("/run/podman/podman.sock", "Podman's socket"),
        (f"{home}/.local/share/containers/podman/machine/podman.sock", "Podman machine's socket"),
    ]
