"""Which scripts packages declare, read by somebody whom no package's code can reach.

Job:
    {"site_packages": the new environment's, "packages": [normalised names]}
Result:
    {"rows": [{"package", "script", "target": `module:object`}], sorted}
"""

import os
from typing import TYPE_CHECKING, Dict, Iterator, List

from ...portable.wheel.entrypoints import is_launchable, read_launchers
from ..environment.modules import normalised
from ..events import Emit

if TYPE_CHECKING:
    from ...wire.rehearsing import ReadJob, ReadResult

_LARGEST = 1024 * 1024  # bytes of an entry_points.txt
_MOST = 500  # scripts of one package


def main(job: "ReadJob", emit: Emit) -> "ReadResult":
    """Read; see the module's docstring."""
    del emit
    rows: List[Dict[str, str]] = []
    for entry in sorted(os.listdir(job["site_packages"])):
        stem, suffix = os.path.splitext(entry)
        package = normalised(stem.partition("-")[0])
        if suffix == ".dist-info" and package in job["packages"]:
            rows += list(_scripts(package, os.path.join(job["site_packages"], entry)))[:_MOST]
    return {"rows": sorted(rows, key=lambda row: (row["package"], row["script"]))}


def _scripts(package: str, dist_info: str) -> Iterator[Dict[str, str]]:
    """Each script that installers make alike; the audit tells of the others."""
    try:
        with open(os.path.join(dist_info, "entry_points.txt"), "rb") as file:
            launchers = read_launchers(file.read(_LARGEST))
    except (OSError, ValueError):
        return
    for each in filter(is_launchable, launchers):
        target = each.target.partition("[")[0]  # the extras behind it say nothing here
        yield {"package": package, "script": each.name, "target": "".join(target.split())}
