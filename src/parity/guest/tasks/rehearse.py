"""The rehearsal's first part, as the user who owns the new environment: prove the isolation, install.

No other user may write what is made here, and the rest of the rehearsal is done by others.
"""

import glob
import json
import os
import shutil
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Callable, Iterator, TypeVar

from ..confinement import alone, running
from ..environment import confines, isolation, service
from ..events import Emit

if TYPE_CHECKING:
    from ...wire.rehearsing import InstallSeen, RehearseJob, RehearseResult

T = TypeVar("T")
_TAIL = 8000
_PAUSE = 0.5  # seconds
_DOCUMENT = 4 * 1024 * 1024
_MOST_PACKAGES = 16000


def main(job: "RehearseJob", emit: Emit) -> "RehearseResult":
    """Install one bundle.

    Job keys: `bundle` (folder with the bundle's files), `wheels_from` (folder in the store whose
    wheels belong into it, or null when they are there already), `work` (a folder of this user's own),
    `python`, `service` (the name of the socket for `service`), `timeout` (s), `install_options` (for the
    installer), `alone` (whether this user is nobody else's), `memory` (bytes) and `pids`: what it may have.

    Result: `isolation`, `limits` and `writable` (see `confines`), `install` {exit_code, document, stderr},
    `bundle` and `site_packages` (folders), `seconds`; from `install` on, keys are missing when an earlier
    part failed.
    """
    result: "RehearseResult" = {
        "isolation": isolation.isolation(),
        "limits": confines.limits(job["memory"], job["pids"]),
        "writable": confines.writable(),
        "seconds": {},
    }
    if all(result["isolation"].values()):
        _rehearse(job, emit, result)
    return result


def _rehearse(job: "RehearseJob", emit: Emit, result: "RehearseResult") -> None:
    os.umask(0o022)
    emit({"event": "step", "name": "carry"})
    result["bundle"] = bundle = _timed(result, "carry", lambda: _bring_wheels(job))
    emit({"event": "step", "name": "install"})
    prefix = os.path.join(job["work"], "prefix")
    result["install"] = _timed(result, "install", lambda: _install(job, bundle, prefix, emit))
    alone.end_leftovers(job["alone"])  # a package whose .pth file is allowed may have begun something
    if result["install"]["exit_code"] == 0:
        found = glob.glob(os.path.join(prefix, "current", "lib", "python3*", "site-packages"))
        result["site_packages"] = found[0]
        service.start(job["service"], found[0], _MOST_PACKAGES)


def _timed(result: "RehearseResult", name: str, action: Callable[[], T]) -> T:
    begin = time.monotonic()
    value = action()
    result["seconds"][name] = round(time.monotonic() - begin, 3)
    return value


def _bring_wheels(job: "RehearseJob") -> str:
    """Lay the bundle's folder out as `tar xf` would, with the wheels from the store."""
    if job["wheels_from"] is None:
        return job["bundle"]
    folder = os.path.join(job["work"], "bundle")
    shutil.copytree(job["bundle"], folder)
    names = sorted(os.listdir(job["wheels_from"]))
    if names:  # a bundle without wheels has no folder for them
        os.makedirs(os.path.join(folder, "wheels"), exist_ok=True)
    for name in names:
        shutil.copyfile(os.path.join(job["wheels_from"], name), os.path.join(folder, "wheels", name))
    return folder


@contextmanager
def _counted(bundle: str, prefix: str, emit: Emit) -> Iterator[None]:
    """Tell meanwhile how many wheels are installed: as many as have their metadata there."""
    total, over = len(glob.glob(os.path.join(bundle, "wheels", "*"))), threading.Event()
    there = os.path.join(prefix, "releases", "*", "lib", "python3*", "site-packages", "*.dist-info")

    def look() -> None:
        told = 0
        while not over.wait(_PAUSE):
            done = min(total, len(glob.glob(there)))
            if done != told:
                told = done
                emit({"event": "installed", "done": done, "total": total})

    looking = threading.Thread(target=look)
    looking.start()
    try:
        yield
    finally:
        over.set()
        looking.join()


def _install(job: "RehearseJob", bundle: str, prefix: str, emit: Emit) -> "InstallSeen":
    """Run the installer that ships in the bundle, as whoever receives it would.

    It tries no imports: they are tried afterwards, by those who may not write here.
    """
    home = os.path.join(job["work"], "installer-home")
    os.makedirs(home)
    command = ["sh", os.path.join(bundle, "install.sh"), prefix, "--json", "--no-imports"]
    command += ["--python", job["python"], *job["install_options"]]
    environment = {"PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": home, "LC_ALL": "C.UTF-8"}
    with _counted(bundle, prefix, emit):
        done = running.run(command, environment, job["work"], job["timeout"], keep=_DOCUMENT)
    try:
        document = json.loads(done.stdout)
    except (ValueError, RecursionError):
        document = {}
    return {
        "exit_code": done.exit_code,
        "document": document if isinstance(document, dict) else {},
        "stderr": done.stderr[-_TAIL:],
    }
