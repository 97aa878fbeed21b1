"""The image that a lock holds: the very one of its platform, whatever its tag has become."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from parity.engine import ImageInfo
from parity.errors import EngineRefused, ImageUnavailable, LockOutdated
from parity.images.bootstrap import ImageMaker
from parity.images.ensure import ensure_image, pinned
from parity.images.lines import ToolLines
from parity.images.platforms import platform_of, same_platform
from parity.images.references import digest_of
from parity.model import ImageSource, LockedImage, PinnedImage, chain_id


def image_by_lock(
    source: ImageSource,
    arch: str,
    maker: ImageMaker,
    held: LockedImage | None,
    *,
    locked: bool = False,
    upgrade: bool = False,
) -> tuple[PinnedImage, LockedImage | None]:
    """Make the profile's image present, the one that the lock holds where it holds one.

    Args:
        source: the profile's image; what a folder makes is not held, since no two makings are alike.
        arch: the target's architecture as `uname -m` says it.
        maker: what makes it present.
        held: what the lock says.
        locked: no other image will do.
        upgrade: look for a newer one, whatever the lock says.

    Returns:
        the image, and what the lock shall hold from now on.

    Raises:
        LockOutdated: `locked`, and the profile's image is another one than the lock's.
        ImageUnavailable: it cannot be had, or not by the digest that the lock holds.
        EngineLost: the engine went away.
    """
    reference, platform = source.reference, platform_of(arch)
    if reference is None:
        return ensure_image(source, arch, maker), None
    suits = held is not None and held.reference == reference and same_platform(held.platform, platform)
    if held is not None and locked and not suits:
        raise LockOutdated(
            f"it holds the image {held.reference} for {held.platform}, "
            f"the profile has {reference} for {platform}"
        )
    if held is not None and suits and not upgrade:
        found = _as_held(source, held, platform, maker, locked=locked)
        if found is not None:
            return found, held
    elif upgrade:
        _fetch_newer(reference, platform, maker)
    found = ensure_image(source, arch, maker)
    if found.origin not in ("local", "pulled") or not found.layers:
        return found, None
    return _newly_held(found, reference, platform, maker)


def _as_held(
    source: ImageSource, held: LockedImage, platform: str, maker: ImageMaker, *, locked: bool
) -> PinnedImage | None:
    """The image that is held; None where another one has taken its place and may."""
    tried: list[str] = []
    for origin, attempt in _ways(held, platform, maker):
        try:
            found = attempt()
        except EngineRefused as refusal:
            tried.append(refusal.message)
            continue
        if found is not None and same_platform(found.platform, platform):
            if chain_id(found.layers) == held.content:
                return replace(pinned(found, source, origin, maker.engine), reference=held.pinned)
            tried.append(f"{origin}: {held.reference} is another image now")
    if locked or held.digest:
        raise ImageUnavailable(
            "the image that the lock holds is not to be had: "
            f"{held.pinned or held.reference} for {held.platform}",
            remedy="build with --upgrade for the image that the tag has now, or see that its registry still "
            "has this one and lets you in",
            details=(f"the lock holds an image of the content {held.content}", *tried),
        )
    maker.reporter.warn(f"{held.reference} is another image than the lock held; the lock holds this one now")
    return None


def _ways(
    held: LockedImage, platform: str, maker: ImageMaker
) -> Iterator[tuple[str, Callable[[], ImageInfo | None]]]:
    engine = maker.engine
    yield "local", lambda: engine.image(held.reference)
    if held.digest:
        yield "local", lambda: engine.image(held.pinned)
    name = held.pinned or held.reference
    yield "pulled", lambda: engine.pull(name, platform, ToolLines(maker.reporter))


def _fetch_newer(reference: str, platform: str, maker: ImageMaker) -> None:
    """Bring what the registry has under the reference now; one that does not answer is told, and no error."""
    try:
        there, here = maker.engine.registry_image(reference, platform), maker.engine.image(reference)
        if here is None or here.layers != there.layers:
            maker.reporter.note(f"pulling {reference}: its registry has another one")
            maker.engine.pull(reference, platform, ToolLines(maker.reporter))
    except EngineRefused as refusal:
        maker.reporter.note(f"whether there is a newer image is not known: {refusal.message}")


def _newly_held(
    found: PinnedImage, reference: str, platform: str, maker: ImageMaker
) -> tuple[PinnedImage, LockedImage]:
    """The image, and what a lock holds of it: its platform's own digest where the registry tells that."""
    digest = digest_of(found.reference)
    try:
        there = maker.engine.registry_image(found.reference or reference, platform)
        digest = there.digest if there.layers == found.layers else digest
    except EngineRefused as refusal:
        maker.reporter.debug(refusal.message)
    held = LockedImage(reference, platform, chain_id(found.layers), digest)
    return replace(found, reference=held.pinned), held
