"""A bundle as a container image: verified → environment → layer → image → tried → signed."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

from parity.engine.together import Together
from parity.errors import HashMismatch, ImageUnavailable, OptionConflict
from parity.export import oci, readme
from parity.export.base import base_layers, keep_layers, kept_layers
from parity.export.layer import EnvironmentLayer, LayerPlace
from parity.export.sealed import Sealed, file_entry, write_sealed
from parity.export.spool import NewSpool, SpooledBytes, spooling
from parity.export.streamed import StreamedBytes
from parity.export.system_layer import system_layer
from parity.export.trial import try_image
from parity.model import BundleIdentity, PinnedImage, word_fault
from parity.pack import STOCK_CHECK, VEHICLES, loaders
from parity.pipeline.context.values import Site
from parity.pipeline.exporting.making import (
    NOBODY,
    Begun,
    MakeSealer,
    begun,
    described,
    fill_layer,
    proved_texts,
    trial_of,
    tried_beside,
)
from parity.pipeline.rehearsal.again import payload_archive
from parity.portable.bundle import ustar
from parity.portable.bundle.envelope import IMAGE, Checker
from parity.portable.bundle.manifest import SYSTEM, gems_of
from parity.portable.ruby.gems import FOLDER
from parity.system import prepared_image

if TYPE_CHECKING:
    from parity.portable.documents.exports import ExportDocument, ExportedImageDocument

_TOP = "parity-image/"
_OWN = "layer.tar"
"""The environment's layer in what an engine loads; its digest is not known before its last byte."""


@dataclass(frozen=True)
class ImageRequest:
    """An image to make.

    Attributes:
        bundle: the bundle's file.
        output: the folder that gets the image.
        prefix: where the environment lies in it; below /opt by the product's name if empty.
        name: the reference that it gets where it is loaded; of product and version if empty.
        user: who runs in it, `uid:gid`; never root.
        entrypoint: what it runs.
        base_on_site: the reference by digest of the base, whose layers are left out; empty to carry them.
    """

    bundle: Path
    output: Path
    prefix: str = ""
    name: str = ""
    user: str = NOBODY
    entrypoint: tuple[str, ...] = ()
    base_on_site: str = ""


@dataclass(frozen=True)
class _ImageEnd:
    """What an engine is told behind the environment's layer: the digests of all, and those it may lack."""

    layers: tuple[str, ...]
    blobs: Sequence[SpooledBytes] = ()


@dataclass(frozen=True)
class _Loading:
    """What an engine loads: the environment's layer while it is made, and the rest once it is known."""

    own: StreamedBytes
    rest: Future[_ImageEnd] = field(default_factory=Future)

    def give_up(self) -> None:
        """Let an engine go that waits for more."""
        self.own.give_up()
        self.rest.cancel()


@dataclass(frozen=True)
class ExportedImage:
    """A finished image: its file, and what was signed of it."""

    file: Sealed
    document: ExportDocument
    identity: BundleIdentity


def export_image(request: ImageRequest, check: Checker, seals: MakeSealer, site: Site) -> ExportedImage:
    """Make an image of a bundle.

    Raises:
        ParityError, FarsideError: whichever step could not go on says why; nothing half done is left.
    """
    _demand_sound(request)
    with begun(request.bundle, request.prefix, check, site) as of:
        demand_base(of.place.image, request.base_on_site, site)
        with spooling(request.output) as new:
            plan = _plan(request, of, site)
            with _tried_blobs(request, of, plan, site, new) as (blobs, tried):
                told = _described(of, plan, ((_digest(each), each.size) for each in blobs))
                site.reporter.stage("pack")
                document = described(of, _signed_words(request, of, plan, told))
                carried = blobs[len(of.place.image.layers) :] if request.base_on_site else blobs
                path = request.output / VEHICLES["image"].filename(of.identity)
                sealed = write_sealed(
                    path,
                    _TOP,
                    document,
                    _body(told, carried, _texts(request, of, path.name, plan.name)),
                    seals(of.identity, of.bundle.statement.profile_sha256, IMAGE),
                    tried=tried,
                    reporter=site.reporter,
                    total=sum(each.size for each in carried),
                )
    return ExportedImage(sealed, document, of.identity)


def _demand_sound(request: ImageRequest) -> None:
    words = {
        "user": request.user,
        "name": request.name,
        "base-on-site": request.base_on_site,
        "prefix": request.prefix,
        "image-prefix": request.prefix,
    }
    for key, text in words.items():
        # An empty user is nobody's; the others may be left out.
        if (text or key == "user") and (fault := word_fault(key, text)):
            raise OptionConflict(f"{text!r} {fault.message}", remedy=fault.remedy)


