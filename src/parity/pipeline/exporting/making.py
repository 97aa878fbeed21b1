"""What all forms begin with: a verified bundle, its proof's image, the environment made of both."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from parity.engine.together import Together
from parity.errors import ImageUnavailable
from parity.export.environment import Interpreter, Material, demand_prefix, make
from parity.export.layer import EnvironmentLayer
from parity.export.sealed import Sealer
from parity.export.trial import ExportTrial
from parity.model import BundleIdentity, PinnedImage
from parity.pack import farside_archive
from parity.pipeline.context.background import beside
from parity.pipeline.context.values import Site
from parity.pipeline.rehearsal.again import ProvedPlace, payload_archive, place_of_proof
from parity.pipeline.rehearsal.verify import verify
from parity.portable.bundle import export
from parity.portable.bundle.envelope import Checker
from parity.portable.bundle.manifest import gems_of
from parity.portable.bundle.reader import VerifiedBundle, member_bytes, open_bundle
from parity.rehearse import UNPACKED, fits_memory

if TYPE_CHECKING:
    from parity.portable.documents.exports import ExportDocument, ExportedImageDocument

NOBODY = "65534:65534"
"""Most images call it so."""

MakeSealer = Callable[[BundleIdentity, str, str], Sealer]
"""From identity, profile's digest and format to what signs."""


@dataclass(frozen=True)
class Begun:
    """A bundle on its way into another form.

    Attributes:
        file: the bundle, open.
        bundle: what was verified of it.
        place: the image of its proof, and what was checked there.
        identity: what it is called.
        prefix: where the environment will lie.
    """

    file: BinaryIO
    bundle: VerifiedBundle
    place: ProvedPlace
    identity: BundleIdentity
    prefix: str


@contextmanager
def begun(path: Path, prefix: str, check: Checker, site: Site) -> Iterator[Begun]:
    """Verify a bundle and make its proof's image present.

    Args:
        path: the bundle's file.
        prefix: where the environment shall lie; below /opt by the product's name if empty.
        check: decides whether those who are trusted signed.
        site: where.

    Raises:
        FarsideError: the bundle is no good.
        OptionConflict: the prefix is no place.
        ImageUnavailable: the image cannot be had, or is another one here.
    """
    if prefix:
        demand_prefix(prefix)
    bundle = verify(path, check, site.reporter)
    said = bundle.statement
    prefix = prefix or f"/opt/{said.product}"
    demand_prefix(prefix)
    with open_bundle(str(path)) as file:
        place = place_of_proof(file, bundle, site)
        # `verify --rehearse` only warns of that; here the image becomes part of what is signed.
        if not place.is_it:
            raise ImageUnavailable(
                "this engine's image is not the very image of the bundle's proof",
                where=place.image.pin,
                remedy="export where the bundle was built, or make that image present",
            )
        identity = BundleIdentity(said.product, said.version, said.serial, said.profile)
        yield Begun(file, bundle, place, identity, prefix)


def fill_layer(
    of: Begun, site: Site, image: PinnedImage, layer: EnvironmentLayer, carried: Interpreter | None = None
) -> None:
    """Make the environment, and bring its files into a layer, which others may read meanwhile.

    Args:
        of: the bundle.
        site: where.
        image: the target's, with the system packages that the bundle carries.
        layer: begun and fed here, ended by who made it.
        carried: the interpreter that lies in it; None where it uses the target's.

    Raises:
        PythonUnfit: that interpreter does not run there.
        RehearsalFailed, RehearsalTimeout, HashMismatch: it cannot be made, or is none.
    """
    site.reporter.stage("environment", f"{len(of.bundle.manifest.document['packages'])} packages")
    material = Material(
        image=image,
        python=of.place.facts.executable,
        plan=of.place.plan,
        bundle=partial(payload_archive, of.file, of.bundle),
        installer=farside_archive,
        other_os=bool(of.place.told["stand_in_for"]),
        carried=carried,
        # An engine puts an interpreter onto the disk alone.
        in_memory=carried is None and fits(of),
    )
    make(site.engine, material, of.prefix, layer)


@contextmanager
def tried_beside(
    action: Callable[[Together], None], give_up: Callable[[], None], site: Site, how: str
) -> Iterator[Callable[[], None]]:
    """A trial that goes on while its subject is made; gives what waits for its end, or raises what it raised.

    Args:
        action: the trial, with its containers.
        give_up: lets it go where it waits for what will never be.
        site: where both run.
        how: people are told while it is waited for.
    """
    together = Together(site.engine)

    def end() -> None:
        give_up()
        # Its containers as well, so that it comes back from whatever runs there.
        together.end()

    with beside(partial(action, together), end) as result:

        def tried() -> None:
            site.reporter.stage("rehearse", how)
            result()

        yield tried


def fits(of: Begun, carried: Interpreter | None = None, times: int = 1) -> bool:
    """Whether an environment, with its interpreter, can be made or unpacked in memory, so many times."""
    size = sum(each.size for each in of.bundle.manifest.members)
    own = carried.archive.size if carried else 0  # unpacked already
    return fits_memory(of.place.plan, size + own, times * UNPACKED)


def proved_modules(of: Begun) -> dict[str, str]:
    """The modules that could be imported when the bundle was made, each with its package."""
    return {each["module"]: each["package"] for each in of.bundle.manifest.document["imports"]}


def trial_of(of: Begun, user: str) -> ExportTrial:
    """What an export must do, run as that user."""
    place, gems = of.place, gems_of(of.bundle.manifest.document)
    features = tuple(feature for gem in gems if gem["requested"] for feature in gem["features"])
    return ExportTrial(
        platform=place.image.platform,
        prefix=of.prefix,
        user=user,
        modules=proved_modules(of),
        plan=place.plan,
        features=features if gems else None,
    )


def proved_texts(of: Begun) -> dict[str, bytes]:
    """What travels beside any form out of the bundle, for people: the proof and the lock."""
    return {each: member_bytes(of.file, of.bundle.manifest, each) for each in ("proof.json", "pylock.toml")}


def described(of: Begun, image: ExportedImageDocument | None) -> ExportDocument:
    """The manifest of what was made."""
    told = of.bundle.manifest.document
    return {
        "format": export.FORMAT,
        "bundle": of.bundle.statement.payload.sha256,
        "target": told["target"],
        "prefix": of.prefix,
        "packages": [{"name": each["name"], "version": each["version"]} for each in told["packages"]],
        "image": image,
    }
