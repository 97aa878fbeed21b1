"""`vehicle: image | environment` in a profile: an export out of the bundle that a build has just sealed."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from parity.errors import LockOutdated
from parity.export.python_fetch import PythonTarget, PythonWish, demand_reachable, fetched_python
from parity.export.python_lock import PYTHON_LOCK, is_of, write_python_lock
from parity.export.spool import spooling
from parity.model import BuiltBundle, LockedPython
from parity.pipeline.context.lockfiles import put_lock, read_existing
from parity.pipeline.context.run import BuildRun
from parity.pipeline.exporting.environment import (
    EnvironmentRequest,
    ExportedEnvironment,
    export_environment,
)
from parity.pipeline.exporting.image import ExportedImage, ImageRequest, demand_base, export_image
from parity.pipeline.exporting.making import NOBODY
from parity.portable.bundle.envelope import IMAGE, Checker
from parity.portable.bundle.export import VEHICLES

_IMAGE = VEHICLES[IMAGE]


def demand_exportable(run: BuildRun) -> None:
    """Refuse at once what the export would refuse after the rehearsal.

    Raises:
        LockOutdated, LockInvalid: the lock of the interpreter does not serve.
        PythonUnavailable: no container can reach the place that uv's settings name.
        OptionConflict: the image of the build stands in for the target's.
        ImageUnavailable: the base that the site has is not here, or is another one.
    """
    plan = run.profile.vehicle
    # An environment has no base: only images are asked.
    if plan.form == _IMAGE:
        demand_base(run.image, plan.base_on_site, run.world)
    # What is locked may be kept on this machine already.
    if plan.with_python and _python_lock(run) is None:
        demand_reachable(run.world.pythons)


def exported(run: BuildRun, bundle: BuiltBundle, check: Checker, folder: Path) -> BuiltBundle:
    """What `parity export` makes of this bundle, by the profile's words.

    Args:
        run: the build.
        bundle: its file, which lasts as long as this call.
        check: knows it again.
        folder: where the export goes.

    Raises:
        ParityError, FarsideError: as `export_image` and `export_environment`.
    """
    plan, world = run.profile.vehicle, run.world
    made: ExportedImage | ExportedEnvironment
    if plan.form == _IMAGE:
        request = ImageRequest(
            bundle=bundle.path,
            output=folder,
            prefix=plan.prefix,
            name=plan.name,
            user=plan.user or NOBODY,
            entrypoint=plan.entrypoint,
            base_on_site=plan.base_on_site,
        )
        made = export_image(request, check, world.sealer, world)
    else:
        made = _environment(run, EnvironmentRequest(bundle.path, folder, plan.prefix), check)
    file = made.file
    return BuiltBundle(
        file.path, file.size, file.payload_sha256, made.identity, file.signers, dict(made.document)
    )


def _environment(run: BuildRun, wanted: EnvironmentRequest, check: Checker) -> ExportedEnvironment:
    """The environment, with the locked interpreter where the profile asks for one; its lock is written."""
    if run.profile.vehicle.with_python:
        wanted = replace(wanted, python=_wish(run, _python_lock(run)))
    made = export_environment(wanted, check, run.world.sealer, run.world)
    if made.python is not None:
        _put(run, made.python)
    return made


def lock_interpreter(run: BuildRun) -> None:
    """Lock the interpreter that the profile's vehicle carries, if it does and none is locked yet.

    Raises:
        LockOutdated, LockInvalid: the lock of the interpreter does not serve.
        PythonUnavailable, PythonUnfit, HashMismatch, ToolUnavailable: it cannot be had.
    """
    if not run.profile.vehicle.with_python or _python_lock(run) is not None:
        return
    world = run.world
    with spooling(run.request.lock_path.parent) as new:
        target = PythonTarget(world.engine, run.image, run.facts, world.reporter)
        locked, _ = fetched_python(target, _wish(run, None), new)
    _put(run, locked)


def _wish(run: BuildRun, locked: LockedPython | None) -> PythonWish:
    world = run.world
    return PythonWish(world.network, world.pythons, world.tools.carry_uv, locked)


def _put(run: BuildRun, locked: LockedPython) -> None:
    if not run.request.locked:
        path = PYTHON_LOCK.path(run.request.lock_path)
        put_lock(PYTHON_LOCK.read, path, write_python_lock(locked), run.world.reporter)


def _python_lock(run: BuildRun) -> LockedPython | None:
    """Which interpreter is locked; None where one is to be chosen."""
    path = PYTHON_LOCK.path(run.request.lock_path)
    locked = read_existing(PYTHON_LOCK.read, path, run.request)
    if locked is None and run.request.locked:
        raise LockOutdated("there is no lock of the interpreter", where=str(path))
    python = run.profile.target.python
    # The target's Python is another now: as with the packages, what was locked for the old one is outdated.
    if locked is not None and not is_of(locked, python):
        if run.request.locked:
            what = f"the locked interpreter is Python {locked.version}, and the target has {python}"
            raise LockOutdated(what, where=str(path))
        return None
    return None if run.request.upgrade else locked
