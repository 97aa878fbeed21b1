"""Disconnected hosts for the installer: containers with nothing but what a stock machine has."""

from __future__ import annotations

import io
import json
import tarfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from parity.engine import Container, ContainerSpec, Engine, ExecResult, Mount, Network
from parity.model import PinnedImage

NOBODY = "65534:65534"
PREFIX = "/apps/my préfix"
_TMPFS = {
    "/apps": "rw,exec,nosuid,nodev,size=600m,mode=1777",
    "/noexec": "rw,noexec,nosuid,nodev,size=600m,mode=1777",
    "/small": "rw,exec,nosuid,nodev,size=1m,mode=1777",
}
FEW_FILES = {"/few": "rw,exec,nosuid,nodev,size=600m,nr_inodes=60,mode=1777"}
"""A folder for sixty files; Podman knows no such mount."""


@dataclass(frozen=True)
class Host:
    """A running host; bundles lie under /media, which is read-only for it."""

    container: Container

    def run(self, *argv: str, environment: Mapping[str, str] | None = None) -> ExecResult:
        """Run a command as nobody."""
        return self.container.exec(argv, user=NOBODY, environment=environment, timeout=300)

    def install(
        self, bundle: str, prefix: str = PREFIX, *options: str, environment: Mapping[str, str] | None = None
    ) -> tuple[int, dict[str, Any], str]:
        """Run a bundle's installer; gives exit code, JSON document and stderr."""
        argv = ("sh", f"/media/{bundle}/install.sh", prefix, "--json", *options)
        outcome = self.run(*argv, environment=environment)
        return outcome.exit_code, json.loads(outcome.stdout), outcome.stderr.decode()

    def says(self, *argv: str) -> str:
        """What a command that must succeed prints."""
        outcome = self.run(*argv)
        assert outcome.exit_code == 0, outcome.stderr.decode()
        return outcome.stdout.decode().strip()

    def listing(self, folder: str) -> list[str]:
        """The names in a folder; none where it is not there."""
        outcome = self.run("ls", "-A", folder)
        return sorted(outcome.stdout.decode().split("\n")[:-1])


@contextmanager
def host(
    engine: Engine, image: PinnedImage, media: Path, more: Mapping[str, str] | None = None
) -> Iterator[Host]:
    """A host without network, read-only but for tmpfs, with the folders of `media` at /media.

    Args:
        engine, image: where it runs.
        media: what is carried.
        more: folders in memory besides, with their options.
    """
    with engine.scratch_volume() as volume:
        spec = ContainerSpec(
            image=image.id,
            network=Network.NONE,
            purpose="host",
            read_only=True,
            mounts=(Mount(volume, "/media", read_only=False),),
            tmpfs={**_TMPFS, **(more or {})},
            pids=256,
        )
        with engine.container(spec) as container:
            container.put("/media", tree_tar(media, "."))
            container.start()
            yield Host(container)


def tree_tar(folder: Path, name: str) -> bytes:
    """A folder with all that is in it, under another name."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        archive.add(folder, name)
    return buffer.getvalue()
