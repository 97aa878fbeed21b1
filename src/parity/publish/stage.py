"""Publishing told: compare with what is there, refuse what differs, upload the rest one by one."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from parity.errors import OtherBytesThere, WriteFailed
from parity.farside.index.catalogue import Catalogue, CatalogueWheel
from parity.model.network import clean_url
from parity.progress import Reporter
from parity.publish.session import DELAYS, Session, open_session
from parity.publish.target import UploadTarget

_OK = range(200, 300)


@dataclass(frozen=True)
class Published:
    """What happened: file names; `uploaded` are those that would be uploaded in a dry run."""

    uploaded: tuple[str, ...]
    skipped: tuple[str, ...]


def publish(
    catalogue: Catalogue,
    target: UploadTarget,
    reporter: Reporter,
    *,
    dry_run: bool = False,
    delays: Sequence[float] = DELAYS,
) -> Published:
    """Put every wheel of the catalogue on the index, unless it is there already.

    Nothing is uploaded before all of it was compared. What an interrupted run uploaded is found there
    and skipped by the next one.

    Args:
        catalogue: verified wheels.
        target: the index.
        reporter: hears what happens.
        dry_run: compare only.
        delays: seconds before each further attempt at an upload.

    Raises:
        OtherBytesThere: the index has a file of the same name with other bytes.
        PublishDenied, PublishFailed: as they say.
        WriteFailed: there is no room for one wheel in the temporary folder.
    """
    with (
        tempfile.TemporaryDirectory(prefix="parity-publish-") as folder,
        open_session(target, Path(folder), delays) as session,
    ):
        reporter.stage("compare", clean_url(target.url))
        missing = _compare(catalogue, session, reporter)
        skipped = tuple(name for name in catalogue.wheels if name not in missing)
        if missing and not dry_run:
            reporter.stage("upload", clean_url(target.url))
            skipped += _upload(catalogue, missing, session, Path(folder), reporter)
    return Published(tuple(name for name in missing if name not in skipped), skipped)


def _compare(catalogue: Catalogue, session: Session, reporter: Reporter) -> dict[str, CatalogueWheel]:
    """The wheels that the index does not have."""
    missing: dict[str, CatalogueWheel] = {}
    different: list[str] = []
    for project, wheels in catalogue.projects.items():
        listed = session.listing(project)
        for wheel in wheels:
            there = listed.get(wheel.filename)
            if there is None:
                missing[wheel.filename] = wheel
            elif (digest := session.sha256(there, wheel.size)) != wheel.sha256:
                different.append(_difference(wheel, digest))
    if different:
        raise _other_bytes(different)
    reporter.note(f"{len(catalogue.wheels) - len(missing)} of {len(catalogue.wheels)} files are there")
    return missing


def _difference(wheel: CatalogueWheel, there: str) -> str:
    return f"{wheel.filename}: sha256 {wheel.sha256} in the bundle, sha256 {there} on the index"


def _other_bytes(different: Sequence[str]) -> OtherBytesThere:
    if len(different) == 1:
        return OtherBytesThere(f"the index has other bytes under that name: {different[0]}")
    return OtherBytesThere(
        f"the index has other bytes under {len(different)} of the names", details=tuple(different)
    )


def _upload(
    catalogue: Catalogue,
    missing: dict[str, CatalogueWheel],
    session: Session,
    folder: Path,
    reporter: Reporter,
) -> tuple[str, ...]:
    """Upload what is missing; gives the names that somebody else put there meanwhile."""
    total, done = sum(wheel.size for wheel in missing.values()), 0
    meanwhile = []
    for wheel in missing.values():
        reporter.advance(done, total, wheel.filename)
        if not _upload_one(catalogue, wheel, session, folder):
            meanwhile.append(wheel.filename)
        done += wheel.size
        reporter.note(f"{wheel.filename}: {'already there' if wheel.filename in meanwhile else 'uploaded'}")
    return tuple(meanwhile)


def _upload_one(catalogue: Catalogue, wheel: CatalogueWheel, session: Session, folder: Path) -> bool:
    """Upload one wheel; False where it turned out to be there."""
    path = folder / wheel.filename
    try:
        _extract(catalogue, wheel, path)
        status = session.upload(path, catalogue.metadata(wheel))
    finally:
        path.unlink(missing_ok=True)
    if status in _OK:
        return True
    # Many indexes refuse what they have already; an answer that got lost looks the same the next time.
    there = session.listing(wheel.project).get(wheel.filename)
    if there is None:
        raise session.refusal(wheel.filename, status)
    digest = session.sha256(there, wheel.size)
    if digest != wheel.sha256:
        raise _other_bytes([_difference(wheel, digest)])
    return False


def _extract(catalogue: Catalogue, wheel: CatalogueWheel, path: Path) -> None:
    """The wheel's bytes in a private file, hashed once more on the way."""
    try:
        with path.open("xb") as file:
            for chunk in catalogue.chunks(wheel):
                file.write(chunk)
    except OSError as error:
        raise WriteFailed(
            f"cannot extract {wheel.filename}: {error.strerror}", where=str(path.parent)
        ) from error
