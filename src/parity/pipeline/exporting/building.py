"""`vehicle: image | environment` in a profile: an export out of the bundle that a build has just sealed."""

from __future__ import annotations

from pathlib import Path

from parity.model import BuiltBundle
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
        OptionConflict: the image of the build stands in for the target's.
        ImageUnavailable: the base that the site has is not here, or is another one.
    """
    plan = run.profile.vehicle
    # An environment has no base: only images are asked.
    if plan.form == _IMAGE:
        demand_base(run.image, plan.base_on_site, run.world)


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
        wanted = EnvironmentRequest(bundle.path, folder, plan.prefix)
        made = export_environment(wanted, check, world.sealer, world)
    file = made.file
    return BuiltBundle(
        file.path, file.size, file.payload_sha256, made.identity, file.signers, dict(made.document)
    )
