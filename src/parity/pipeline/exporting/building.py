"""`vehicle: image | environment` in a profile: an export out of the bundle that a build has just sealed."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from parity.errors import LockOutdated
from parity.export.python_fetch import PythonWish, demand_reachable
from parity.export.python_lock import python_lock_path, read_python_lock, write_python_lock
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
    world, request = run.world, run.request
    if run.profile.vehicle.with_python:
        wish = PythonWish(world.network, world.pythons, world.tools.carry_uv, _python_lock(run))
        wanted = replace(wanted, python=wish)
    made = export_environment(wanted, check, world.sealer, world)
    if made.python is not None and not request.locked:
        path = python_lock_path(request.lock_path)
        put_lock(read_python_lock, path, write_python_lock(made.python), world.reporter)
    return made


def _python_lock(run: BuildRun) -> LockedPython | None:
    """Which interpreter is locked; None where one is to be chosen."""
    path = python_lock_path(run.request.lock_path)
    locked = read_existing(read_python_lock, path, run.request)
    if locked is None and run.request.locked:
        raise LockOutdated("there is no lock of the interpreter", where=str(path))
    return None if run.request.upgrade else locked
