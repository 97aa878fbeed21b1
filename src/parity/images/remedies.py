"""What helps where a registry does not let an image be pulled, in the engine's own words. Pure."""

from __future__ import annotations

import re

from parity.engine import EngineInfo
from parity.model import repository

# What registries and Go's TLS say, whatever the engine puts around it.
_LOGIN = re.compile(
    r"unauthorized|authentication required|no basic auth|access denied|wants a login|refuses the login",
    re.IGNORECASE,
)
_TLS = re.compile(r"x509|certificate", re.IGNORECASE)
_PLAIN = re.compile(r"server gave HTTP response to HTTPS client", re.IGNORECASE)


def program_of(info: EngineInfo) -> str:
    """The command that people type for that engine."""
    return "podman" if info.name.lower().startswith("podman") else "docker"


def registry_remedy(said: str, reference: str, info: EngineInfo) -> str:
    """What to do about what a registry, or an engine on the way to it, said; empty where nobody knows.

    Args:
        said: its words.
        reference: what was asked for.
        info: of the engine.
    """
    program, host = program_of(info), registry_of(reference)
    if _LOGIN.search(said):
        return f"log in: {program} login {host}".rstrip()
    if _PLAIN.search(said):
        conf = "/etc/containers/registries.conf" if program == "podman" else "/etc/docker/daemon.json"
        return f"the registry speaks no TLS: name {host} as insecure in {conf} of the engine's host"
    if _TLS.search(said):
        folder = "/etc/containers/certs.d" if program == "podman" else "/etc/docker/certs.d"
        return f"have the engine's host trust its CA: put that into {folder}/{host}/ca.crt there"
    return ""


def registry_of(reference: str) -> str:
    """The registry's host and port, empty for the engine's default one."""
    first, slash, _ = repository(reference).partition("/")
    return first if slash and ("." in first or ":" in first or first == "localhost") else ""
