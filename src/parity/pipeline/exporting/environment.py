"""A bundle as a tar of its finished environment: verified → environment → tried → moved, tried → signed."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from parity.errors import OptionConflict
from parity.export import moving, readme
from parity.export.sealed import Sealed, file_entry, write_sealed
from parity.export.spool import NewSpool, SpooledBytes, spooling
from parity.export.trial import try_tar
from parity.model import BundleIdentity
from parity.pack import VEHICLES
from parity.pipeline.context.values import Site
from parity.pipeline.exporting.making import (
    NOBODY,
    Begun,
    MakeSealer,
    begun,
    described,
    environment,
    proved_texts,
    trial_of,
)
from parity.portable.bundle import ustar
from parity.portable.bundle.envelope import ENVIRONMENT, Checker

if TYPE_CHECKING:
    from parity.portable.documents.exports import ExportDocument

_TOP = "parity-environment/"


@dataclass(frozen=True)
class EnvironmentRequest:
    """An environment to write: of which bundle, into which folder, and where it shall lie there."""

    bundle: Path
    output: Path
    prefix: str = ""


@dataclass(frozen=True)
class ExportedEnvironment:
    """A finished environment: its file, and what was signed of it."""

    file: Sealed
    document: ExportDocument
    identity: BundleIdentity


def export_environment(
    request: EnvironmentRequest, check: Checker, seals: MakeSealer, site: Site
) -> ExportedEnvironment:
    """Write the environment of a bundle as a tar.

    Raises:
        ParityError, FarsideError: whichever step could not go on says why; nothing half done is left.
    """
    with begun(request.bundle, request.prefix, check, site) as of, spooling(request.output) as new:
        if of.bundle.manifest.document["system"] is not None:
            raise OptionConflict(
                "the bundle carries system packages, which are no part of an environment",
                remedy="export an image; or put them into the profile's image, and build the bundle on that",
            )
        body = _packed(of, site, new)
        site.reporter.stage("rehearse", "with tar alone, at its place and elsewhere")
        whole = file_entry("environment.tar", body.size + len(ustar.END), _ended(body.chunks()))
        trial = trial_of(of, NOBODY)
        # The very bytes that are signed afterwards, out of the same spool.
        try_tar(site.engine, of.place.image.id, trial, _ended(whole), moving.SCRIPT)
        site.reporter.stage("pack")
        document = described(of, None)
        path = request.output / VEHICLES["environment"].filename(of.identity)
        sealed = write_sealed(
            path,
            _TOP,
            document,
            _body(of, path.name, body.chunks()),
            seals(of.identity, of.bundle.statement.profile_sha256, ENVIRONMENT),
            reporter=site.reporter,
            total=body.size,
        )
    return ExportedEnvironment(sealed, document, of.identity)


def _packed(of: Begun, site: Site, new: NewSpool) -> SpooledBytes:
    """The environment in a folder of its last name, with what moves it; without the tar's end."""
    tree, _ = environment(of, site, of.place.image, new())
    tree.add(moving.SCRIPT, moving.script(tree.naming(of.prefix.encode())), 0o755)
    tree.add(moving.MARK, f"{of.prefix}\n".encode())
    return new().add(tree.entries(posixpath.basename(of.prefix) + "/"))


def _ended(chunks: Iterator[bytes]) -> Iterator[bytes]:
    yield from chunks
    yield ustar.END


def _body(of: Begun, file: str, environment_tar: Iterator[bytes]) -> Iterator[bytes]:
    """Texts for people, then the environment in its one folder."""
    texts = proved_texts(of)
    texts["README.txt"] = readme.environment_readme(file, of.prefix, moving.SCRIPT).encode()
    for path in sorted(texts):
        yield from file_entry(_TOP + path, len(texts[path]), (texts[path],))
    yield from environment_tar
