"""A bundle as a tar of its environment: verified → (interpreter →) made → tried → moved, tried → signed."""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from parity.engine.together import Together
from parity.errors import OptionConflict
from parity.export import moving, readme
from parity.export.environment import Interpreter
from parity.export.layer import EnvironmentLayer, LayerPlace
from parity.export.python_archive import judged_interpreter
from parity.export.python_fetch import PythonTarget, PythonWish, fetched_python
from parity.export.sealed import Sealed, file_entry, write_sealed
from parity.export.spool import NewSpool, SpooledBytes, spooling
from parity.export.tar_trial import try_tar
from parity.model import BundleIdentity, LockedPython
from parity.pack import STOCK_CHECK, VEHICLES
from parity.pipeline.context.values import Site
from parity.pipeline.exporting.making import (
    NOBODY,
    Begun,
    MakeSealer,
    begun,
    described,
    fill_layer,
    fits,
    proved_texts,
    trial_of,
    tried_beside,
)
from parity.portable.bundle.envelope import ENVIRONMENT, Checker
from parity.portable.bundle.export import HIDDEN
from parity.portable.bundle.manifest import gems_of
from parity.portable.ruby.gems import FOLDER

if TYPE_CHECKING:
    from parity.portable.documents.exports import ExportDocument

_TOP = "parity-environment/"


@dataclass(frozen=True)
class EnvironmentRequest:
    """An environment to write: of which bundle, into which folder, and where it shall lie there.

    `python` says that it shall carry an interpreter; None where it uses the target's.
    """

    bundle: Path
    output: Path
    prefix: str = ""
    python: PythonWish | None = None


@dataclass(frozen=True)
class ExportedEnvironment:
    """A finished environment: its file, what was signed of it, and which interpreter it carries, if any."""

    file: Sealed
    document: ExportDocument
    identity: BundleIdentity
    python: LockedPython | None = None


def export_environment(
    request: EnvironmentRequest, check: Checker, seals: MakeSealer, site: Site
) -> ExportedEnvironment:
    """Write the environment of a bundle as a tar.

    Args:
        request: what of.
        check: decides whether those who are trusted signed the bundle.
        seals: makes what signs.
        site: where.

    Raises:
        ParityError, FarsideError: whichever step could not go on says why; nothing half done is left.
    """
    with begun(request.bundle, request.prefix, check, site) as of, spooling(request.output) as new:
        if of.bundle.manifest.document["system"] is not None:
            raise OptionConflict(
                "the bundle carries system packages, which are no part of an environment",
                remedy="export an image; or put them into the profile's image, and build the bundle on that",
            )
        carried = _interpreter(of, request.python, site, new) if request.python else None
        layer = EnvironmentLayer(_place(of, carried), new())
        document = _document(of, carried)
        path = request.output / VEHICLES["environment"].filename(of.identity)
        with _tried(of, site, layer, carried) as tried:
            fill_layer(of, site, of.place.image, layer, carried)
            body = _ended(of, layer)
            site.reporter.stage("pack")
            sealed = write_sealed(
                path,
                _TOP,
                document,
                _body(of, path.name, body.chunks(), carried),
                seals(of.identity, of.bundle.statement.profile_sha256, ENVIRONMENT),
                tried=tried,
                reporter=site.reporter,
                total=body.size,
            )
    return ExportedEnvironment(sealed, document, of.identity, carried.locked if carried else None)


def _interpreter(of: Begun, wish: PythonWish, site: Site, new: NewSpool) -> Interpreter:
    """The interpreter as it goes into the environment: fetched by uv, held against the lock, judged."""
    facts = of.place.facts
    site.reporter.stage("python", wish.locked.version if wish.locked else "the newest that fits")
    target = PythonTarget(site.engine, of.place.image, facts, site.reporter)
    locked, archive = fetched_python(target, wish, new)
    site.reporter.note(f"Python {locked.version}, sha256:{locked.sha256}")
    minor = ".".join(facts.python.split(".")[:2])
    return Interpreter(locked, facts.libc.family, judged_interpreter(archive, minor, facts.arch, new))


def _document(of: Begun, carried: Interpreter | None) -> ExportDocument:
    document = described(of, None)
    if carried is not None:
        document["python"] = {**asdict(carried.locked), "tried": HIDDEN}  # type: ignore[typeddict-item]
    return document


def _place(of: Begun, carried: Interpreter | None) -> LayerPlace:
    """In a folder of its last name, without the tar's end: texts for people come before it, in one file."""
    return LayerPlace(of.prefix, posixpath.basename(of.prefix) + "/", own_python=carried is not None)


def _tried(
    of: Begun, site: Site, layer: EnvironmentLayer, carried: Interpreter | None
) -> AbstractContextManager[Callable[[], None]]:
    """The very bytes that are signed afterwards are unpacked while they are made, then tried."""
    hidden = of.place.facts.executable if carried else ""
    trial = replace(trial_of(of, NOBODY), hidden=hidden, in_memory=fits(of, carried, times=2))

    def action(together: Together) -> None:
        try_tar(together, of.place.image.id, trial, layer.stream, moving.SCRIPT)

    how = "with tar alone, the image's Python removed" if carried else "with tar alone"
    return tried_beside(action, layer.stream.give_up, site, f"{how}, at its place and elsewhere")


def _ended(of: Begun, layer: EnvironmentLayer) -> SpooledBytes:
    """The environment with what moves it."""
    layer.add(moving.SCRIPT, moving.script(layer.naming(of.prefix.encode())), 0o755)
    layer.add(moving.MARK, f"{of.prefix}\n".encode())
    return layer.end(whole=False)


def _body(
    of: Begun, file: str, environment_tar: Iterator[bytes], carried: Interpreter | None
) -> Iterator[bytes]:
    """Texts for people, then the environment in its one folder."""
    texts = proved_texts(of)
    python = carried.locked.version if carried else ""
    gems = FOLDER if gems_of(of.bundle.manifest.document) else ""
    told = readme.environment_readme(file, of.prefix, moving.SCRIPT, STOCK_CHECK, python, gems)
    texts["README.txt"] = told.encode()
    for path in sorted(texts):
        yield from file_entry(_TOP + path, len(texts[path]), (texts[path],))
    yield from environment_tar
