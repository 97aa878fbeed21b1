"""What was installed, read by somebody whom no package's code can reach, out of what it cannot change.

Job:
    {"site_packages": the new environment's, "bundle": the bundle's folder,
     "readers": {name of one of `parity.guest.readers`: its job}}
Events:
    {"event": "found", "distributions": [{"name", "version", "modules": [name], "deeper": [name],
     "files": count, "import_names", "requires": see `metadata.Said`, "programs": whether it brings any,
     "scripts": [[name, `module:object`]]}],
     "hidden": see `alone.hide`, "project": whether a project is carried,
     "gems": [{"name", "version", "requested", "features"}] of the manifest}
Result:
    {"linker": see `linker.judge`, "seconds": that it took, "read": {name: what that reader found}}
"""

import importlib
import os
import time
from typing import TYPE_CHECKING, Dict, List, Tuple, cast

from ...portable.bundle.manifest import NAME, gems_of, parse
from ..confinement import alone
from ..environment import modules, scripts
from ..events import Emit
from ..native import linker
from .checkout import DOCUMENT

if TYPE_CHECKING:
    from ...wire.gems import GemFound
    from ...wire.rehearsing import DistributionFound, EnvironmentFound, EnvironmentJob, EnvironmentResult


def main(job: "EnvironmentJob", emit: Emit) -> "EnvironmentResult":
    """Read, ask the linker and the readers; see the module's docstring."""
    found = modules.distributions(job["site_packages"])
    rows = [_row(each, scripts.of(job["site_packages"], each)) for each in found]
    project = os.path.exists(os.path.join(job["bundle"], *DOCUMENT))
    told: "EnvironmentFound" = {
        "event": "found",
        "distributions": rows,
        "hidden": alone.hide(),
        "project": project,
        "gems": _gems(job["bundle"]),
    }
    emit(cast("Dict[str, object]", told))
    begin = time.monotonic()
    judged = linker.judge(job["site_packages"], found)
    seconds = round(time.monotonic() - begin, 3)
    # The names are ours: jobs come from the near side alone, never from a bundle.
    read = {
        name: importlib.import_module("..readers." + name, __package__).read(asked, found)
        for name, asked in job["readers"].items()
    }
    return {"linker": judged, "seconds": seconds, "read": read}


def _gems(bundle: str) -> "List[GemFound]":
    # It lies where only the installer's user writes, as whom no package's code runs.
    with open(os.path.join(bundle, NAME), "rb") as file:
        rows = gems_of(parse(file.read()).document)
    return [
        {
            "name": row["name"],
            "version": row["version"],
            "requested": row["requested"],
            "features": row["features"],
        }
        for row in rows
    ]


def _row(found: modules.Distribution, started: List[Tuple[str, str]]) -> "DistributionFound":
    return {
        "name": found.name,
        "version": found.version,
        "modules": found.modules,
        "deeper": [] if found.modules else modules.deep_modules(found.files),
        "files": len(found.files),
        "import_names": list(found.said.import_names),
        "requires": list(found.said.requires),
        "programs": any(path.startswith("../") and "/bin/" in path for path in found.files),
        "scripts": started,
    }
