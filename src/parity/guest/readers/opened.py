"""What the environment's Python files open by name and its programs are linked with, and this system lacks.

The job's packages are those whose own programs and extension modules are looked at, its words the names of
programs that packages start.

Result:
    {"rows": see `opened.judge`, "programs": see `programs.judge`,
     "lacking": those of the job's words that are neither the system's nor the environment's}
"""

import os
import shutil
from typing import TYPE_CHECKING, List

from ..environment import modules
from ..native import opened, programs

if TYPE_CHECKING:
    from ...wire.opening import OpenedResult
    from ...wire.rehearsing import ReadJob

_PATH = ":/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def read(job: "ReadJob", found: List[modules.Distribution]) -> "OpenedResult":
    """Read; see the module's docstring."""
    site_packages = job["site_packages"]
    # The environment's own programs first: some packages bring what others start.
    path = os.path.join(site_packages, "../../../bin") + _PATH
    return {
        "rows": opened.judge(site_packages, found),
        "programs": programs.judge(site_packages, found, job["packages"]),
        "lacking": [name for name in job["words"] if not shutil.which(name, path=path)],
    }
