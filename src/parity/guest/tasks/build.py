"""Build a wheel from a source, cut off from everything: the one place where a source's code runs.

Every result has "refused" besides where the source is none that is unpacked: why not.

Job:
    {"do": "peek", "requires" or "build", "uv": path, "python": path, "work": a writable folder,
     "source": folder, or an archive of it, "subdirectory": text, "find_links": folder with the wheels
     that the build needs, "system": {"requires", "backend", "paths"} (PEP 517, 518),
     "versions": {variable: version}, "epoch": seconds for SOURCE_DATE_EPOCH,
     "home": a folder with what was fetched for the build, or "", "tag": the version for a history, or "",
     "given": of `build`, all requirements where they are more than the source asks for,
     "timeout": seconds for each step, "alone": whether this user is nobody else's}
Result of `peek`:
    {"isolation": {...}, "pyproject": text or null, "setup": whether there is a setup.py, "error"}
Result of `requires`, what the backend asks for besides `system`:
    {"isolation": {...}, "wheel": [...], "editable": [...], "error": text or ""}
Result of `build`:
    {"isolation": {...}, "wheel": the name of what lies in `out-1` of `work` (a second build is in `out-2`),
     "commands": [[word]], "error": text or ""}
"""

import json
import os
from typing import TYPE_CHECKING, Dict

from ...portable.treepaths import Refused
from ..confinement import alone
from ..environment import isolation
from ..environment.buildplace import (
    build_environment,
    failure,
    fresh_source,
    give_history,
    make_tools,
    outputs,
)
from ..environment.uvrun import run
from ..events import Emit

if TYPE_CHECKING:
    from ...wire.building import BuildJob

_LARGEST_PYPROJECT = 1 << 20
_HOOKS = """
import importlib, json, os, sys
answer, backend, paths = sys.argv[1], sys.argv[2], json.loads(sys.argv[3])
sys.path[:0] = [os.path.abspath(path) for path in paths]
module, _, attribute = backend.partition(":")
thing = importlib.import_module(module)
for name in filter(None, attribute.split(".")):
    thing = getattr(thing, name)
found = {}
for kind in ("wheel", "editable"):
    hook = getattr(thing, "get_requires_for_build_" + kind, None)
    found[kind] = list(hook({})) if hook else []
with open(answer, "w") as file:
    json.dump(found, file)
"""


def main(job: "BuildJob", emit: Emit) -> Dict[str, object]:
    """Ask or build; see the module's docstring."""
    del emit
    os.umask(0o022)
    promised = isolation.isolation()
    result: Dict[str, object] = {"isolation": promised, "error": ""}
    if all(promised.values()):
        try:
            result.update(_STEPS[job["do"]](job))
        except Refused as error:
            result["refused"] = str(error)
    return result


def _peek(job: "BuildJob") -> Dict[str, object]:
    folder = fresh_source(job)
    path = os.path.join(folder, "pyproject.toml")
    text = None
    if os.path.isfile(path):
        with open(path, "rb") as file:
            data = file.read(_LARGEST_PYPROJECT + 1)
        if len(data) > _LARGEST_PYPROJECT:
            raise Refused("its pyproject.toml is larger than 1 MiB")
        text = data.decode("utf-8", "replace")
    return {"pyproject": text, "setup": os.path.exists(os.path.join(folder, "setup.py"))}


def _requires(job: "BuildJob") -> Dict[str, object]:
    folder, system = fresh_source(job), job["system"]
    environment = build_environment(job)
    give_history(job, environment)
    tools = os.path.join(job["work"], "tools")
    error = make_tools(job, environment, tools, system["requires"])
    if error:
        return {"error": error}
    answer = os.path.join(job["work"], "requires.json")
    command = [os.path.join(tools, "bin", "python"), "-c", _HOOKS, answer]
    command += [system["backend"], json.dumps(system["paths"])]
    code, stdout, stderr = run(command, environment, folder, job["timeout"])
    alone.end_leftovers(job["alone"])
    if code != 0:
        return {"error": failure(code, stdout + stderr, job["timeout"])}
    return _answered(answer)


def _answered(path: str) -> Dict[str, object]:
    """What a backend wrote down, which may be anything."""
    try:
        with open(path, "rb") as file:
            found = json.loads(file.read(_LARGEST_PYPROJECT).decode("utf-8"))
        return {kind: [str(one) for one in found[kind]] for kind in ("wheel", "editable")}
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        return {"error": "error: its build backend answers nonsense: %s" % error}


def _build(job: "BuildJob") -> Dict[str, object]:
    environment = build_environment(job)
    folders = []
    options = ["--no-index", "--find-links", job["find_links"]]
    if job["given"]:
        tools = os.path.join(job["work"], "tools")
        error = make_tools(job, environment, tools, job["given"])
        if error:
            return {"error": error}
        options = ["--no-build-isolation", "--python", os.path.join(tools, "bin", "python")]
        environment.update(VIRTUAL_ENV=tools, PATH=os.path.join(tools, "bin") + ":" + environment["PATH"])
    for out in outputs(job["work"], "out"):
        folder = fresh_source(job)
        give_history(job, environment)
        command = [job["uv"], "build", "--wheel", "--no-sources", *options]
        command += ["--no-create-gitignore", "--out-dir", out, folder]
        code, stdout, stderr = run(command, environment, job["work"], job["timeout"], job["alone"])
        alone.end_leftovers(job["alone"])
        if code != 0:
            return {"error": failure(code, stdout + stderr, job["timeout"])}
        _open_to_all(out)
        folders.append(out)
    return {"wheel": _only_wheel(folders[0]), "commands": [command]}


def _open_to_all(folder: str) -> None:
    """Let whoever repairs the wheel read it: a backend may have made it for itself alone."""
    os.chmod(folder, 0o755)  # noqa: S103
    for name in os.listdir(folder):
        path = os.path.join(folder, name)
        if os.path.isfile(path) and not os.path.islink(path):
            os.chmod(path, 0o644)


def _only_wheel(folder: str) -> str:
    """The name of the one wheel that a build made; empty where it made none or several."""
    names = [name for name in os.listdir(folder) if name.endswith(".whl")]
    return names[0] if len(names) == 1 else ""


_STEPS = {"peek": _peek, "requires": _requires, "build": _build}
