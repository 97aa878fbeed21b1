"""Where an image comes from, and an image that is present at the engine and pinned."""

from __future__ import annotations

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
        digests: repository digests (`name@sha256:…`), empty for a locally built image.
        name: what the user called it (reference or folder name).
        platform: `linux/amd64` and the like, as the image's own configuration labels it.
        origin: how it came here: `local`, `pulled`, `built` or `bootstrapped`.
        stand_in_for: the profile whose real image it replaces, None for the real one.
    """

    id: str
    digests: tuple[str, ...]
    name: str
    platform: str
    origin: str
    stand_in_for: str | None = None

    @property
    def pin(self) -> str:
        """The strongest name there is: the repository digest, else the id."""
        return self.digests[0] if self.digests else self.id
