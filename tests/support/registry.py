"""A container registry of this machine alone: Debian's docker-registry on a loopback port."""

from __future__ import annotations

import hashlib
import json
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import docker
import docker.errors
import pytest
import requests
from tests.support.devpi import free_port
from tests.support.engine import ROOT, docker_client
from tests.support.tls import Authority

_SECONDS = 60
USER, PASSWORD = "reader", "canary-password"
_HASHED = "$2b$05$uMHOKFjM3fgzMpasameEQe1u07y0kptZWUAPSZXXjaLyl7L1mcXVG"


class Registry:
    """A running registry; `host` is what references to its images begin with."""

    def __init__(self, host: str) -> None:
        self.host = host

    def push(self, image: str, name: str) -> str:
        """Push a local image under a name; gives the reference. The engine keeps no name of it."""
        reference = f"{self.host}/{name}"
        repository, _, tag = reference.rpartition(":")
        client = docker_client()
        try:
            client.tag(image, repository, tag)
            login = {"username": USER, "password": PASSWORD}
            for line in client.push(repository, tag, stream=True, decode=True, auth_config=login):
                assert "error" not in line, line
            client.remove_image(reference, force=True)
        finally:
            client.close()
        return reference

    def digest(self, name: str) -> str:
        """What the registry itself calls the image under a name."""
        repository, _, tag = name.rpartition(":")
        kinds = {"Accept": "application/vnd.docker.distribution.manifest.v2+json"}
        answer = requests.get(self._at(repository, tag), headers=kinds, auth=(USER, PASSWORD), timeout=20)
        return "sha256:" + hashlib.sha256(answer.content).hexdigest()

    def index(self, name: str, manifests: Mapping[str, str]) -> None:
        """Put an index under a name: platform → a tag of the same repository."""
        repository, _, tag = name.rpartition(":")
        rows: list[dict[str, Any]] = []
        kind = "application/vnd.docker.distribution.manifest.v2+json"
        for platform, inner in manifests.items():
            system, architecture = platform.split("/")[:2]
            found = requests.get(
                self._at(repository, inner), headers={"Accept": kind}, auth=(USER, PASSWORD), timeout=20
            )
            rows.append(
                {
                    "mediaType": kind,
                    "size": len(found.content),
                    "digest": "sha256:" + hashlib.sha256(found.content).hexdigest(),
                    "platform": {"os": system, "architecture": architecture},
                }
            )
        whole = "application/vnd.docker.distribution.manifest.list.v2+json"
        body = json.dumps({"schemaVersion": 2, "mediaType": whole, "manifests": rows})
        put = requests.put(
            self._at(repository, tag),
            data=body,
            headers={"Content-Type": whole},
            auth=(USER, PASSWORD),
            timeout=20,
        )
        assert put.status_code == requests.codes.created, put.text

    def _at(self, repository: str, reference: str) -> str:
        return f"http://{self.host}/v2/{repository}/manifests/{reference}"


def forget(host: str, client: docker.APIClient | None = None) -> None:
    """Remove what the engine (the tests' own, where no other is given) has of that registry."""
    client = client or docker_client()
    try:
        for image in client.images():
            names = [*(image["RepoTags"] or ()), *(image["RepoDigests"] or ())]
            for name in names:
                if name.startswith(host):
                    with suppress(docker.errors.ImageNotFound):  # a tag takes its digest along
                        client.remove_image(name, force=True)
    finally:
        client.close()


@contextmanager
def registry(
    folder: Path, *, login: bool = False, at: str = "", authority: Authority | None = None
) -> Iterator[Registry]:
    """Start one with an empty store below a folder; it ends with the context.

    Args:
        folder: not there yet.
        login: whether it asks for one.
        at: `ADDRESS:PORT`; any free port of 127.0.0.1 where it is empty.
        authority: speaks TLS with a certificate of this CA.
    """
    folder.mkdir(parents=True)
    at = at or f"127.0.0.1:{free_port('127.0.0.1')}"
    settings: dict[str, Any] = {
        "version": 0.1,
        "log": {"level": "error"},
        "storage": {"filesystem": {"rootdirectory": str(folder / "store")}},
        "http": {"addr": at},
    }
    if login:
        (folder / "users").write_text(f"{USER}:{_HASHED}\n")
        settings["auth"] = {"htpasswd": {"realm": "tests", "path": str(folder / "users")}}
    if authority is not None:
        authority.server(at.partition(":")[0])
        pair = {"certificate": "server.pem", "key": "server.key"}
        settings["http"]["tls"] = {key: str(authority.folder / name) for key, name in pair.items()}
    (folder / "config.yml").write_text(json.dumps(settings))  # JSON is YAML
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [_program(), "serve", str(folder / "config.yml")], stdout=log, stderr=log, cwd=folder
        )
    try:
        _await(process, at, folder / "log")
        yield Registry(at)
    finally:
        process.kill()
        process.wait()


def _program() -> str:
    """Where `make engine` put it; a missing one is a failure, not a skip."""
    ours = ROOT / ".state" / "tools" / "usr" / "bin" / "docker-registry"
    found = shutil.which("docker-registry") or (str(ours) if ours.is_file() else None)
    return found or pytest.fail("there is no docker-registry: run `make engine`")


def _await(process: subprocess.Popen[bytes], at: str, log: Path) -> None:
    address, _, port = at.partition(":")
    deadline = time.monotonic() + _SECONDS
    while True:
        with socket.socket() as probe:
            if not probe.connect_ex((address, int(port))):
                return
        if process.poll() is not None or time.monotonic() > deadline:
            pytest.fail(f"docker-registry: {log.read_text()[-2000:]}")
        time.sleep(0.1)
