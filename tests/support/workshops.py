"""A workshop with a store of its own, so that a test may search every byte of it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from parity.docker_engine import DockerEngine
from parity.engine import Container, ContainerSpec, Mount, Network
from parity.engine.guests import Guest, guest_tar
from parity.engine.workshop import STORE
from parity.host.folders import cache_folder
from parity.host.network import host_network
from parity.host.uv_tool import ensure_uv, uv_binary, uv_tar
from parity.model.network import HostNetwork
from parity.progress import Reporter, Silent
from parity.resolve import uv_wheel

PYTHON = "/usr/bin/python3"


@dataclass(frozen=True)
class Shop:
    """The container and its store's volume."""

    container: Container
    volume: str

    def guest(self, network: HostNetwork | None = None, reporter: Reporter | None = None) -> Guest:
        """The reach into it."""
        return Guest(self.container, PYTHON, network or HostNetwork(), reporter or Silent())


@contextmanager
def shop(
    engine: DockerEngine, image: str, *, uv: bool = False, store_size: str = "", memory: int | None = None
) -> Iterator[Shop]:
    """A started workshop; with uv, with a store of so many bytes in memory, or with so little memory."""
    with engine.scratch_volume() as volume:
        spec = ContainerSpec(
            image=image,
            network=Network.DEFAULT,
            purpose="workshop",
            memory=memory,
            mounts=() if store_size else (Mount(volume, STORE, read_only=False),),
            tmpfs={STORE: f"rw,size={store_size}"} if store_size else {},
        )
        with engine.container(spec) as container:
            container.put("/", guest_tar())
            if uv:
                wheel = uv_wheel("x86_64")
                path = ensure_uv(wheel, cache_folder(), host_network(None, os.environ))
                container.put("/", uv_tar(uv_binary(wheel, path)))
            container.start()
            yield Shop(container, volume)
