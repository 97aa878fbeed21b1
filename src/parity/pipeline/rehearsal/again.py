"""A finished bundle that was checked, installed once more from its own bytes."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from parity.engine import ImageInfo
from parity.errors import ImageUnavailable, RehearsalFailed, RootError
from parity.images import demand_runs, ensure_image, pinned
from parity.model import (
    Facts,
    ImageSource,
    Libc,
    PinnedImage,
    Proof,
    RehearsalPlan,
    Target,
    chain_id,
)
from parity.pipeline.context.values import Site
from parity.pipeline.rehearsal import cache
from parity.pipeline.rehearsal.natives import native_rules
from parity.pipeline.rehearsal.run import rehearse_bundle
from parity.portable.bundle import manifest, ustar
from parity.portable.bundle.asfile import open_either
from parity.portable.bundle.proof import NAME
from parity.portable.bundle.proof import parse as parse_proof
from parity.portable.bundle.reader import (
    VerifiedBundle,
    member_bytes,
    member_chunks,
)
from parity.portable.canonical import is_name
from parity.portable.errors import BundleDamaged
from parity.profile import rehearsal_plan, shipped_root
from parity.project import DOCUMENT, TREE, needs_code
from parity.rehearse import Carried, NativeRules, judge

if TYPE_CHECKING:
    from parity.portable.documents.bundles import ImportRow
    from parity.portable.documents.evidence import ImageDocument


def rehearse_again(path: Path, bundle: VerifiedBundle, site: Site) -> Proof:
    """Install a verified bundle's own bytes in a fresh container without network.

    Raises:
        ImageUnavailable: the image that its proof names is not here and cannot be had.
        ParityError: from the rehearsal; FarsideError where the file changes meanwhile.
    """
    with open_either(str(path)) as file:
        place = place_of_proof(file, bundle, site)
        image, facts, plan = place.image, place.facts, place.plan
        site.reporter.stage("rehearse", "the bundle's own bytes")
        requested = tuple(p["name"] for p in bundle.manifest.document["packages"] if p["requested"])
        carried = Carried(
            lambda: payload_archive(file, bundle),
            None,
            requested,
            bundle.statement.payload.size,
            sync=_can_sync(file, bundle, site),
        )
        carries = bundle.manifest.document["system"] is not None
        system = partial(payload_archive, file, bundle, manifest.SYSTEM) if carries else None
        seen = rehearse_bundle(site, image, facts, plan, carried, system)
    proof = judge(seen, image, facts, plan, _native_rules(bundle.manifest.document))
    _demand_imports(bundle.manifest.document["imports"], proof)
    return proof


@dataclass(frozen=True)
class ProvedPlace:
    """Where a bundle was rehearsed, present here: the image, its facts, and what was checked in it.

    `told` is what the proof says of the image; `is_it` whether this is that very image.
    """

    image: PinnedImage
    facts: Facts
    plan: RehearsalPlan
    told: ImageDocument
    is_it: bool


def place_of_proof(file: BinaryIO, bundle: VerifiedBundle, site: Site) -> ProvedPlace:
    """Make the image of a verified bundle's proof present.

    Raises:
        ImageUnavailable: it is not here and cannot be had.
        BundleDamaged: the bundle does not say which it is.
    """
    told = parse_proof(member_bytes(file, bundle.manifest, NAME))["image"]
    if "stand_in_for" not in told or not {"layers", "id"} & set(told):
        raise BundleDamaged(f"{NAME} in the bundle does not say which image it was rehearsed in")
    document = _object(member_bytes(file, bundle.manifest, "profile.yaml"), "profile.yaml")
    site.reporter.stage("image", told["name"])
    image = _image(told, bundle, site)
    demand_runs(site.engine, image)
    site.reporter.note(image.pin)
    facts = cache.facts_of(image, _python_minor(bundle), site)
    plan = rehearsal_plan(document.get("rehearsal", {}))
    return ProvedPlace(image, facts, plan, told, _is_it(image, told))


def _demand_imports(worked: Sequence[ImportRow], proof: Proof) -> None:
    """What could be imported when the bundle was made can be imported now, whoever asked for it."""
    before = {(each["package"], each["module"]) for each in worked}
    failed = [each for each in proof.imports if each.error and (each.package, each.module) in before]
    if failed:
        raise RehearsalFailed(
            "imports that worked when the bundle was made fail now",
            details=tuple(f"{each.package}: import {each.module} failed: {each.error}" for each in failed),
        )


def _can_sync(file: BinaryIO, bundle: VerifiedBundle, site: Site) -> bool:
    """Whether uv can be tried in a checkout that holds nothing but what travels of the project."""
    listed = {member.path for member in bundle.manifest.members}
    if DOCUMENT not in listed:
        return True
    paths = (path for path in listed if path.startswith(TREE))
    files = {path[len(TREE) :]: member_bytes(file, bundle.manifest, path).decode() for path in paths}
    root = _object(member_bytes(file, bundle.manifest, DOCUMENT), DOCUMENT).get("root")
    if not isinstance(root, str):
        raise BundleDamaged(f"{DOCUMENT} in the bundle names no folder of the project")
    if not needs_code(files, root):
        return True
    site.reporter.warn(
        "uv is not tried in a checkout: the project's metadata is made by building it, "
        "and its code does not travel"
    )
    return False


def _object(data: bytes, name: str) -> dict[str, Any]:
    try:
        document = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise BundleDamaged(f"{name} in the bundle is no JSON") from error
    if not isinstance(document, dict):
        raise BundleDamaged(f"{name} in the bundle is no object")
    return document


def _native_rules(document: Mapping[str, Any]) -> NativeRules:
    told = document["target"]
    libc = Libc.parse("{} {}.{}".format(told["libc"]["family"], *told["libc"]["version"]))
    target = Target(told["os"]["id"], told["os"]["version"], libc, told["python"], told["arch"])
    return native_rules(target, {package["name"]: package["wheel"] for package in document["packages"]})


def _python_minor(bundle: VerifiedBundle) -> str:
    python: str = bundle.manifest.document["target"]["python"]
    return ".".join(python.split(".")[:2])


def payload_archive(file: BinaryIO, bundle: VerifiedBundle, below: str = "") -> Iterator[bytes]:
    """The manifest and the payload's files, or those below a folder, as a tar; every byte hashed again."""
    head = manifest.encode(bundle.manifest.document)  # canonical: the very bytes that were verified
    yield ustar.header(manifest.NAME, len(head)) + head + ustar.padding(len(head))
    for member in bundle.manifest.members:
        if not member.path.startswith(below):
            continue
        yield ustar.header(member.path, member.size)
        yield from member_chunks(file, member)
        yield ustar.padding(member.size)
    yield ustar.END


