"""The rehearsal of a carried project: uv synced in a checkout.

That has the project's metadata and no code, unless the metadata is made by building it.
"""

import glob
import json
import os
import shutil
import subprocess
from typing import Any, Dict, List, Optional, Tuple

from . import modules

_DOCUMENT = ("project", "project.json")
_TAIL = 4000


def sync(job: Dict[str, Any], bundle: str) -> Optional[Dict[str, Any]]:
    """Do what whoever receives the bundle would do in a checkout; None where nothing is to be tried.

    The project's own package and those of its workspace are not installed: building them may take what
    the target lacks (their wheels travel, and were installed before).

    Args:
        job: of it `sync`: whether it is to be tried; `checkout`: the folder of a whole checkout, or empty.
        bundle: the bundle's folder.

    Returns:
        {"exit_code", "said": the end of the output, "step": what failed or "",
         "installed": [[name, version]]}
    """
    path = os.path.join(bundle, *_DOCUMENT)
    if not job["sync"] or not os.path.exists(path):
        return None
    with open(path, encoding="utf-8") as handle:
        root = json.load(handle)["root"]
    tree = os.path.join(job["work"], "checkout")
    shutil.copytree(job["checkout"] or os.path.join(bundle, "project", "tree"), tree, symlinks=True)
    folder = os.path.normpath(os.path.join(tree, root))
    store = os.path.join(job["work"], "checkout-store")
    command = ["sh", os.path.join(bundle, "install.sh"), "--project", folder, "--store", store, "--json"]
    command += ["--python", job["python"], *job["install_options"]]
    code, stdout, stderr = _run(job, command, folder)
    if code != 0:
        return _result("preparing a checkout", code, stderr, [])
    made = json.loads(stdout)
    code, stdout, stderr = _run(job, [made["uv"], *made["sync"], "--no-install-workspace"], folder)
    if code != 0:
        return _result("uv sync --locked", code, stdout + stderr, [])
    found = glob.glob(os.path.join(folder, ".venv", "lib", "python3*", "site-packages"))
    installed = [[each.name, each.version] for each in modules.distributions(found[0])] if found else []
    return _result("", 0, "", installed)


def _result(step: str, code: int, said: str, installed: List[List[str]]) -> Dict[str, Any]:
    return {"step": step, "exit_code": code, "said": said[-_TAIL:], "installed": installed}


def _run(job: Dict[str, Any], command: List[str], folder: str) -> Tuple[int, str, str]:
    home = os.path.join(job["work"], "checkout-home")
    os.makedirs(home, exist_ok=True)
    done = subprocess.run(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={"PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": home, "LC_ALL": "C.UTF-8"},
        cwd=folder,
        check=False,
    )
    return done.returncode, done.stdout.decode("utf-8", "replace"), done.stderr.decode("utf-8", "replace")
