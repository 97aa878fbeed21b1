"""The real engine as the tests see it: what is there, what a killed run leaves, other engines."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import docker

from parity.docker_engine import DockerEngine
from parity.docker_engine.owner import RUN

ROOT = Path(__file__).parents[2]
IMAGES = ROOT / "images"


_GROUPS = Path("/proc/cgroups")
_DROP = Path("/proc/sys/vm/drop_caches")
_MANY = 600


def forget_dead_groups() -> None:
    """Have the kernel let go of the memory groups of containers that are gone, where there are many.

    The page cache holds them, and many hundred make each new container cost twice as much of the kernel's
    time. Only root may; what is dropped is read again from the disk, so that it must not be done often.
    """
    found = (
        re.search(r"^memory\s+\d+\s+(\d+)", _GROUPS.read_text(), re.MULTILINE) if _GROUPS.exists() else None
    )
    if found and int(found[1]) > _MANY and os.access(_DROP, os.W_OK):
        _DROP.write_text("1\n")


def docker_client(**options: Any) -> docker.APIClient:
    """The SDK's own client of the engine that the tests run against: DOCKER_HOST's, else the usual one."""
    return docker.APIClient(os.environ.get("DOCKER_HOST"), **options)


def engine_words() -> dict[str, str]:
    """What an environment that a test writes must say so that its commands use the same engine."""
    return {"DOCKER_HOST": os.environ["DOCKER_HOST"]} if "DOCKER_HOST" in os.environ else {}


# A run that creates a container, a scratch volume and an image, says their names, and waits to be killed.
DOOMED = """
import signal, sys, time
from parity.docker_engine import connect
from parity.engine import ContainerSpec, Network
signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
engine = connect(sys.argv[1])
spec = ContainerSpec(image=sys.argv[2], network=Network.NONE, purpose="doomed")
with engine.scratch_volume() as volume, engine.container(spec) as container:
    container.start()
    with engine.scratch_image(container) as image:
        print(container.id, volume, image, flush=True)
        time.sleep(600)
"""


def doomed_run(address: str, image: str) -> tuple[subprocess.Popen[str], str, str, str]:
    """Start a run in a process of its own; gives the process and its container, volume and image."""
    command = [sys.executable, "-c", DOOMED, address, image]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT)
    assert process.stdout is not None
    container, volume, made = process.stdout.readline().split()
    return process, container, volume, made


def reap(process: subprocess.Popen[str]) -> int:
    """Wait for a process that was sent a signal; gives its exit code."""
    with process:
        return process.wait(60)


def containers_of(engine: DockerEngine) -> set[str]:
    """The ids of all of parity's containers at that engine, of this run only."""
    engine.settle()
    client = docker.APIClient(engine.info().address)
    try:
        found = client.containers(all=True, filters={"label": f"{RUN}={engine.run_id}"})
        return {str(container["Id"]) for container in found}
    finally:
        client.close()


def exists(engine: DockerEngine, container_id: str) -> bool:
    """Whether the engine has that container."""
    engine.settle()
    client = docker.APIClient(engine.info().address)
    try:
        return bool(client.containers(all=True, filters={"id": container_id}))
    finally:
        client.close()


def volume_exists(engine: DockerEngine, name: str) -> bool:
    """Whether the engine has that volume."""
    engine.settle()
    client = docker.APIClient(engine.info().address)
    try:
        found = client.volumes(filters={"name": name}).get("Volumes") or ()
        return any(volume["Name"] == name for volume in found)
    finally:
        client.close()


def remove_images(engine: DockerEngine, *repositories: str) -> None:
    """Remove every tag of the repositories that tests made."""
    client = docker.APIClient(engine.info().address)
    try:
        for repository in repositories:
            for image in client.images(name=repository):
                for tag in image["RepoTags"] or ():
                    client.remove_image(tag, force=True)
    finally:
        client.close()
