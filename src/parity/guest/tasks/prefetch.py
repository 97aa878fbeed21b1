"""Run the user's commands that fetch what a build downloads, in a fresh copy of the source, with network.

Job:
    {"source": folder, or an archive of it, "subdirectory": text, "work": a writable folder,
     "commands": [lines for the shell], "epoch": seconds, "timeout": seconds for each,
     "proxies": {"http", "https", "no"}, without logins, "ca": PEM or null}
Result:
    {"error": the end of what a command that failed said, or "", "refused": why the source is none, or ""}

What they bring lies in `source` and `home` of `work` afterwards.
"""

import os
from typing import TYPE_CHECKING, Dict

from ...portable.treepaths import Refused
from ..confinement import alone, running
from ..environment.buildplace import failure, fresh_source
from ..events import Emit

if TYPE_CHECKING:
    from ...wire.building import PrefetchJob, PrefetchResult

_KEEP = 1024 * 1024
_CA_FILES = (
    "SSL_CERT_FILE",
    "CURL_CA_BUNDLE",
    "REQUESTS_CA_BUNDLE",
    "GIT_SSL_CAINFO",
    "NODE_EXTRA_CA_CERTS",
    "CARGO_HTTP_CAINFO",
)


def main(job: "PrefetchJob", emit: Emit) -> "PrefetchResult":
    """Fetch; see the module's docstring."""
    del emit
    os.umask(0o022)
    try:
        folder = fresh_source(job)
    except Refused as error:
        return {"error": "", "refused": str(error)}
    environment = _environment(job)
    for command in job["commands"]:
        done = running.run(
            ["sh", "-c", command], environment, folder, job["timeout"], keep=_KEEP, single=True
        )
        alone.end_leftovers(True)
        if done.exit_code != 0:
            said = failure(done.exit_code, done.stdout + done.stderr, job["timeout"])
            return {"error": said, "refused": ""}
    return {"error": "", "refused": ""}


def _environment(job: "PrefetchJob") -> Dict[str, str]:
    home = os.path.join(job["work"], "home")
    os.makedirs(home, exist_ok=True)
    environment = {"PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": home, "LC_ALL": "C.UTF-8", "CI": "1"}
    for key, value in job["proxies"].items():
        environment[f"{key}_proxy"] = environment[f"{key.upper()}_PROXY"] = value
    if job["ca"]:
        path = os.path.join(job["work"], "ca.pem")
        with open(path, "w", encoding="ascii") as file:
            file.write(job["ca"])
        environment.update(dict.fromkeys(_CA_FILES, path))
    return environment