def demand_base(image: PinnedImage, base_on_site: str, site: Site) -> None:
    """Refuse an image that can be no export's base, and a base on the site that is not that image.

    Args:
        image: in which the bundle was rehearsed, or will be.
        base_on_site: a reference by digest; empty where the base's layers are carried.
        site: where both must be.

    Raises:
        OptionConflict: the image only stands in for the target's.
        ImageUnavailable: the base is not here, or has other layers.
    """
    if image.stand_in_for:
        raise OptionConflict(
            f"the bundle was rehearsed in {image.name}, which only stood in for the target's image",
            remedy="build it in the target's own image, then export that bundle",
        )
    if base_on_site:
        found = site.engine.image(base_on_site)
        if found is None or found.layers != image.layers:
            raise ImageUnavailable(
                "the base on the site must be here, too, and be the image of the bundle's proof",
                where=base_on_site,
                remedy="pull it here first; its layers must be those that the bundle was rehearsed on",
            )


@contextmanager
def _tried_blobs(
    request: ImageRequest, of: Begun, plan: oci.ImagePlan, site: Site, new: NewSpool
) -> Iterator[tuple[list[SpooledBytes], Callable[[], None]]]:
    """The image's layers, and what waits for the trial: see `tried_beside`.

    They are the base's own, one of carried system packages, one with the environment. An engine loads the
    last one while it is made, and the image is tried while the base is saved and all of it is written.
    """
    layer = EnvironmentLayer(LayerPlace(of.prefix, of.prefix.strip("/") + "/", above=True), new())
    loading = _Loading(layer.stream)
    action = partial(_try, request, of, plan, loading)
    how = "the very image, without network, read-only"
    with _prepared(of, site) as image, tried_beside(action, loading.give_up, site, how) as tried:
        fill_layer(of, site, image, layer)
        own, base = layer.end(whole=True), of.place.image.layers
        kept = site.engine.info().keeps_layers
        if kept and image.layers == base:  # then an engine needs nothing else
            loading.rest.set_result(_ImageEnd((*base, _digest(own))))
        site.reporter.stage("base", image.name)
        blobs = [*_below(of, image, site, new), own]
        if not loading.rest.done():
            lacking = blobs[len(base) if kept else 0 : -1]
            loading.rest.set_result(_ImageEnd(tuple(map(_digest, blobs)), lacking))
        yield blobs, tried


def _below(of: Begun, image: PinnedImage, site: Site, new: NewSpool) -> list[SpooledBytes]:
    """The layers below the environment, as the engine saves them; that of system packages made canonical."""
    base = of.place.image.layers
    saved = kept_layers(site.layers, image.layers, new) or _saved(base, image, site, new)
    return [
        *(saved[each] for each in base),
        *(system_layer(saved[each], new) for each in image.layers[len(base) :]),
    ]


def _saved(base: Sequence[str], image: PinnedImage, site: Site, new: NewSpool) -> Mapping[str, SpooledBytes]:
    """The image's layers; those of the base are kept for the next export."""
    saved = base_layers(site.engine.save(image.id), image.layers, new)
    if why := keep_layers(site.layers, (saved[each] for each in base)):
        site.reporter.warn(f"the base's layers are not kept for the next export: {why}")
    return saved


def _digest(blob: SpooledBytes) -> str:
    return f"sha256:{blob.sha256}"


@contextmanager
def _prepared(of: Begun, site: Site) -> Iterator[PinnedImage]:
    """The target's image; for a while with the carried system packages, where there are some."""
    image, place = of.place.image, of.place
    if of.bundle.manifest.document["system"] is None:
        yield image
        return
    site.reporter.note("installing the carried system packages, without network")
    archive = partial(payload_archive, of.file, of.bundle, SYSTEM)
    with prepared_image(site.engine, image, place.facts, place.plan, archive) as (image_id, _):
        found = site.engine.image(image_id)
        if found is None or found.layers[: len(image.layers)] != image.layers:
            raise HashMismatch("the engine made an image of another base than the bundle was proved on")
        yield replace(image, id=image_id, layers=found.layers)


def _described(of: Begun, plan: oci.ImagePlan, layers: Iterable[tuple[str, int]]) -> oci.Described:
    """The image's documents; of each layer its digest and size, which its configuration does not tell."""
    base = len(of.place.image.layers)
    notes = ("base" if number < base else "parity export image" for number in count())
    return oci.describe(plan, [oci.ImageLayer(*each, next(notes)) for each in layers])


