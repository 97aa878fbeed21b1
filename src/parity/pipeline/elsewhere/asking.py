"""A request on its way to another machine. Credentials and keys are no part of it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, fields, is_dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

from parity.errors import OptionConflict
from parity.gems import GEM_LOCK
from parity.other_files import files_on_disk
from parity.pipeline.context.values import BuildRequest
from parity.progress import Silent
from parity.system import SYSTEM_LOCK
from parity.wire.shapes import read

T = TypeVar("T")

_SECRET = "login"  # noqa: S105 - the name of the fields that hold credentials


@dataclass(frozen=True)
class AskedBuild:
    """What a worker is asked.

    Attributes:
        request: with the caller's own paths, absolute.
        fresh: forget what earlier runs learned.
        verbose: whether every detail is wanted here.
    """

    request: BuildRequest
    fresh: bool = False
    verbose: bool = False


def demand_portable(request: BuildRequest) -> None:
    """Demand that it can be built on a machine that has nothing of this one's but some files.

    Raises:
        OptionConflict: it needs a project or a folder of sources, or makes something else than a bundle.
    """
    profile = request.profile
    local = [each.name or each.url for each in request.what.direct if each.is_local]
    if profile.project is not None or local:
        raise OptionConflict(
            f"{profile.name}: a project or a source of this machine is not sent to a scheduler's workers",
            remedy="build it with --on ENGINE, or make wheels of it and name their folder (find-links)",
        )
    if profile.vehicle.form != "bundle":
        raise OptionConflict(
            f"{profile.name}: a scheduler's workers make bundles alone, and the profile says "
            f"`vehicle: {profile.vehicle.form}`",
            remedy=f"say `vehicle: bundle`, then `parity export {profile.vehicle.form} BUNDLE` here",
        )


def asked_text(asked: AskedBuild) -> str:
    """As JSON, without credentials: a worker has its own."""
    request = _changed(asked.request, Path.absolute)
    return json.dumps(asdict(replace(asked, request=request)), default=_plain)


def read_asked(text: str, root: Path) -> AskedBuild:
    """The inverse, with each path below `root`, where the caller's files were laid out.

    Raises:
        Malformed: it is nothing that `asked_text` makes.
    """
    asked = read(AskedBuild, json.loads(text), "what is asked")
    moved = _changed(asked.request, lambda path: root / path.relative_to("/"))
    return replace(asked, request=replace(moved, root=root))


def needed_paths(request: BuildRequest) -> Iterator[Path]:
    """The caller's files and folders that the build reads, absolute.

    Raises:
        InputFileError: the profile's other files are not what can be carried.
    """
    profile = request.profile
    images = (profile.image, profile.sources.builder, request.stand_in)
    found: list[Path | None] = [each.folder for each in images if each is not None]
    found += [each.folder for each in profile.index.named]
    found += [each.path for each in profile.other_files]
    # A link in such a folder is refused here: on the way it would become what it leads to.
    files_on_disk(profile.other_files, Silent())
    found += [profile.gems.gemfile, profile.gems.gemfile_lock]
    yield from (path.absolute() for path in found if path is not None)
    lock = request.lock_path.absolute()
    yield from (path for path in (lock, SYSTEM_LOCK.path(lock), GEM_LOCK.path(lock)) if path.is_file())


def _changed(value: T, change: Callable[[Path], Path]) -> T:
    """A value with all paths in it changed, and without credentials."""
    found: Any = value
    if isinstance(value, Path):
        found = change(value)
    elif isinstance(value, tuple):
        found = tuple(_changed(each, change) for each in value)
    elif is_dataclass(value) and not isinstance(value, type):
        given = {each.name: getattr(value, each.name) for each in fields(value)}
        found = replace(
            value,
            **{name: None if name == _SECRET else _changed(each, change) for name, each in given.items()},
        )
    result: T = found
    return result


def _plain(value: object) -> object:
    return sorted(value) if isinstance(value, frozenset) else str(value)
