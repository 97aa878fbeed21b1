"""Run uv inside the image: requirements in, the text of a PEP 751 lock out.

Job:
    {"uv": path, "python": path, "cache": path, "requirements": text, "constraints": text,
     "lock": text of the existing lock whose versions are preferred, or null,
     "refresh": bool, "exclude_newer": date or null, "no_deps": bool, "timeout": seconds,
     "retries": of each request, "prereleases": whether any may be chosen,
     "sources": names that come as source distributions, "metadata": a uv.toml that tells their metadata
     (so that uv has no reason to build them) and that of wheels named by path,
     "offer": what the index's pages offer besides wheels that fit, see `guest.net.offers`; empty: nothing,
     "tags": the wheel tags that fit, "python_version": in full,
     "tree": whether who requires what is asked, not the lock,
     "index_url": address without credentials or null,
     "indexes": several indexes as in `routes`, or an empty list for the one at `index_url`,
     "proxies": {"http", "https", "no"}, "ca": PEM|null, "client_certificate": PEM|null,
     "credentials": {"<origin>": [user, password]}}
Result:
    {"exit_code": int, "lock": text or null, "stderr": text,   exit code 124: the time was over
     "offered": address in the lock of what was offered besides -> its real address,
     "routes": which project came from which of several indexes, see `routes`; null for one index}

Passwords reach uv through its environment alone; they are in no file and in no argument. The client's
certificate lies in a file for as long as uv runs, in a folder that is open to nobody else.
"""

import contextlib
import os
import shutil
import tempfile
from typing import TYPE_CHECKING, Dict, List

from ..environment.uvrun import online_environment, run, write_private
from ..events import Emit
from ..net.offers import Fitting
from ..net.router import Offering, Router
from ..net.routes import with_indexes
from ..net.web import WebProblem, origin_of
from ..store.digests import scope_of

if TYPE_CHECKING:
    from ...wire.resolving import ResolveJob, ResolveResult


def main(job: "ResolveJob", emit: Emit) -> "ResolveResult":
    """Resolve; see the module's docstring."""
    del emit
    # What uv keeps, it finds again by addresses that an index tells: each set of indexes has its own.
    os.makedirs(job["cache"], exist_ok=True)
    os.utime(job["cache"])
    job = {**job, "cache": os.path.join(job["cache"], scope_of(job))}
    folder = tempfile.mkdtemp(prefix="parity-resolve-")  # mode 0700
    try:
        if not job.get("indexes") and not job.get("offer"):
            return _compile(job, folder)
        target = Fitting(frozenset(job["tags"]), job["python_version"])
        offering = Offering(job["offer"], target, frozenset(job["sources"]))
        routed: "ResolveJob" = {**job, "indexes": with_indexes(job)}
        with Router(routed, offering) as router:
            # uv talks to the router alone: it needs neither logins nor certificates nor proxies.
            done = _compile(_cut_off(job, router.url), folder)
            text = done["lock"]
            return {
                **done,
                "lock": None if text is None else router.real(text),
                "stderr": router.told(done["stderr"]),
                "offered": router.offered(text or ""),
                "routes": router.routes.report(),
            }
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _cut_off(job: "ResolveJob", index: str) -> "ResolveJob":
    """The job with that index, and no way to any other."""
    return {
        **job,
        "index_url": index,
        "proxies": {},
        "ca": None,
        "client_certificate": None,
        "credentials": {},
    }


def _compile(job: "ResolveJob", folder: str) -> "ResolveResult":
    output = os.path.join(folder, "tree.txt" if job["tree"] else "pylock.toml")
    write_private(os.path.join(folder, "requirements.txt"), job["requirements"])
    write_private(os.path.join(folder, "constraints.txt"), job["constraints"])
    for path, text in (
        (output, None if job["tree"] else job["lock"]),
        (os.path.join(folder, "uv.toml"), job["metadata"]),
    ):
        if text:
            write_private(path, text)
    os.makedirs(job["cache"], exist_ok=True)
    environment = _environment(job, folder)
    exit_code, _, stderr = run(_command(job, output), environment, folder, job["timeout"])
    lock = None
    if exit_code == 0:
        with open(output, encoding="utf-8") as file:
            lock = file.read()
    return {
        "exit_code": exit_code,
        "lock": lock,
        "stderr": stderr.replace(folder + os.sep, ""),
        "offered": {},
        "routes": None,
    }


def _command(job: "ResolveJob", output: str) -> List[str]:
    """The uv command line; nothing secret is in it."""
    command = [job["uv"], "pip", "compile", "requirements.txt", "--python", job["python"]]
    command += ["--only-binary", ":all:"]
    if job["constraints"]:
        command += ["--constraints", "constraints.txt"]
    # Not quiet: warnings tell of extras that are not there, of what is yanked, of files without upload time.
    command += ["--no-header", "--output-file", output]
    if job["tree"]:
        command += ["--format", "requirements.txt", "--annotation-style", "split"]
    else:
        command += ["--format", "pylock.toml"]
    newest = job["exclude_newer"]
    if newest:
        command += ["--exclude-newer", newest]
    if job.get("prereleases"):
        command += ["--prerelease", "allow"]
    if job.get("refresh"):
        command += ["--refresh"]
    if job.get("no_deps"):
        command += ["--no-deps"]
    for name in job.get("sources") or ():
        command += ["--no-binary", name]
    if job.get("metadata"):
        command += ["--config-file", "uv.toml"]
    return command


def _environment(job: "ResolveJob", folder: str) -> Dict[str, str]:
    """The whole environment that uv gets: nothing of the image's own reaches it."""
    return {
        **online_environment(job, folder, job.get("retries", 3)),
        "UV_CACHE_DIR": job["cache"],
        "UV_PYTHON_DOWNLOADS": "never",
        **_index(job),
    }


def _index(job: "ResolveJob") -> Dict[str, str]:
    """The one index, named so that its credentials can stand beside the address, not in it."""
    url = job.get("index_url")
    if not url:
        return {}
    found = {"UV_DEFAULT_INDEX": "parity=" + url}
    with contextlib.suppress(WebProblem):  # uv itself says what is wrong with such an address
        pair = (job.get("credentials") or {}).get(str(origin_of(url)))
        if pair:
            found["UV_INDEX_PARITY_USERNAME"], found["UV_INDEX_PARITY_PASSWORD"] = pair
    return found
