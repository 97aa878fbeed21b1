"""The rehearsal of a carried project: uv synced in a checkout, as a user of its own.

The checkout has the project's metadata and no code, unless the metadata is made by building it. What was
installed is told by another process, of a user whom that code cannot reach.

Job:
    {"do": "sync", "bundle": folder, "checkout": the folder of a whole checkout or "", "work": a folder of
     this user's own, "python": path, "install_options": for the installer, "timeout": seconds for each step,
     "alone": whether this user is nobody else's}
    {"do": "list", "folder": as `sync` told}
Result of `sync`:
    {"exit_code", "said": the end of the output, "step": what failed or "", "folder": the project's}
Result of `list`:
    {"installed": [[name, version]]}
"""

import glob
import json
import os
import shutil
from typing import TYPE_CHECKING, List, Union

from ..confinement import alone, running
from ..environment import modules
from ..events import Emit

if TYPE_CHECKING:
    from ...wire.rehearsing import SyncedJob, SyncedResult, SyncJob, SyncResult

DOCUMENT = ("project", "project.json")
_TAIL = 4000
_KEEP = 1024 * 1024


def main(job: "Union[SyncJob, SyncedJob]", emit: Emit) -> "Union[SyncResult, SyncedResult]":
    """Sync, or list; see the module's docstring."""
    del emit
    return _list(job) if job["do"] == "list" else _sync(job)


def _list(job: "SyncedJob") -> "SyncedResult":
    found = glob.glob(os.path.join(job["folder"], ".venv", "lib", "python3*", "site-packages"))
    return {
        "installed": [(one.name, one.version) for one in modules.distributions(found[0])] if found else []
    }


def _sync(job: "SyncJob") -> "SyncResult":
    """Do what whoever receives the bundle would do in a checkout.

    The project's own package and those of its workspace are not installed: building them may take what
    the target lacks (their wheels travel, and were installed before).
    """
    os.umask(0o022)
    bundle = job["bundle"]
    with open(os.path.join(bundle, *DOCUMENT), encoding="utf-8") as handle:
        root = json.load(handle)["root"]
    tree = os.path.join(job["work"], "checkout")
    shutil.copytree(job["checkout"] or os.path.join(bundle, "project", "tree"), tree, symlinks=True)
    folder = os.path.normpath(os.path.join(tree, root))
    store = os.path.join(job["work"], "checkout-store")
    command = ["sh", os.path.join(bundle, "install.sh"), "--project", folder, "--store", store, "--json"]
    command += ["--python", job["python"], *job["install_options"]]
    done = _run(job, command, folder)
    if done.exit_code != 0:
        return _result("preparing a checkout", done.exit_code, done.stderr, folder)
    made = json.loads(done.stdout)
    done = _run(job, [made["uv"], *made["sync"], "--no-install-workspace"], folder)
    alone.end_leftovers(job["alone"])
    step = "uv sync --locked" if done.exit_code != 0 else ""
    return _result(step, done.exit_code, done.stdout + done.stderr if step else "", folder)


def _result(step: str, code: int, said: str, folder: str) -> "SyncResult":
    return {"step": step, "exit_code": code, "said": said[-_TAIL:], "folder": folder}


def _run(job: "SyncJob", command: List[str], folder: str) -> running.CommandEnd:
    home = os.path.join(job["work"], "checkout-home")
    os.makedirs(home, exist_ok=True)
    environment = {"PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": home, "LC_ALL": "C.UTF-8"}
    return running.run(command, environment, folder, job["timeout"], keep=_KEEP, single=bool(job["alone"]))
