"""Whether a profile's image is there, or how it would come here; nothing is pulled, built or made."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from parity.files import read_small
from parity.images.bootstrap import ImageMaker, obstacle
from parity.images.folder import image_tag
from parity.images.platforms import platform_of, same_platform
from parity.model import ImageSource

# Options such as --platform may stand before the image.
_FROM = re.compile(r"^\s*FROM\s+(--\S+\s+)*(?P<base>\S+)", re.IGNORECASE | re.MULTILINE)


@dataclass(frozen=True)
class ImageOutlook:
    """What a build would find: whether the image can be had, and by which way or why by none."""

    good: bool
    told: str


def image_outlook(source: ImageSource, arch: str, maker: ImageMaker) -> ImageOutlook:
    """What `ensure_image` would likely come to; the way that it would go, or why none is open.

    Args:
        source: the profile's image.
        arch: the target's architecture as `uname -m` says it.
        maker: whose engine is asked; it makes nothing.

    Raises:
        EngineLost, EngineRefused: as the engine says.
    """
    troubles = []
    for good, told in _ways(source, arch, maker):
        if good:
            return ImageOutlook(True, told)
        troubles.append(told)
    return ImageOutlook(False, "; ".join(troubles) or f"{source}: there is no folder of that name")


def _ways(source: ImageSource, arch: str, maker: ImageMaker) -> Iterator[tuple[bool, str]]:
    folder, reference = source.folder, source.reference
    platform = platform_of(arch)
    names = [reference] if reference else []
    names += [image_tag(folder, platform)] if folder and folder.is_dir() else []
    # In the order of `ensure_image`: what is told first is what a build would do.
    for name in names:
        found = maker.engine.image(name)
        if found is not None:
            fits = same_platform(found.platform, platform)
            yield fits, f"{name} is here" if fits else f"{name} is here for {found.platform}, not {platform}"
    if reference:
        problem = maker.engine.registry_problem(reference)
        told = f"{reference} cannot be pulled: {problem}" if problem else f"{reference} will be pulled"
        yield not problem, told
    if folder and (folder / "Dockerfile").is_file():
        problem = _base_problem(folder / "Dockerfile", maker)
        told = f"{folder.name}/Dockerfile cannot be built: {problem}" if problem else "a build makes it first"
        yield not problem, told
    if folder and (folder / "bootstrap.json").is_file():
        reason = obstacle(maker.machine, arch)
        told = f"{folder.name} cannot be bootstrapped: {reason}" if reason else "a build makes it first"
        yield not reason, told


def _base_problem(dockerfile: Path, maker: ImageMaker) -> str:
    """Why the first image that it begins with cannot be had; empty where it can, or where nobody knows."""
    try:
        found = _FROM.search(read_small(dockerfile).decode("utf-8", "replace"))
    except OSError as error:
        return f"it cannot be read: {error.strerror}"
    # Where a build argument names it, or nothing does, the build alone can tell.
    base = found["base"] if found else "$"
    if "$" in base or base == "scratch" or maker.engine.image(base) is not None:
        return ""
    return maker.engine.registry_problem(base)
