"""Where an image comes from, and an image that is present at the engine and pinned."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class ImageSource:
    """Where the image comes from: a reference (tag or digest), a folder under images/, or both."""

    reference: str | None = None
    folder: Path | None = None

    def __str__(self) -> str:
        return self.reference or (f"images/{self.folder.name}" if self.folder else "no image")


@dataclass(frozen=True)
class PinnedImage:
    """An image as the engine has it.

    Attributes:
        id: the engine's content id, `sha256:…`; what containers are started from.
        reference: the profile's own reference by digest (`name@sha256:…`), empty where none is known.
        name: what the user called it (reference or folder name).
        platform: `linux/amd64` and the like, as the image's own configuration labels it.
        origin: how it came here: `local`, `pulled`, `built` or `bootstrapped`.
        stand_in_for: the profile whose real image it replaces, None for the real one.
        layers: the digests of its unpacked layers (`rootfs.diff_ids` of the OCI image configuration), which
            every engine calls the same, whatever its ids and whoever else has the image.
        emulated: whether the engine's processor does not run its programs by itself.
    """

    id: str
    reference: str
    name: str
    platform: str
    origin: str
    stand_in_for: str | None = None
    layers: tuple[str, ...] = ()
    emulated: bool = False

    @property
    def pin(self) -> str:
        """The strongest name there is: the repository digest, else the id."""
        return self.reference or self.id

    @property
    def content(self) -> str:
        """What it is on every engine: the chain id of its layers; the id where the engine tells none."""
        return chain_id(self.layers) or self.id


@dataclass(frozen=True)
class LockedImage:
    """The image that a lock holds.

    Attributes:
        reference: as the profile spells it.
        platform: `os/architecture[/variant]`.
        content: the chain id of its layers.
        digest: of the platform's own manifest in the registry, empty where no registry told one.
    """

    reference: str
    platform: str
    content: str
    digest: str

    @property
    def pinned(self) -> str:
        """The reference by digest, empty without one."""
        return f"{repository(self.reference)}@{self.digest}" if self.digest else ""


def repository(reference: str) -> str:
    """A reference to an image without its tag and digest (OCI distribution specification)."""
    name = reference.partition("@")[0]
    folder, slash, last = name.rpartition("/")
    return folder + slash + last.partition(":")[0]


def chain_id(layers: tuple[str, ...]) -> str:
    """One digest for layers in their order (OCI image specification, Layer ChainID); empty for none."""
    chain = layers[0] if layers else ""
    for layer in layers[1:]:
        chain = "sha256:" + hashlib.sha256(f"{chain} {layer}".encode()).hexdigest()
    return chain
