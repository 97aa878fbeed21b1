"""What the environment's Python files open by name and its programs are linked with, and this system lacks.

Job:
    {"site_packages": the new environment's, "programs": [names of programs that packages start],
     "packages": [those whose own programs and extension modules are looked at]}
Result:
    {"rows": see `opened.judge`, "programs": see `programs.judge`,
     "lacking": those of the job's programs that are neither the system's nor the environment's}
"""

import os
import shutil
from typing import TYPE_CHECKING

from ..environment import modules
from ..events import Emit
from ..native import opened, programs

if TYPE_CHECKING:
    from ...wire.opening import OpenedJob, OpenedResult

_PATH = ":/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def main(job: "OpenedJob", emit: Emit) -> "OpenedResult":
    """Read; see the module's docstring."""
    del emit
    site_packages = job["site_packages"]
    found = modules.distributions(site_packages)
    path = os.path.join(site_packages, "../../../bin") + _PATH
    return {
        "rows": opened.judge(site_packages, found),
        "programs": programs.judge(site_packages, found, job["packages"]),
        "lacking": [name for name in job["programs"] if not shutil.which(name, path=path)],
    }