def _plan(request: ImageRequest, of: Begun, site: Site) -> oci.ImagePlan:
    image, identity = of.place.image, of.identity
    info = site.engine.image(image.id)
    name, at, digest = (of.place.told.get("reference") or "").partition("@")
    base = {"org.opencontainers.image.base.name": name, "org.opencontainers.image.base.digest": digest}
    labels = {
        "org.opencontainers.image.title": identity.product,
        "org.opencontainers.image.version": identity.version,
        "org.parity.bundle.payload": f"sha256:{of.bundle.statement.payload.sha256}",
        "org.parity.profile": identity.profile,
        "org.parity.base.layers": image.content,
        **(base if at else {}),
    }
    return oci.ImagePlan(
        name=request.name or _name(identity),
        platform=image.platform,
        environment=info.environment if info else (),
        prefix=of.prefix,
        user=request.user,
        entrypoint=request.entrypoint,
        labels=labels,
        gems=f"{of.prefix}/{FOLDER}" if gems_of(of.bundle.manifest.document) else "",
    )


def _name(identity: BundleIdentity) -> str:
    """A reference of no registry: `localhost/PRODUCT:VERSION`, in the letters that it may have."""
    product = re.sub(r"[^a-z0-9]+", "-", identity.product.lower()).strip("-")
    return f"localhost/{product}:{re.sub(r'[^A-Za-z0-9_.-]', '-', identity.version)}"


def _try(
    request: ImageRequest, of: Begun, plan: oci.ImagePlan, loading: _Loading, together: Together
) -> None:
    trial = replace(trial_of(of, request.user), starts=next(iter(request.entrypoint), ""))

    def archive(name: str) -> Iterator[bytes]:
        """The environment's layer first, while it is made; then those that the engine may lack."""
        yield from file_entry(_OWN, loading.own.promised() + len(ustar.END), loading.own.chunks())
        rest = loading.rest.result()
        told = _described(of, plan, ((each, 0) for each in rest.layers))
        yield from _blob_files(rest.blobs)
        yield from _file(oci.blob_path("sha256:" + told.config_digest), told.config)
        # Not under its own name: until it has passed, nothing of it can be taken for a finished image.
        yield from _file("manifest.json", oci.for_engine(told.docker, name, _OWN))
        yield ustar.END

    loading.own.promised()  # an engine need not wait for the first byte
    with together.engine.loaded_image(archive) as image_id:
        found = together.engine.image(image_id)
        if found is None or found.layers != loading.rest.result().layers:
            raise HashMismatch("the engine made another image of the archive than what is in it")
        try_image(together, image_id, trial)


def _body(told: oci.Described, blobs: Sequence[SpooledBytes], texts: Mapping[str, bytes]) -> Iterator[bytes]:
    """What follows the export's manifest: texts for people, then the layout."""
    for path in sorted(texts):
        yield from _file(_TOP + path, texts[path])
    yield from _file("oci-layout", oci.LAYOUT)
    yield from _file("index.json", told.index)
    yield from _file("manifest.json", told.docker)
    yield from _file(oci.blob_path("sha256:" + told.config_digest), told.config)
    yield from _file(oci.blob_path("sha256:" + told.manifest_digest), told.manifest)
    yield from _blob_files(blobs)


def _blob_files(blobs: Sequence[SpooledBytes]) -> Iterator[bytes]:
    for each in {one.sha256: one for one in blobs}.values():  # a base may have a layer twice
        yield from file_entry(oci.blob_path("sha256:" + each.sha256), each.size, each.chunks())


def _file(path: str, data: bytes) -> Iterator[bytes]:
    return file_entry(path, len(data), (data,))


def _texts(request: ImageRequest, of: Begun, file: str, name: str) -> dict[str, bytes]:
    told = readme.image_readme(file, name, request.user, request.base_on_site, STOCK_CHECK)
    # Beside the layout, where engines pass over them.
    return {**proved_texts(of), **loaders(), "README.txt": told.encode()}


def _signed_words(
    request: ImageRequest, of: Begun, plan: oci.ImagePlan, told: oci.Described
) -> ExportedImageDocument:
    return {
        "name": plan.name,
        "user": plan.user,
        "config": told.config_digest,
        "manifest": told.manifest_digest,
        "base": [each.removeprefix("sha256:") for each in of.place.image.layers],
        "on_site": request.base_on_site or None,
    }
