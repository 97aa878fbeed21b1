"""The builder's image: the target's with compilers and headers, made where sources need it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

from parity.engine import ImageInfo
from parity.errors import EngineRefused, ImageUnavailable
from parity.images.bootstrap import ImageMaker
from parity.images.ensure import ensure_image
from parity.images.folder import build_context, folder_digest, tag_of
from parity.images.lines import ToolLines
from parity.model import ImageSource, PinnedImage, SourcePlan

_SUFFIX = "-builder"


def builder_of(folder: Path) -> Path:
    """Where the recipe of a target's builder lies: beside the target's own."""
    return folder.with_name(folder.name + _SUFFIX)


def target_of(folder: Path) -> Path | None:
    """The folder of the target that a builder's folder belongs to; None for a folder that is none."""
    return folder.with_name(folder.name.removesuffix(_SUFFIX)) if folder.name.endswith(_SUFFIX) else None


def builder_tag(folder: Path, base: str, packages: Sequence[str], platform: str) -> str:
    """A builder's local name: it changes with the recipe, the target's image and the packages."""
    # Its content and not the name of the target's image: `latest` may be another image tomorrow.
    parts = [folder_digest(folder), base, *sorted(packages)]
    return tag_of(folder, hashlib.sha256("\0".join(parts).encode()).hexdigest(), platform)


@dataclass(frozen=True)
class Builder:
    """An image to build sources in, not made before it is asked for.

    Attributes:
        base: the target's image: every builder of ours begins with it.
        source: a reference, or the folder of a recipe that begins with `ARG BASE`, `FROM ${BASE}`.
        packages: packages of the distribution that the recipe installs besides.
        arch: as `uname -m` says it.
        maker: what makes it present.
        proxies: `http`, `https` and `no`, for the packages' way; engines keep them out of the image.
    """

    base: PinnedImage
    source: ImageSource
    packages: tuple[str, ...]
    arch: str
    maker: ImageMaker
    proxies: Mapping[str, str] = field(default_factory=dict, repr=False)

    def having(self, packages: Sequence[str]) -> Builder:
        """The builder with more packages of the distribution: made on top of it, not from the start again."""
        if not packages:
            return self
        if self.source.folder is None:
            return replace(self, packages=(*self.packages, *packages))
        return replace(self, base=self.image, packages=tuple(packages))

    @property
    def name(self) -> str:
        """The tag, which changes with recipe, target and packages; the id where a reference is present."""
        folder = self.source.folder
        if folder is None:
            found = self.maker.engine.image(str(self.source))
            # The id, since what was built is kept under this name and must not survive a change of the image.
            return found.id if found else str(self.source)
        return builder_tag(folder, self.base.content, self.packages, self.base.platform)

    @cached_property
    def image(self) -> PinnedImage:
        """The image, made if need be.

        Raises:
            ImageUnavailable: it cannot be had; the details tell the end of what was said.
            EngineLost: the engine went away.
        """
        if self.source.folder is None:
            return self._referred()
        found, origin = self.maker.engine.image(self.name), "local"
        if found is None:
            found, origin = self._built(self.source.folder), "built"
        return PinnedImage(found.id, "", self.name, found.platform, origin, layers=found.layers)

    def _referred(self) -> PinnedImage:
        if self.packages:
            raise ImageUnavailable(
                "builder.packages are installed by a recipe, but builder.image is a reference",
                remedy="name a folder with a recipe in builder.image, or put the packages into that image",
            )
        return ensure_image(self.source, self.arch, self.maker)

    def _built(self, folder: Path) -> ImageInfo:
        self.maker.reporter.note(f"building {folder.name} on {self.base.name}")
        arguments = {"BASE": self.base.id, "PACKAGES": " ".join(self.packages), **_proxies(self.proxies)}
        try:
            return self.maker.engine.build(
                build_context(folder),
                self.name,
                self.base.platform,
                ToolLines(self.maker.reporter),
                arguments,
            )
        except EngineRefused as refusal:
            raise ImageUnavailable(
                f"the builder's image cannot be made: {refusal.message}",
                where=str(folder / "Dockerfile"),
                remedy="see that the distribution's package mirror answers and has the packages named above",
                details=refusal.details,
            ) from refusal


def builder_for(
    base: PinnedImage,
    target: ImageSource,
    plan: SourcePlan,
    arch: str,
    maker: ImageMaker,
    *,
    proxies: Mapping[str, str],
) -> Builder:
    """The builder that belongs to a target's image; see `Builder` for the arguments.

    Raises:
        ImageUnavailable: nobody says where its recipe is.
    """
    source = plan.builder
    if source is None and target.folder is not None:
        source = ImageSource(folder=builder_of(target.folder))
    if source is None:
        raise ImageUnavailable(
            f"sources are to be built, but {target} has no builder's image",
            remedy="name one in builder.image: the target with compilers and headers",
        )
    if source.folder is not None and not (source.folder / "Dockerfile").is_file():
        raise ImageUnavailable(
            f"there is no recipe for a builder of {target}",
            where=str(source.folder / "Dockerfile"),
            remedy="write one (`parity docs own-image` tells how), or name an image in builder.image",
        )
    return Builder(base, source, plan.packages, arch, maker, proxies)


def _proxies(proxies: Mapping[str, str]) -> dict[str, str]:
    """Build arguments that every engine knows and records nowhere (Dockerfile reference, predefined ARGs)."""
    found = {f"{kind}_proxy": address for kind, address in proxies.items() if address}
    # Both spellings: curl reads only the small one of http_proxy, other programs only the large ones.
    return {spelling: value for name, value in found.items() for spelling in (name, name.upper())}
