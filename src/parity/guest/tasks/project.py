"""Read a project's uv.lock for this target with uv itself: is it current, and what does it pin?

Only metadata files of the project are there, no code of it; uv may neither build nor reach anything.

Job:
    {"uv": path, "python": path, "files": {relative path: text}, "root": the project's folder among
     them, "which": uv's options that name packages of a workspace or a script, "extras": [...],
     "groups": [...], "timeout": seconds}
Result:
    {"check": exit code of `uv lock --check`, "said": its stderr,
     "lock": text of the PEP 751 export or null, "stderr": of the export}
"""

import os
import shutil
import tempfile
from typing import TYPE_CHECKING, List

from ..environment.uvrun import offline_environment, run
from ..events import Emit

if TYPE_CHECKING:
    from ...wire.resolving import ProjectJob, ProjectResult


def main(job: "ProjectJob", emit: Emit) -> "ProjectResult":
    """Check and export; see the module's docstring."""
    del emit
    home = tempfile.mkdtemp(prefix="parity-project-")
    try:
        return _read(job, home)
    finally:
        shutil.rmtree(home, ignore_errors=True)


def _read(job: "ProjectJob", home: str) -> "ProjectResult":
    tree = os.path.join(home, "tree")
    for name, text in job["files"].items():
        path = os.path.join(tree, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8", newline="") as file:
            file.write(text)
    root = os.path.normpath(os.path.join(tree, job["root"]))
    environment = offline_environment(home, job["python"])
    environment["UV_NO_BUILD"] = "1"
    which = job["which"] if job["which"][:1] == ["--script"] else []
    command = [job["uv"], "lock", "--check", "--verbose", *which]
    check, _, said = run(command, environment, root, job["timeout"])
    code, text, stderr = run([job["uv"], *_export(job)], environment, root, job["timeout"])
    return {
        "check": check,
        "said": said.replace(tree + os.sep, ""),
        "lock": text if code == 0 else None,
        "stderr": stderr.replace(tree + os.sep, ""),
    }


def _export(job: "ProjectJob") -> List[str]:
    command = ["export", "--frozen", "--format", "pylock.toml", "--no-header", "--quiet", *job["which"]]
    for extra in job["extras"]:
        command += ["--extra", extra]
    command += ["--no-default-groups"]
    for group in job["groups"]:
        command += ["--group", group]
    return command
