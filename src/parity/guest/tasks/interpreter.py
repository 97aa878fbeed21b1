"""Let uv fetch a standalone interpreter: uv's own list or another, uv's own place or a mirror.

Job:
    {"uv": path, "request": as uv spells it, such as "cpython-3.11-linux-x86_64-gnu",
     "mirror": address or "", "downloads": address of a list or "", "work": a folder that may be written to,
     "seconds": how long each step may take, "retries": of each request,
     and how the network is reached, as in `resolve`}
Result:
    {"trouble": "" | "list" (the list cannot be had) | "none" (it has no such interpreter) |
                "fetch" (not to be had) | "digest" (other bytes than the list says) | "unfit" (uv refuses it),
     "said": what uv said on stderr, "version", "file": its name there, "path": of its archive here}

uv holds the archive against the digest of its list, which is a part of the pinned uv. Nothing of it is run.
Logins are in addresses, and in a file that nobody else may read for as long as uv runs.
"""

import json
import os
import posixpath
import tempfile
from typing import TYPE_CHECKING, Dict, List, Optional
from urllib.parse import unquote, urlsplit

from ..environment.uvrun import online_environment, run, write_private
from ..events import Emit

if TYPE_CHECKING:
    from ...wire.interpreter import PythonFetched, PythonJob, PythonTrouble

_UNREACHED = ("error sending request", "Failed to download", "HTTP status", "Failed to fetch")


def main(job: "PythonJob", emit: Emit) -> "PythonFetched":
    """Fetch it; see the module's docstring."""
    del emit
    folder = tempfile.mkdtemp(prefix="parity-python-", dir=job["work"])  # mode 0700
    environment = _environment(job, folder)
    command = [job["uv"], "python", "list", "--only-downloads", "--all-versions", "--output-format", "json"]
    code, told, said = run([*command, job["request"]], environment, folder, job["seconds"])
    if code:
        return _trouble("list", said)
    row = _chosen(told)
    if row is None:
        return _trouble("none", said)
    place = os.path.join(folder, "installed")
    command = [job["uv"], "python", "install", "--no-bin", "--install-dir", place, row["key"]]
    code, _, said = run(command, environment, folder, job["seconds"])
    files = os.listdir(environment["UV_PYTHON_CACHE_DIR"])
    if code or len(files) != 1:
        return _trouble(_why(said, files), said)
    return {
        "trouble": "",
        "said": said,
        "version": row["version"],
        "file": unquote(posixpath.basename(urlsplit(row["url"]).path)),
        "path": os.path.join(environment["UV_PYTHON_CACHE_DIR"], files[0]),
    }


def _chosen(told: str) -> Optional[Dict[str, str]]:
    """The newest plain CPython of uv's list, which begins with the newest; None where there is none."""
    for row in json.loads(told):
        # A prerelease has more in its version than what uv takes apart; free-threaded builds are variants.
        plain = "{major}.{minor}.{patch}".format(**row["version_parts"]) == row["version"]
        if row["implementation"] == "cpython" and row["variant"] == "default" and plain:
            return {"key": row["key"], "version": row["version"], "url": row["url"]}
    return None


def _environment(job: "PythonJob", folder: str) -> Dict[str, str]:
    environment = online_environment(job, folder, job["retries"])
    for name in ("cache", "archives"):
        os.mkdir(os.path.join(folder, name))
    environment["UV_CACHE_DIR"] = os.path.join(folder, "cache")
    environment["UV_PYTHON_CACHE_DIR"] = os.path.join(folder, "archives")
    environment["NETRC"] = os.path.join(folder, "netrc")
    write_private(environment["NETRC"], "".join(_logins(job)))
    for name, value in (
        ("UV_PYTHON_INSTALL_MIRROR", job["mirror"]),
        ("UV_PYTHON_DOWNLOADS_JSON_URL", job["downloads"]),
    ):
        if value:
            environment[name] = value
    return environment


def _logins(job: "PythonJob") -> List[str]:
    """Lines of netrc(5), which has no words for what holds a blank."""
    found = []
    for place, pair in (job.get("credentials") or {}).items():
        words = [urlsplit(place).hostname or "", *pair]
        if all(words) and not any(char.isspace() for word in words for char in word):
            found.append("machine {} login {} password {}\n".format(*words))
    return found


def _why(said: str, files: List[str]) -> "PythonTrouble":
    """What uv's words mean; they are all that tells."""
    if "Hash mismatch" in said:
        return "digest"
    if not files or any(each in said for each in _UNREACHED):
        return "fetch"
    return "unfit"


def _trouble(kind: "PythonTrouble", said: str) -> "PythonFetched":
    return {"trouble": kind, "said": said, "version": "", "file": "", "path": ""}
