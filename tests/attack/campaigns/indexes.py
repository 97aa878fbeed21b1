"""Hostile package indexes against the real guest code, in processes of their own over a store with canaries.

Each input is one index: pages, hashes, files, redirects, drips and lies. It is asked as a build would ask
it (the guess, the fetch of a lock, the router for several indexes). Right is: the guest ends by itself and
in time, in little memory, nothing lies in the store but what has the digest it is named by, no canary
changed, and nothing was believed that the input lied about. Odd but honest indexes must go on working.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from tests.attack.inputs.index_input import FILE, NAME, PAGE, Input
from tests.attack.inputs.index_inputs import HONEST, HOSTILE
from tests.attack.outcome import Outcome
from tests.attack.trial import TINY
from tests.support.hostile_index import HostileIndex
from tests.support.index import tiny_wheel
from tests.support.targets import DEBIAN11

TITLE = "hostile package indexes: pages, hashes, files, redirects, drips, lies"
_MEMORY = 1200
"""MiB that a guest may need at most, whatever an index sends."""
_SECONDS = 60.0
_AT_ONCE = 4
_CANARY = b"canary: whoever changes this has written where nobody may\n"
# Its own peak and not `ru_maxrss`, which begins with that of whoever started it.
_RUN = """import json, resource, sys
resource.setrlimit(resource.RLIMIT_AS, (3 << 30, 3 << 30))
from parity.guest.tasks import fetch, guess; from parity.guest.net import routes, router
def asked(job):
    with router.Router(job) as found:
        try:
            return {"page": json.loads(found.page("demo").decode())["files"]}
        finally:
            pass
mains = {"guess": guess.main, "fetch": fetch.main, "router": lambda job, emit: asked(job)}
mains["links"] = mains["router"]
job = json.load(sys.stdin)
try:
    result = mains[sys.argv[1]](job, lambda event: None)
except (ValueError, fetch.WebProblem, routes.Confused) as error:
    result = {"error": type(error).__name__ + ": " + str(error)}
peak = next(line for line in open("/proc/self/status") if line.startswith("VmHWM:")).split()[1]
print(json.dumps({"result": result, "mib": int(peak) // 1024}))
"""


def run(scale: float) -> Iterator[Outcome]:
    """Every input, whatever the scale; at a tiny one some of each kind."""
    inputs = (*HOSTILE, *HONEST)
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        yield from pool.map(in_a_folder, inputs[::20] if scale < TINY else inputs)


def in_a_folder(each: Input) -> Outcome:
    """How one input ended."""
    with tempfile.TemporaryDirectory(prefix="parity-attack-") as folder:
        return _try(each, Path(folder))


def _try(each: Input, folder: Path) -> Outcome:
    store, wheel = _store(folder), tiny_wheel(folder / "wheels", "demo").read_bytes()
    with HostileIndex(seconds=2 * _SECONDS) as index:
        each.arrange(index, wheel)
        begin = time.monotonic()
        ended = _ask(each, index, store, wheel)
    wrong = _harm(store, folder) or ended.get("wrong", "")
    if not wrong and time.monotonic() - begin > _SECONDS:
        wrong = "took too long"
    if not wrong and ended["mib"] > _MEMORY:
        wrong = f"took {ended['mib']} MiB"
    if not wrong:
        wrong = each.judge(ended["result"])
    return Outcome(each.kind, each.name, not wrong, wrong or f"held, {ended['mib']} MiB")


def _ask(each: Input, index: HostileIndex, store: Path, wheel: bytes) -> dict[str, Any]:
    command = [sys.executable, "-c", _RUN, each.by]
    job = json.dumps(_job(each, index, store, wheel))
    try:
        done = subprocess.run(
            command,
            input=job,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
            capture_output=True,
            text=True,
            timeout=2 * _SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return {"wrong": "never ended"}
    if done.returncode != 0:
        last = (done.stderr.strip().splitlines() or ["nothing said"])[-1]
        return {"wrong": f"the guest died ({done.returncode}): {last[:200]}"}
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def _job(each: Input, index: HostileIndex, store: Path, wheel: bytes) -> dict[str, Any]:
    job: dict[str, Any] = {"store": str(store), "timeout": 2, "attempts": 1, "proxies": {}, "ca": None}
    job.update(credentials={}, index_url=index.url, indexes=[])
    if each.by == "fetch":
        file: dict[str, Any] = {"filename": NAME, "url": index.root + FILE, "size": len(wheel)}
        file.update(sha256=hashlib.sha256(wheel).hexdigest())
        return {**job, "set": None, "threads": 2, "stall": 6, "wheels": [{**file, **each.said}]}
    if each.by in ("router", "links"):
        flat = each.by == "links"
        one = {"name": "default", "url": index.root + PAGE if flat else index.url, "flat": flat}
        return {**job, "indexes": [{**one, "packages": ["*"], "credentials": {}}]}
    job.update(audits="", requirements=["demo"], constraints=[], tags=list(DEBIAN11.tags))
    return {**job, "markers": dict(DEBIAN11.markers), "threads": 4, "deadline": 20}


def _store(folder: Path) -> Path:
    """A store with canaries where a name could lead."""
    store = folder / "volume" / "store"
    for place in (store / "uv-cache", store / "audits", store / "sets", store / "partial", folder / "volume"):
        place.mkdir(parents=True, exist_ok=True)
        (place / "canary").write_bytes(_CANARY)
    return store


def _harm(store: Path, folder: Path) -> str:
    """What is in the store, or beside it, that may not be there."""
    for path in sorted((folder / "volume").rglob("*")):
        if not path.is_file():
            continue
        if path.name == "canary":
            if path.read_bytes() != _CANARY:
                return f"the canary in {path.parent.name} was changed"
        elif path.parent == store / "partial":
            if not path.name.replace("first-", "").replace("alone-", "").isalnum():
                return f"the unfinished file {path.name}"
        elif path.parent.parent == store / "sha256":
            if hashlib.sha256(path.read_bytes()).hexdigest() != path.name:
                return f"{path.name} has other bytes"
        else:
            return f"a file at {path.relative_to(folder)}"
    canaries = len(list((folder / "volume").rglob("canary")))
    return "" if canaries == 5 else "a canary is gone"
