"""What the environment's Python files open by name and its programs are linked with, and this system lacks.

Job:
    {"site_packages": the new environment's}
Result:
    {"rows": see `opened.judge`, "programs": see `programs.judge`}
"""

from typing import TYPE_CHECKING

from ..environment import modules
from ..events import Emit
from ..native import opened, programs

if TYPE_CHECKING:
    from ...wire.opening import OpenedJob, OpenedResult


def main(job: "OpenedJob", emit: Emit) -> "OpenedResult":
    """Read; see the module's docstring."""
    del emit
    site_packages = job["site_packages"]
    found = modules.distributions(site_packages)
    return {"rows": opened.judge(site_packages, found), "programs": programs.judge(site_packages, found)}
