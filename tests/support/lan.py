"""Disconnected machines with a private network among themselves, and nothing else."""

from __future__ import annotations

import io
import secrets
import tarfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import docker

from parity.docker_engine import DockerEngine
from parity.model import PinnedImage

MEDIA = "/media/parity"
_LIFETIME = "900"


@dataclass(frozen=True)
class Box:
    """A running container; the files it was given lie under MEDIA."""

    client: Any
    id: str

    def run(self, *argv: str, environment: Mapping[str, str] | None = None) -> tuple[int, str]:
        """Run a command to its end: exit code, and both its streams."""
        act = self._exec(argv, environment)
        output = self.client.exec_start(act)
        return int(self.client.exec_inspect(act)["ExitCode"]), output.decode(errors="replace")

    def says(self, *argv: str, environment: Mapping[str, str] | None = None) -> str:
        """What a command that must succeed prints."""
        code, output = self.run(*argv, environment=environment)
        assert code == 0, output
        return output

    def put(self, files: Path) -> None:
        """Carry the files of a folder there, beside what lies under MEDIA."""
        self.client.put_archive(self.id, "/", _tar(files))

    def begin(self, *argv: str) -> None:
        """Start a command and leave it running."""
        self.client.exec_start(self._exec(argv, None), detach=True)

    def _exec(self, argv: tuple[str, ...], environment: Mapping[str, str] | None) -> str:
        found = self.client.exec_create(
            self.id, list(argv), environment=dict(environment or {}), workdir=MEDIA, user="65534:65534"
        )
        return str(found["Id"])


class Lan:
    """A network that leads nowhere; `network` None means no network at all."""

    def __init__(self, client: Any, network: str | None) -> None:
        self.client = client
        self.network = network

    @property
    def gateway(self) -> str:
        """This machine's address in the network."""
        return str(self.client.inspect_network(self.network)["IPAM"]["Config"][0]["Gateway"])

    @contextmanager
    def box(self, image: PinnedImage, files: Path, name: str = "") -> Iterator[Box]:
        """A machine with the files of a folder; the others reach it under its name."""
        host = self.client.create_host_config(
            network_mode=self.network or "none",
            cap_drop=["ALL"],
            security_opt=["no-new-privileges"],
            tmpfs={"/tmp": "rw,exec,size=900m,mode=1777"},
            init=True,
        )
        network = None
        if self.network:
            alias = self.client.create_endpoint_config(aliases=[name] if name else [])
            network = self.client.create_networking_config({self.network: alias})
        made = self.client.create_container(
            image.id,
            command=[_LIFETIME],
            entrypoint=["sleep"],
            host_config=host,
            networking_config=network,
            labels={"org.parity.test": "lan"},
            use_config_proxy=False,
        )
        try:
            self.client.put_archive(made["Id"], "/", _tar(files))
            self.client.start(made["Id"])
            yield Box(self.client, made["Id"])
        finally:
            self.client.remove_container(made["Id"], force=True, v=True)


@contextmanager
def lan(engine: DockerEngine, *, connected: bool = True) -> Iterator[Lan]:
    """A private network (or none) at the engine; removed at the end."""
    client = docker.APIClient(engine.info().address)
    name = f"parity-test-{secrets.token_hex(4)}"
    try:
        if connected:
            client.create_network(name, internal=True, check_duplicate=True)
        yield Lan(client, name if connected else None)
    finally:
        if connected:
            client.remove_network(name)
        client.close()


def _tar(folder: Path) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        archive.add(folder, MEDIA.lstrip("/"), filter=_for_everybody)
    return buffer.getvalue()


def _for_everybody(member: tarfile.TarInfo) -> tarfile.TarInfo:
    member.uid = member.gid = 65534
    member.uname = member.gname = ""
    return member
