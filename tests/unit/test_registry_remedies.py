"""What is said to do about a registry, in the words of the engine that there is."""

from __future__ import annotations

from typing import Any

import pytest

from parity.engine import EngineInfo
from parity.images.remedies import registry_of, registry_remedy


def info(name: str) -> EngineInfo:
    more: dict[str, Any] = {"cpus": 1, "memory": 1, "storage_driver": "x", "root": "/a", "rootless": False}
    return EngineInfo(name, "1", "1.41", "linux/amd64", "unix:///a", **more)


DOCKER, PODMAN = info("Docker"), info("Podman Engine")
IMAGE = "registry.corp.example:5000/team/base:1"


@pytest.mark.parametrize(
    ("said", "docker", "podman"),
    [
        (
            "unauthorized: authentication required",
            "docker login registry.corp.example:5000",
            "podman login registry.corp.example:5000",
        ),
        (
            "Get https://…: x509: certificate signed by unknown authority",
            "/etc/docker/certs.d/registry.corp.example:5000/ca.crt",
            "/etc/containers/certs.d/registry.corp.example:5000/ca.crt",
        ),
        (
            "http: server gave HTTP response to HTTPS client",
            "/etc/docker/daemon.json",
            "/etc/containers/registries.conf",
        ),
        ("no such host", "", ""),
    ],
)
def test_the_remedy_is_the_engines_own_command(said: str, docker: str, podman: str) -> None:
    for engine, wanted in ((DOCKER, docker), (PODMAN, podman)):
        found = registry_remedy(said, IMAGE, engine)
        assert wanted in found
        assert bool(found) == bool(wanted)


@pytest.mark.parametrize(
    ("reference", "host"),
    [
        (IMAGE, "registry.corp.example:5000"),
        ("debian:12", ""),
        ("team/base:1", ""),
        ("localhost/a", "localhost"),
    ],
)
def test_the_default_registry_has_no_name(reference: str, host: str) -> None:
    assert registry_of(reference) == host
