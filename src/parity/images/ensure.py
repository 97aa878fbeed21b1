"""The image made present, by the first way that works; a failure tells every way that was tried."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from parity.engine import Engine, ImageInfo
from parity.errors import EngineRefused, ImageUnavailable
from parity.images.bootstrap import BootstrapFailed, ImageMaker, bootstrap, obstacle
from parity.images.folder import RecipeInvalid, build_context, image_tag, latest_tag, read_recipe
from parity.images.lines import ToolLines
from parity.images.platforms import is_native, platform_of, same_platform
from parity.images.references import own_digest
from parity.images.remedies import program_of, registry_remedy
from parity.model import ImageSource, PinnedImage


class _WayFailed(Exception):
    """One way did not work; what follows the first line is the tool's own output."""

    def __init__(self, reason: str, output: tuple[str, ...] = ()) -> None:
        super().__init__(reason)
        self.lines = (reason, *(f"    {line}" for line in output))


@dataclass
class _Search:
    source: ImageSource
    arch: str
    maker: ImageMaker
    tried: list[str] = field(default_factory=list)

    @property
    def platform(self) -> str:
        return platform_of(self.arch)


def pinned(found: ImageInfo, source: ImageSource, origin: str, engine: Engine) -> PinnedImage:
    """An image at the engine as the profile's own; which other names the engine has for it is left out."""
    return PinnedImage(
        id=found.id,
        reference=own_digest(source.reference or "", found.digests),
        name=str(source),
        platform=found.platform,
        origin=origin,
        layers=found.layers,
        emulated=not is_native(found.platform, engine.info().platform),
    )


def ensure_image(source: ImageSource, arch: str, maker: ImageMaker) -> PinnedImage:
    """Make the image present at the engine: found locally, pulled, built or bootstrapped.

    Args:
        source: a reference, a folder with a Dockerfile and perhaps a bootstrap.json, or both.
        arch: the target's architecture as `uname -m` says it; an image of another is not used.
        maker: what makes it present.

    Raises:
        ImageUnavailable: no way worked; the details tell each and why.
        EngineLost: the engine went away.
    """
    search = _Search(source, arch, maker)
    for origin, name, attempt in _ways(search):
        if found := _attempt(search, origin, name, attempt):
            return pinned(found, source, origin, maker.engine)
    raise _unavailable(search)


_Attempt = Callable[[], ImageInfo]


def _ways(search: _Search) -> Iterator[tuple[str, str, _Attempt]]:
    reference, folder = search.source.reference, search.source.folder
    if reference:
        yield "local", f"local image {reference}", lambda: _local(search, reference)
    if folder and _is_folder(search, folder):
        tag = image_tag(folder, search.platform)
        yield "local", f"local image {tag}", lambda: _local(search, tag)
    if reference:
        yield "pulled", f"pull {reference}", lambda: _pull(search, reference)
    if folder and (folder / "Dockerfile").is_file():
        yield "built", f"build {folder.name}/Dockerfile", lambda: _build(search, folder)
    if folder and (folder / "bootstrap.json").is_file():
        yield "bootstrapped", f"bootstrap {folder.name}", lambda: _bootstrap(search, folder)


def _attempt(search: _Search, origin: str, name: str, attempt: _Attempt) -> ImageInfo | None:
    try:
        return _fitting(search, attempt())
    except _WayFailed as failure:
        first, *rest = failure.lines
        search.tried += [f"{name}: {first}", *rest]
    except EngineRefused as refusal:
        search.tried += [f"{name}: {refusal.message}", *(f"    {line}" for line in refusal.details)]
    if origin != "local":
        search.maker.reporter.debug(search.tried[-1])
    return None


def _fitting(search: _Search, found: ImageInfo) -> ImageInfo:
    if same_platform(found.platform, search.platform):
        return found
    # An image of another architecture runs by emulation, where there is one: its facts would be wrong.
    raise _WayFailed(f"it is for {found.platform}, not {search.platform}: not used")


def _is_folder(search: _Search, folder: Path) -> bool:
    if folder.is_dir():
        return True
    search.tried.append(f"folder {folder}: there is none")
    return False


def _local(search: _Search, name: str) -> ImageInfo:
    found = search.maker.engine.image(name)
    if found is None:
        raise _WayFailed("not there")
    return found


def _pull(search: _Search, reference: str) -> ImageInfo:
    search.maker.reporter.note(f"pulling {reference}")
    return search.maker.engine.pull(reference, search.platform, ToolLines(search.maker.reporter))


def _build(search: _Search, folder: Path) -> ImageInfo:
    search.maker.reporter.note(f"building {folder.name} from its Dockerfile")
    tag = image_tag(folder, search.platform)
    found = search.maker.engine.build(
        build_context(folder), tag, search.platform, ToolLines(search.maker.reporter)
    )
    _tag_latest(search, found, folder)
    return found


def _bootstrap(search: _Search, folder: Path) -> ImageInfo:
    try:
        recipe = read_recipe(folder / "bootstrap.json")
        if reason := obstacle(search.maker.machine, search.arch):
            raise _WayFailed(reason)
        found = bootstrap(recipe, search.arch, image_tag(folder, search.platform), search.maker)
    except RecipeInvalid as error:
        raise _WayFailed(str(error)) from error
    except BootstrapFailed as error:
        raise _WayFailed(error.reason, error.output) from error
    _tag_latest(search, found, folder)
    return found


def _tag_latest(search: _Search, found: ImageInfo, folder: Path) -> None:
    engine = search.maker.engine
    foreign = not is_native(search.platform, engine.info().platform)
    engine.tag(found.id, latest_tag(folder, search.platform) if foreign else latest_tag(folder))


def _unavailable(search: _Search) -> ImageUnavailable:
    return ImageUnavailable(
        f"the image {search.source} for {search.platform} could not be had",
        remedy=_remedy(search),
        details=tuple(search.tried),
    )


def _remedy(search: _Search) -> str:
    """What helps: an image of parity's own making is in no registry, so nobody can pull it."""
    reference, tag, info = search.source.reference, _folder_tag(search), search.maker.engine.info()
    program = program_of(info)
    ways = [registry_remedy(" ".join(search.tried), reference, info)] if reference else []
    ways += [f"{program} pull {reference}, or {program} load it from a file"] if reference else []
    saved = f"{program} save -o image.tar {tag} where it can be made and {program} load -i image.tar here"
    ways += [f"mend what is told above, or {saved}"] if tag else []
    return "; or ".join(filter(None, [*ways, "build with --stand-in IMAGE"])) if any(ways) else ""


def _folder_tag(search: _Search) -> str:
    folder = search.source.folder
    return image_tag(folder, search.platform) if folder and folder.is_dir() else ""
