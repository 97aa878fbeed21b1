"""A source as its build gets it: as it is, or with what the user's commands fetched for it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from parity.errors import BuildFailed
from parity.model import Facts, PinnedImage, SourcePackage
from parity.pipeline.context.run import BuildRun
from parity.pipeline.sources.checkout import Opened
from parity.pipeline.sources.store import content
from parity.portable.names import normalize_name
from parity.project import FetchedSaid, FetchPlace, files_of_tar, incoming_tar, left_out, prefetched, tree_tar


@dataclass(frozen=True)
class Supply:
    """What a build room is given.

    Attributes:
        source: a tar stream, or the path of an archive in the store.
        fetched: what was fetched before, None for nothing.
    """

    source: Iterable[bytes] | str
    fetched: FetchedSaid | None = None


def commands_for(run: BuildRun, source: SourcePackage) -> tuple[str, ...]:
    """The commands of builder.fetch that are for a source; those without a package are not for an index's."""
    address = source.address.rstrip("/").rpartition("/")[2]
    names = {normalize_name(source.name or address)} | ({""} if source.kind != "sdist" else set())
    return tuple(command for name, command in run.profile.sources.fetch if name in names)


@contextmanager
def supplied(
    run: BuildRun, source: SourcePackage, place: Opened, image: PinnedImage, facts: Facts
) -> Iterator[Supply]:
    """The source, after builder.fetch; errors as `prefetched`."""
    commands = commands_for(run, source)
    if isinstance(place.place, Path):
        _tell_left_out(run, source, left_out(place.place))
    if not commands:
        yield Supply(place.place if isinstance(place.place, str) else tree_tar(place.place, "source"))
        return
    run.world.reporter.note(f"fetching for {source.name or source.address}: {'; '.join(commands)}")
    archive = place.place.rpartition("/")[2] if isinstance(place.place, str) else ""
    with prefetched(
        FetchPlace(run.world.engine, image, facts, run.profile.building, run.world.network),
        _stream(run, source, place, archive),
        archive or "source",
        commands,
        what=source.name or source.address,
        subdirectory=source.subdirectory,
    ) as found:
        yield Supply(found.stream, found.said)


def _stream(run: BuildRun, source: SourcePackage, place: Opened, archive: str) -> Iterable[bytes]:
    """The folder, or the archive out of the store, which the commands do not see."""
    if isinstance(place.place, Path):
        return tree_tar(place.place, "source")
    what = source.name or source.address
    for file in files_of_tar(run.container.get(content(place.origin.sha256)), what):
        return incoming_tar(file, archive)
    raise BuildFailed(f"the archive of {what} is not in the store any more", where=what)


def _tell_left_out(run: BuildRun, source: SourcePackage, links: Sequence[str]) -> None:
    if links:
        run.world.reporter.warn(
            f"{source.address}: links that lead out of the folder are not followed, so the build "
            f"does not have them: {', '.join(map(repr, links[:5]))}"
        )
