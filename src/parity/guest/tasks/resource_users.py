"""Which wheels have files that import `pkg_resources`; see `parity.guest.wheels.resources`.

Job:
    {"folder": path, "cache": folder of judgements or "", "wheels": [[file name in it, SHA-256]],
     "along": [others: only what lies at their top is read]}
Result:
    {"wheels": [file names of those that do], sorted}
"""

import os
from typing import TYPE_CHECKING

from ..events import Emit
from ..wheels import resources

if TYPE_CHECKING:
    from ...wire.store import ResourceUsers, ResourceUsersJob


def main(job: "ResourceUsersJob", emit: Emit) -> "ResourceUsers":
    """Read; see the module's docstring."""
    del emit
    found = []
    for wheels, deepest in ((job["wheels"], None), (job["along"], resources.TOP)):
        for name, sha256 in wheels:
            if resources.uses(os.path.join(job["folder"], name), sha256, deepest, job["cache"]):
                found.append(name)
    return {"wheels": sorted(found)}