def _image(told: ImageDocument, bundle: VerifiedBundle, site: Site) -> PinnedImage:
    """The image that the proof names: by what it is made of, by its reference, or made anew."""
    stand_in, info = told["stand_in_for"], _local(told, site)
    if info is not None:
        named = ImageSource(reference=told.get("reference") or None)
        return replace(pinned(info, named, "local", site.engine), name=told["name"], stand_in_for=stand_in)
    for source in _sources(told):
        try:
            arch = bundle.manifest.document["target"]["arch"]
            found = ensure_image(source, arch, site.maker)
        except RootError as error:
            if error.ends_the_command:
                raise
            site.reporter.debug(f"{source}: {error.message}")
            continue
        if not _is_it(found, told):
            site.reporter.warn(f"this is not the very image of the proof: {found.pin}, not {_identity(told)}")
        return replace(found, stand_in_for=stand_in)
    raise ImageUnavailable(
        f"the image of the bundle's proof is not at this engine: {told['name']}",
        where=_identity(told),
        remedy="verify where the bundle was built, or make that image present",
    )


def _local(told: ImageDocument, site: Site) -> ImageInfo | None:
    if "layers" not in told:  # an older proof
        return site.engine.image(told["id"])
    return site.engine.image_of(told["layers"], told.get("platform", "")) if told["layers"] else None


def _is_it(found: PinnedImage, told: ImageDocument) -> bool:
    return list(found.layers) == told["layers"] if "layers" in told else found.id == told["id"]


def _identity(told: ImageDocument) -> str:
    return chain_id(tuple(told["layers"])) if "layers" in told else told["id"]


def _sources(told: ImageDocument) -> Iterator[ImageSource]:
    for digest in (told.get("reference"), *told.get("digests", ())):
        if digest:
            yield ImageSource(reference=digest)
    prefix, _, name = told["name"].partition("/")
    if prefix == "images" and is_name(name) and (shipped_root() / "images" / name).is_dir():
        yield ImageSource(folder=shipped_root() / "images" / name)
