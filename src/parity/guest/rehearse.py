"""The rehearsal as seen from inside: prove the isolation, install, import, ask the linker, run commands."""

import glob
import json
import os
import re
import shutil
import subprocess
import time
from typing import Any, Callable, Dict, List, Tuple

from . import checkout, imports, isolation, linker, memory, modules

Emit = Callable[[Dict[str, Any]], None]
_TAIL = 8000


def main(job: Dict[str, Any], emit: Emit) -> Dict[str, Any]:
    """Rehearse one bundle.

    Job keys: `bundle` (folder with the bundle's files), `wheels_from` (folder in the store whose
    wheels belong into it, or null when they are there already), `work` (a writable folder), `python`,
    `requested` (package names), `imports` (bool), `commands` (shell lines), `import_timeout` (s),
    `install_options` (for the installer), and those of `checkout.sync`.

    Result: `isolation`, `install` {exit_code, document, stderr}, `environment`, `imports`,
    `missing_libraries`, `missing_versions` and `natives` (see `linker.judge`), `commands`, `project` (see
    `checkout.sync`), `seconds`, `memory_kills` (processes killed over the memory limit); from
    `environment` to `project`, keys are missing when an earlier part failed.
    """
    result: Dict[str, Any] = {"isolation": isolation.isolation(), "seconds": {}}
    if all(result["isolation"].values()):
        _rehearse(job, emit, result)
    result["memory_kills"] = memory.kills()
    return result


def _rehearse(job: Dict[str, Any], emit: Emit, result: Dict[str, Any]) -> None:
    emit({"event": "step", "name": "carry"})
    bundle = _timed(result, "carry", lambda: _bring_wheels(job))
    emit({"event": "step", "name": "install"})
    prefix = os.path.join(job["work"], "prefix")
    result["install"] = _timed(result, "install", lambda: _install(job, bundle, prefix))
    if result["install"]["exit_code"] != 0:
        return
    room = _Room(job, prefix)
    found = modules.distributions(room.site_packages)
    result["environment"] = [[each.name, each.version] for each in found]
    emit({"event": "step", "name": "import"})
    tried = _timed(result, "imports", lambda: _imports(job, room, found))
    result["imports"] = [each._asdict() for each in tried]
    emit({"event": "step", "name": "link"})
    result.update(_timed(result, "linker", lambda: linker.judge(room.site_packages, found)))
    emit({"event": "step", "name": "commands"})
    result["commands"] = _timed(
        result, "commands", lambda: [_command(room, line) for line in job["commands"]]
    )
    result["project"] = _timed(result, "project", lambda: checkout.sync(job, bundle))


class _Room:
    """The new environment: its interpreter, its folders, and the only environment its children get."""

    def __init__(self, job: Dict[str, Any], prefix: str) -> None:
        self.prefix = os.path.join(prefix, "current")
        self.python = os.path.join(self.prefix, "bin", "python")
        self.site_packages = glob.glob(os.path.join(self.prefix, "lib", "python3*", "site-packages"))[0]
        self.folder = os.path.join(job["work"], "empty")
        home = os.path.join(job["work"], "home")
        for each in (self.folder, home):
            os.makedirs(each, exist_ok=True)
        self.environment = {
            "PATH": os.path.join(self.prefix, "bin") + ":/usr/local/bin:/usr/bin:/bin",
            "HOME": home,
            "TMPDIR": "/tmp",  # noqa: S108 - the container's own tmpfs
            "LC_ALL": "C.UTF-8",
            "VIRTUAL_ENV": self.prefix,
        }


def _timed(result: Dict[str, Any], name: str, action: Callable[[], Any]) -> Any:
    begin = time.monotonic()
    value = action()
    result["seconds"][name] = round(time.monotonic() - begin, 3)
    return value


def _bring_wheels(job: Dict[str, Any]) -> str:
    """Lay the bundle's folder out as `tar xf` would, with the wheels from the store."""
    if job["wheels_from"] is None:
        return str(job["bundle"])
    folder = os.path.join(job["work"], "bundle")
    shutil.copytree(job["bundle"], folder)
    os.makedirs(os.path.join(folder, "wheels"), exist_ok=True)
    for name in sorted(os.listdir(job["wheels_from"])):
        shutil.copyfile(os.path.join(job["wheels_from"], name), os.path.join(folder, "wheels", name))
    return folder


def _install(job: Dict[str, Any], bundle: str, prefix: str) -> Dict[str, Any]:
    """Run the installer that ships in the bundle, as whoever receives it would."""
    home = os.path.join(job["work"], "installer-home")
    os.makedirs(home)
    argv = ["sh", os.path.join(bundle, "install.sh"), prefix, "--json", "--python", job["python"]]
    done = subprocess.run(
        [*argv, *job["install_options"]],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={"PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": home, "LC_ALL": "C.UTF-8"},
        cwd=job["work"],
        check=False,
    )
    try:
        document = json.loads(done.stdout.decode("utf-8"))
    except ValueError:
        document = {}
    stderr = done.stderr.decode("utf-8", "replace")[-_TAIL:]
    return {"exit_code": done.returncode, "document": document, "stderr": stderr}


def _imports(job: Dict[str, Any], room: _Room, found: List[modules.Distribution]) -> List[imports.Imported]:
    if not job["imports"]:
        return []
    asked = set(job["requested"])
    pairs: Dict[bool, List[Tuple[str, str]]] = {True: [], False: []}
    for each in found:
        pairs[each.name in asked].extend((each.name, module) for module in each.modules)
    return imports.try_imports(
        room.python,
        requested=pairs[True],
        others=pairs[False],
        environment=room.environment,
        folder=room.folder,
        timeout=job["import_timeout"],
    )


def _command(room: _Room, line: str) -> Dict[str, Any]:
    done = subprocess.run(
        ["sh", "-c", line],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env=room.environment,
        cwd=room.folder,
        check=False,
    )
    output = done.stdout.decode("utf-8", "replace")[-_TAIL:]
    return {"command": line, "exit_code": done.returncode, "output": re.sub(r"\s+\Z", "", output)}
