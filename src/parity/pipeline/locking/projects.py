"""A whole project's lock: what it pins, its sources built, and what travels about it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial

from parity.engine import Container
from parity.errors import InputFileError
from parity.fetch import fetch_wheels
from parity.model import AskedText, BundleFile, Lock, LockedWheel, SourcePackage
from parity.pack import file_in_archive, file_of_bytes
from parity.pipeline.context.run import BuildRun
from parity.pipeline.locking.lock_file import Resolved, keep_lock, locked
from parity.pipeline.locking.source_resolution import Gathering
from parity.pipeline.sources.builder import SourceBuilder
from parity.pipeline.sources.built import Built, together
from parity.pipeline.sources.provenance import sources_file, with_fetched
from parity.portable.names import normalize_name
from parity.project import (
    NO_LOCK,
    TREE,
    UV_LOCK,
    Project,
    check_environments,
    check_told,
    checkout_tar,
    describe,
    export_lock,
    needs_code,
    overrides_file,
    project_files,
    read_project,
    sync_arguments,
)
from parity.rehearse import Checkout
from parity.resolve import (
    UV_PATH,
    ResolveInputs,
    WhatToInstall,
    select_project,
)


def project_lock(run: BuildRun) -> Resolved:
    """The lock of the profile's project, its sources built into the store.

    Raises:
        LockOutdated: the project's own lock is stale; or `locked` was asked and parity's would change.
        ParityError: from reading, resolving, fetching or building.
    """
    request, builder = run.request, SourceBuilder(run)
    if request.profile.project is None:
        raise InputFileError("the profile names no project", where=str(request.profile.path))
    project = read_project(request.profile.project)
    project.check_python(run.machine.python)
    check_environments(project, run.machine.markers)
    for group in project.default_groups:
        if project.lock == UV_LOCK and group not in project.groups:
            run.world.reporter.note(f"the group {group} stays here; --group {group} takes it along")
    run.carry_uv()
    if project.lock == NO_LOCK:
        lock, built = _unlocked(builder, project)
    else:
        lock, built = _pinned(builder, project)
    lock = with_fetched(keep_lock(run, lock), built)
    alone = project.plan.script or project.plan.only_dependencies
    if project.lock == UV_LOCK and project.hindrance and not alone:
        run.world.reporter.warn(
            "the packages are carried, but uv will not work in a checkout on the far side: "
            + project.hindrance
        )
    words = [".parity/uv sync --locked", *sync_arguments(project)] if project.is_workable else []
    return Resolved(
        lock,
        _travelling(builder, project, lock, built),
        sync=" ".join(words),
        checkout=_checkout(project),
        asked=(AskedText("project", *project.said),),
    )


def _checkout(project: Project) -> Checkout | None:
    """The checkout for the rehearsal, where uv cannot be tried without the project's code."""
    if not project.is_workable or not needs_code(project.files, project.root):
        return None
    return partial(checkout_tar, project)


def _pinned(builder: SourceBuilder, project: Project) -> tuple[Lock, tuple[Built, ...]]:
    """What uv.lock or a PEP 751 lock says, to the letter."""
    own = builder.run.request.what
    if own.requirements or own.direct:
        key = "script" if project.plan.script else "project"
        raise InputFileError(
            f"install.{key} has a {project.lock}, so install.requirements and install.files cannot join in",
            where=str(builder.run.profile.path),
            remedy="add them to the project, or leave them out here "
            "(`requirements: []` and `files: []` where a base profile has some)",
        )
    text = project.lock_text
    if project.lock == UV_LOCK:
        text = export_lock(builder.run.guest, UV_PATH, project)
    profile = builder.run.profile
    inputs = ResolveInputs(
        what=WhatToInstall((), own.constraints),
        facts=builder.run.facts,
        tags=builder.run.tags,
        index=profile.index,
        exclude_newer=profile.exclude_newer,
        project=project.digest(),
        sources=profile.sources.names,
        auto=profile.sources.auto,
    )
    extras = () if project.lock == UV_LOCK else project.plan.extras
    groups = () if project.lock == UV_LOCK else project.groups
    selection = select_project(text, inputs, project.requested(), extras, groups)
    left_out = {project.name, *project.members} if project.plan.only_dependencies else set()
    sources = [each for each in selection.sources if each.kind != "path" or each.name not in left_out]
    built = tuple(builder.build(source, project.plan.folder) for source in sources)
    return locked(inputs, [*selection.wheels, *(each.wheel for each in built)]), built


def _unlocked(builder: SourceBuilder, project: Project) -> tuple[Lock, tuple[Built, ...]]:
    """A project without a lock: its requirements resolved, its sources built as they are met."""
    own = builder.run.request.what
    sources = project.pyproject.get("tool", {}).get("uv", {}).get("sources", {})
    gathering = Gathering(
        builder,
        project.plan.folder,
        str(project.plan.folder / "pyproject.toml"),
        {normalize_name(str(name)): source for name, source in sources.items()},
        {project.name} if project.is_package else (),
        project.requested() | own.requested(builder.run.machine.markers),
    )
    if project.is_package:
        itself = SourcePackage(project.name, "", "path", ".", requested=True)
        project.check_extras(gathering.build(itself, project.plan.extras).provides_extra)
    else:
        check_told(project)
        gathering.take(project.dependencies())
    gathering.take(project.group_lines())
    gathering.want(own.requirements, own.direct)
    return gathering.resolved(own.constraints, project.digest())


def _travelling(
    builder: SourceBuilder, project: Project, lock: Lock, built: Sequence[Built]
) -> tuple[BundleFile, ...]:
    """The provenance of what was built, and for a uv.lock what the far side needs to lead uv."""
    files = [sources_file(built, builder)] if built else []
    files += [file_of_bytes(path, data) for path, data in overrides_file(project).items()]
    if project.plan.script:
        files += [file_of_bytes(TREE + name, text.encode()) for name, text in project.files.items()]
    if not project.is_workable:
        return tuple(files)
    local = [each for each in built if each.wheel.origin and each.wheel.origin.kind == "path"]
    needed = together(found for each in local for found in (each.making.build, each.making.editable))
    carried = {wheel.filename for wheel in lock.wheels}
    tools = tuple(wheel for wheel in needed if wheel.filename not in carried)
    document = describe(project, lock.wheels, tools)
    texts = project_files(project, document, lock.wheels)
    files += [file_of_bytes(path, data) for path, data in texts.items()]
    return (*files, *_build_files(builder, tools))


def _build_files(builder: SourceBuilder, tools: Sequence[LockedWheel]) -> Iterator[BundleFile]:
    """The wheels that building the project on the far side needs, out of the store."""
    if not tools:
        return
    wheels = fetch_wheels(builder.run.guest, tools)
    for wheel in wheels.wheels:
        name = wheel.locked.filename
        yield file_in_archive(
            f"project/build/{name}",
            _opener(builder.run.container, f"{wheels.folder}/{name}"),
            wheel.size,
            wheel.locked.sha256,
        )


def _opener(room: Container, path: str) -> Callable[[], Iterable[bytes]]:
    return lambda: room.get(path)
