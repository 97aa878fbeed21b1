"""Values that say what a container shall be, and what came of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum


class Network(Enum):
    """What a container may reach: nothing but itself, or what the engine's default bridge reaches."""

    NONE = "none"
    DEFAULT = "bridge"


@dataclass(frozen=True)
class Mount:
    """A named volume inside a container. There are no bind mounts: the engine may be elsewhere."""

    volume: str
    path: str
    read_only: bool


@dataclass(frozen=True)
class ContainerSpec:
    """A container to be.

    Attributes:
        image: the image's id, `sha256:…`.
        network: required, so that nobody gets a network by forgetting.
        purpose: one word for its name and label: `probe`, `workshop`, `rehearsal`.
        platform: such as `linux/amd64`, where it differs from the engine's own.
        user: `uid:gid`.
        read_only: a read-only root file system.
        confined: drop all capabilities and forbid new privileges.
        capabilities: those that a confined container gets all the same: `CHOWN`.
        mounts: named volumes.
        tmpfs: path → mount options (`rw,exec,size=…`).
        memory: limit in bytes (swap included), None for the engine's default.
        pids: limit on processes, None for the engine's default.
        environment: written by us; recorded in the container's configuration, so never a secret.
        lifetime: seconds after which the container ends by itself, whatever became of us.
    """

    image: str
    network: Network
    purpose: str
    platform: str | None = None
    user: str = "0:0"
    read_only: bool = False
    confined: bool = True
    capabilities: tuple[str, ...] = ()
    mounts: tuple[Mount, ...] = ()
    tmpfs: Mapping[str, str] = field(default_factory=dict)
    memory: int | None = None
    pids: int | None = None
    environment: Mapping[str, str] = field(default_factory=dict)
    lifetime: int = 24 * 3600


@dataclass(frozen=True)
class ExecResult:
    """How a command inside a container ended; output is bytes, whole and in order per stream."""

    exit_code: int
    stdout: bytes
    stderr: bytes


@dataclass(frozen=True)
class ImageInfo:
    """An image at the engine: id, repository digests, `os/arch[/variant]`, bytes on disk, layers' digests.

    `environment` holds its variables, `NAME=value`.
    """

    id: str
    digests: tuple[str, ...]
    platform: str
    size: int
    layers: tuple[str, ...] = ()
    environment: tuple[str, ...] = ()


@dataclass(frozen=True)
class RegistryImage:
    """An image in a registry, for one platform: that platform's own manifest, and its layers' digests."""

    digest: str
    layers: tuple[str, ...]


@dataclass(frozen=True)
class Living:
    """A container that another run uses: its name, and when it was made, by the engine's clock."""

    name: str
    created: int


@dataclass(frozen=True)
class EngineInfo:
    """The engine that answers.

    `unlimited` names what it says itself that it does not limit: `memory`, `swap`, `pids`. Where it
    `keeps_layers`, an archive may leave out the first layers of an image, if another one here has the same.
    """

    name: str
    version: str
    api_version: str
    platform: str
    address: str
    cpus: int
    memory: int
    storage_driver: str
    root: str
    rootless: bool
    unlimited: tuple[str, ...] = ()
    keeps_layers: bool = False

    @property
    def identity(self) -> str:
        """What tells this engine from others, as far as one can: Podman has no id that lasts."""
        limited = ",".join(self.unlimited) or "all"
        return f"{self.name} {self.version} at {self.address} in {self.root}, without limits: {limited}"
