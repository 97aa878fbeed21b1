"""One rehearsal: in the target's image, or in that image with the carried system packages installed first."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

from parity.model import Facts, PinnedImage, RehearsalPlan
from parity.pipeline.context.values import Site
from parity.pipeline.rehearsal.early import Early, nothing
from parity.rehearse import Carried, rehearse
from parity.system import prepared_image
from parity.wire.rehearsing import Seen


def rehearse_bundle(
    site: Site,
    image: PinnedImage,
    facts: Facts,
    plan: RehearsalPlan,
    carried: Carried,
    system: Callable[[], Iterable[bytes]] | None,
    *,
    early: Early = nothing,
) -> Seen:
    """What the rehearsal saw; see `parity.rehearse.rehearse`.

    Args:
        site: where.
        image: the target's.
        facts: of that image, whatever is installed besides.
        plan: what is checked, and limits.
        carried: the bundle.
        system: gives a tar stream of its manifest and system packages, None where it has none; the
            result then tells as `system` which were installed.
        early: gives a container of the target's image that may be used.
    """
    if system is None:
        return rehearse(site.engine, image, facts, plan, carried, site.reporter, early=early())
    site.reporter.note("installing the carried system packages, without network")
    with prepared_image(site.engine, image, facts, plan, system) as (image_id, installed):
        prepared = replace(image, id=image_id)
        # Not the early container: it was made of the image without these packages.
        seen = rehearse(site.engine, prepared, facts, plan, carried, site.reporter)
    seen["system"] = installed
    return seen
