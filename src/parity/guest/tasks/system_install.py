"""Install a bundle's system packages in the image, with the installer's own code.

Job:
    {"bundle": folder with manifest.json and system/, "work": a folder of ours}
Result:
    {"isolation": {promise: bool}, "installed": [{"name", "version"}], "error": text or null}
"""

from typing import TYPE_CHECKING

from ...portable.bundle import folder
from ...portable.errors import FarsideError
from ...portable.system import system
from ..environment import isolation
from ..events import Emit

if TYPE_CHECKING:
    from ...wire.system import SystemInstallJob, SystemInstallResult

_PROMISES = ("only-loopback", "no-route-out", "no-new-privileges")
# The bits of capabilities(7) that a package manager needs, all of them about owners of files and processes:
# CHOWN, DAC_OVERRIDE, FOWNER, FSETID, SETGID, SETUID, SETFCAP.
_RIGHTS = sum(1 << bit for bit in (0, 1, 3, 4, 6, 7, 31))


def main(job: "SystemInstallJob", emit: Emit) -> "SystemInstallResult":
    """Install; see the module's docstring."""
    seen = isolation.isolation()
    promises = {name: seen[name] for name in _PROMISES}
    promises["no-further-capabilities"] = isolation.capabilities() & ~_RIGHTS == 0
    result: "SystemInstallResult" = {"isolation": promises, "installed": [], "error": None}
    if not all(result["isolation"].values()):
        return result
    try:
        bundle = folder.open_folder(job["bundle"])
        found = system.survey(bundle.manifest.document["system"])
        if found is not None:
            system.install(found, bundle, job["work"], lambda line: emit({"event": "said", "line": line}))
            told = system.record(found, True)
            result["installed"] = told["installed"] if told else []
    except FarsideError as error:
        result["error"] = error.message
    return result
