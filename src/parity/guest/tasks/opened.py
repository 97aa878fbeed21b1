"""What the environment's Python files open by name and this system lacks.

Job:
    {"site_packages": the new environment's}
Result:
    {"rows": see `opened.judge`}
"""

from typing import TYPE_CHECKING

from ..environment import modules
from ..events import Emit
from ..native import opened

if TYPE_CHECKING:
    from ...wire.opening import OpenedJob, OpenedResult


def main(job: "OpenedJob", emit: Emit) -> "OpenedResult":
    """Read; see the module's docstring."""
    del emit
    return {"rows": opened.judge(job["site_packages"], modules.distributions(job["site_packages"]))}
