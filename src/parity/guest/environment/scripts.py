"""Which scripts a distribution declares (entry points specification), and what each starts."""

import os
from typing import List, Tuple

from ...portable.wheel.entrypoints import is_launchable, read_launchers
from .modules import Distribution

_LARGEST = 1024 * 1024  # bytes of an entry_points.txt
_MOST = 500  # scripts of one distribution


def of(site_packages: str, found: Distribution) -> List[Tuple[str, str]]:
    """Name and `module:object` of each script that installers make alike; the audit tells of the others."""
    paths = [path for path in found.files if path.endswith(".dist-info/entry_points.txt")]
    if not paths:
        return []
    try:
        with open(os.path.join(site_packages, paths[0]), "rb") as file:
            launchers = read_launchers(file.read(_LARGEST))
    except (OSError, ValueError):
        return []
    made = [each for each in launchers if is_launchable(each)][:_MOST]
    # The extras behind a target say nothing here.
    return sorted((each.name, "".join(each.target.partition("[")[0].split())) for each in made)
