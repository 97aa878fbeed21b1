"""The Docker command's contexts, as `docker context ls` shows them.

Read here and not by the SDK: that one looks beside a config.json, which need not be there, and in the
current folder then.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from docker.errors import TLSParameterError
from docker.tls import TLSConfig

from parity.errors import EngineUnavailable
from parity.files import read_small

DEFAULT = "default"
"""No stored context, but the Docker command's word for the local socket."""


@dataclass(frozen=True)
class DockerContext:
    """A context's engine: its address, and how TLS is spoken there, None for not at all."""

    host: str
    tls: TLSConfig | None


def current_context(environment: Mapping[str, str]) -> str:
    """The name of the context that `docker context use` chose."""
    try:
        found = json.loads(read_small(_folder(environment) / "config.json"))
    except (OSError, ValueError, RecursionError):
        return DEFAULT
    name = found.get("currentContext") if isinstance(found, dict) else None
    return name if isinstance(name, str) and name else DEFAULT


def read_context(name: str, environment: Mapping[str, str]) -> DockerContext:
    """A stored context.

    Raises:
        EngineUnavailable: there is none of that name, or it cannot be read.
    """
    # Docker files a context under its name's digest, so no name can lead out of the folder.
    remedy = "`docker context ls` shows those at hand"
    if environment.get("DOCKER_CONTEXT") == name:
        remedy += "; unset DOCKER_CONTEXT for the local engine"
    contexts, key = _folder(environment) / "contexts", hashlib.sha256(name.encode()).hexdigest()
    path = contexts / "meta" / key / "meta.json"
    try:
        found = json.loads(read_small(path))
        endpoint = found["Endpoints"]["docker"]
        host, unchecked = str(endpoint["Host"]), bool(endpoint.get("SkipTLSVerify"))
    except FileNotFoundError as error:
        raise EngineUnavailable(f"Docker context {name!r} does not exist", remedy=remedy) from error
    # Any JSON may stand there: all ways in which it is not the one that Docker writes end here.
    except (OSError, ValueError, RecursionError, KeyError, TypeError, AttributeError) as error:
        message = f"Docker context {name!r} cannot be read: {type(error).__name__}"
        raise EngineUnavailable(message, where=str(path), remedy=remedy) from error
    return DockerContext(host, _tls(contexts / "tls" / key / "docker", unchecked=unchecked))


def _folder(environment: Mapping[str, str]) -> Path:
    named = environment.get("DOCKER_CONFIG")
    return Path(named) if named else Path.home() / ".docker"


def _tls(folder: Path, *, unchecked: bool) -> TLSConfig | None:
    ca, cert, key = (folder / f"{name}.pem" for name in ("ca", "cert", "key"))
    # Docker makes the folder only for a context that has files for TLS.
    if not folder.is_dir():
        return None
    try:
        return TLSConfig(
            client_cert=(str(cert), str(key)) if cert.exists() else None,
            ca_cert=str(ca) if ca.exists() else None,
            verify=not unchecked,
        )
    except TLSParameterError as error:
        raise EngineUnavailable(
            f"the TLS files of a Docker context are not usable: {error.msg}", where=str(folder)
        ) from error
