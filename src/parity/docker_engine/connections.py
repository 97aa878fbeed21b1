"""Podman's default connection, as `podman system connection ls` shows it.

Sources: podman-systemd-connection(1) and containers.conf(5): Podman 5 keeps connections in
podman-connections.json, Podman 4 in containers.conf.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from parity.files import read_small
from parity.model.toml import TOMLError, parse


@dataclass(frozen=True)
class PodmanConnection:
    """A connection: its name, and where it leads (`unix://…`, `tcp://…`, `ssh://…`)."""

    name: str
    uri: str


def podman_connection(environment: Mapping[str, str]) -> PodmanConnection | None:
    """CONTAINER_CONNECTION's, else the default one; None where there is none that can be read."""
    named = environment.get("CONTAINER_CONNECTION", "")
    for default, uris in _files(environment):
        name = named or default
        if name in uris:
            return PodmanConnection(name, uris[name])
    return None


def _files(environment: Mapping[str, str]) -> Iterator[tuple[str, dict[str, str]]]:
    """Of each file the default's name, and name → address."""
    home = environment.get("HOME") or str(Path.home())
    folder = Path(environment.get("XDG_CONFIG_HOME") or f"{home}/.config") / "containers"
    named = environment.get("PODMAN_CONNECTIONS_CONF")
    try:
        said = json.loads(read_small(Path(named) if named else folder / "podman-connections.json"))
        yield _read(said["Connection"], "Default", "Connections", "URI")
    except (OSError, ValueError, RecursionError, LookupError, TypeError, AttributeError):
        pass
    conf = environment.get("CONTAINERS_CONF")
    try:
        document = parse(read_small(Path(conf) if conf else folder / "containers.conf").decode())
        yield _read(document["engine"], "active_service", "service_destinations", "uri")
    except (OSError, ValueError, TOMLError, RecursionError, LookupError, TypeError, AttributeError):
        pass


def _read(said: object, default: str, connections: str, uri: str) -> tuple[str, dict[str, str]]:
    if not isinstance(said, dict):
        raise TypeError(said)
    found = {str(name): each[uri] for name, each in dict(said[connections]).items()}
    return str(said.get(default, "")), {name: at for name, at in found.items() if isinstance(at, str)}
