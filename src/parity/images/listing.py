"""Which image folders there are, and which of their images the engine has."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from parity.engine import Engine, ImageInfo
from parity.images.builders import builder_tag, target_of
from parity.images.folder import image_tag
from parity.model import chain_id

_NATIVE = "linux/amd64"


@dataclass(frozen=True)
class ImageRow:
    """One folder under images/; `present` is None where the engine has no image of its present state.

    A builder has no tag where the image of its target, which it begins with, is not present.
    """

    name: str
    folder: Path
    tag: str
    bootstraps: bool
    present: ImageInfo | None


def list_images(root: Path, engine: Engine, platform: str = _NATIVE) -> tuple[ImageRow, ...]:
    """The image folders below `root` by name, with what the engine has of each for that platform."""
    folders = sorted(path.parent for path in root.glob("*/Dockerfile"))
    return tuple(_row(folder, engine, platform) for folder in folders)


def _row(folder: Path, engine: Engine, platform: str) -> ImageRow:
    tag = _tag(folder, engine, platform)
    bootstraps = (folder / "bootstrap.json").is_file()
    return ImageRow(folder.name, folder, tag, bootstraps, engine.image(tag) if tag else None)


def _tag(folder: Path, engine: Engine, platform: str) -> str:
    target = target_of(folder)
    if target is None:
        return image_tag(folder, platform)
    base = engine.image(image_tag(target, platform)) if target.is_dir() else None
    return builder_tag(folder, chain_id(base.layers) or base.id, (), platform) if base else ""
