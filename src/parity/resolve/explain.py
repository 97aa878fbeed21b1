"""What uv said, as one of our errors."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import NamedTuple

from parity.errors import REACH_REMEDIES, IndexFailed, ParityError, Unresolvable
from parity.model.network import DEFAULT_INDEX, HostNetwork

OVERTIME = 124
"""The guest's exit code for a resolution that took too long."""

_STATUS = re.compile(r"HTTP status (?:client|server) error \((\d{3}) ?([^)]*)\) for url \(([^)]*)\)")
_HINT_STATUS = re.compile(r"An index(?: URL)? \(([^)]*)\)[^\n]*?\b(401|403)\b")
_FETCHED = re.compile(r"Failed to fetch: (\S+)")
_NO_WHEEL = re.compile(
    r"(?<![\w.'=<>])(?P<name>[A-Za-z0-9][A-Za-z0-9._-]*?)(?:\[[^\]]*\])?(?:\{[^}]*\})?"
    r"(?P<spec>(?:[=<>!~]=?=?[^ ]*)?) "
    r"(?:(?:has|have) no (?:usable )?wheels|requires Python)"
)
_NAMED = r"(?P<name>[A-Za-z0-9][A-Za-z0-9._-]*)"
_ABSENT = re.compile(rf"(?<![\w.-]){_NAMED} was not found in the package registry")
_NO_VERSION = re.compile(rf"there is no version of {_NAMED}(?:\[[^\]]*\])?[=<>!~]")
_WRONG_PYTHON = re.compile(
    rf"\((?:>=)?(?P<target>[\d.]+)\) does not satisfy Python(?P<spec>[^ ]+) "
    rf"and (?:all of: )?{_NAMED}(?:==)?(?P<version>[^ ]+)(?: (?P=name)[^ ]+)* depends? on Python"
)
# Where the index's page does not tell, only the wheel's own metadata does; uv names no target then.
_TOLD_LATE = re.compile(
    rf"(?<![\w.-]){_NAMED}==(?P<version>[^ ]+) requires Python (?P<spec>[^ ]+)(?P<target>)"
)
_NO_SUCH = (
    "no index that was asked has {}: look how it is written, bind your own index to it under `indexes`, "
    "or give its path"
)
_NO_PACKAGES = {
    "pkg-resources": (
        "delete that line: the `pip freeze` of Debian and Ubuntu writes it, and no index has such a package; "
        "the module pkg_resources is in setuptools<82"
    ),
    "python": (
        "delete that line: Python itself is no package, the bundle is for the image's; a project says in "
        "requires-python which it takes"
    ),
}
"""Names that stand in many a file and on no index; other names get `_NO_SUCH`."""
_UNDATED = re.compile(r"`([^`]+)` is missing an upload date")
_BROKEN = (
    ("dns error|failed to lookup address", "its host name was not found", "dns"),
    ("UnknownIssuer|invalid peer certificate|certificate", "its certificate is not trusted", "tls"),
    ("InvalidContentType|TLS|tls|handshake", "TLS failed", "tls"),
    ("tunnel error|proxy", "the proxy refused the connection", "proxy"),
    (
        "`Content-Type`|Received some unexpected|not a valid (?:HTML|JSON)|expected value at line",
        "it does not answer like a package index",
        "garbage",
    ),
    (
        "invalid package format|Failed to unzip|Failed to read from zip|structure of `",
        "it serves a damaged file",
        "damaged",
    ),
    ("Failed to fetch|Request failed|error sending request|operation timed out", "it does not answer", ""),
)
"""What uv's message holds, what it means, and the key of its remedy; the first that fits counts."""

_REMEDIES = {
    "404": "the index lists a file that it does not have: ask whoever runs it, or pin another version",
    "429": "the index asks to slow down: try again in a few minutes",
    **REACH_REMEDIES,
    "garbage": "check that the address is that of a simple index (PEP 503 or 691), not of a web page",
}


def index_remedy(kind: str, network: HostNetwork, index: str = DEFAULT_INDEX) -> str:
    """What to do where an index fails so, by status or a key of `_BROKEN`; empty for the error's own."""
    return network.login_remedy(index) if kind in ("401", "403") else _REMEDIES.get(kind, "")


@dataclass(frozen=True)
class Lacking:
    """A package without a fitting wheel: its name, and the version specifier that was tried."""

    name: str
    tried: str


def lacking_wheel(stderr: str) -> Lacking | None:
    """The package for which uv found no fitting wheel, None where that was not the reason."""
    match = _NO_WHEEL.search(_cause(stderr))
    return Lacking(match["name"], match["spec"].lstrip("=")) if match else None


def resolve_error(exit_code: int, stderr: str, network: HostNetwork) -> ParityError:
    """The error for a failed resolution, other than a lacking wheel; secrets are taken out."""
    said = network.redact(stderr.strip())
    if exit_code == OVERTIME:
        return IndexFailed("resolving took too long", details=tuple(said.splitlines()))
    return _index_error(said, network) or _undated(said) or _conflict(said)


def _index_error(said: str, network: HostNetwork) -> IndexFailed | None:
    details = tuple(said.splitlines())
    if match := _HINT_STATUS.search(said):
        return IndexFailed(
            f"the index answered {match[2]}",
            where=match[1],
            remedy=index_remedy(match[2], network),
            details=details,
        )
    if match := _STATUS.search(said):
        return IndexFailed(
            f"the index answered {match[1]} {match[2]}".rstrip(),
            where=match[3],
            remedy=index_remedy(match[1], network),
            details=details,
        )
    fetched = _FETCHED.search(said)
    where = fetched[1] if fetched else network.index_url or ""
    for pattern, message, kind in _BROKEN:
        if re.search(pattern, said):
            return IndexFailed(
                f"the index failed: {message}",
                where=where,
                remedy=index_remedy(kind, network),
                details=details,
            )
    return None


def undated_files(stderr: str) -> tuple[str, ...]:
    """The files that uv left out because exclude-newer was asked and the index tells no upload time."""
    return tuple(dict.fromkeys(_UNDATED.findall(stderr)))


def _undated(said: str) -> IndexFailed | None:
    files = undated_files(said)
    if not files:
        return None
    return IndexFailed(
        f"exclude-newer cannot be kept: the index does not say when {files[0]} was uploaded",
        where=files[0],
        remedy="leave exclude-newer out (the lock pins what was chosen), or use an index with upload times",
        details=tuple(said.splitlines()),
    )


def _conflict(said: str) -> Unresolvable:
    cause = _cause(said)
    message = cause or (said.splitlines()[0] if said else "uv failed without saying why")
    absent = _ABSENT.search(cause)
    return Unresolvable(
        message.removeprefix("error: "),
        where=absent["name"] if absent else "",
        remedy=_remedy_for(absent["name"]) if absent else "",
        details=_hints(said),
    )


def _remedy_for(absent: str) -> str:
    return _NO_PACKAGES.get(absent) or _NO_SUCH.format(absent)


class WrongPython(NamedTuple):
    """A release that is for another Python: which one it wants, and what the target has, if uv says it.

    `version` is a specifier where uv says it of several releases.
    """

    name: str
    version: str
    wants: str
    target: str


def wrong_python(stderr: str) -> WrongPython | None:
    """The release for which uv says that the target's Python will not do, if it says that."""
    said = _cause(stderr)
    # Several releases may want several Pythons: the oldest of these would do.
    found = min(_WRONG_PYTHON.finditer(said), key=_python_wanted, default=None) or _TOLD_LATE.search(said)
    return WrongPython(found["name"], found["version"], found["spec"], found["target"]) if found else None


def _python_wanted(found: re.Match[str]) -> list[int]:
    return [int(number) for number in re.findall(r"\d+", found["spec"])]


def absent_version(stderr: str) -> str:
    """The project of which uv says that it has no such version; empty where it says something else."""
    found = _NO_VERSION.search(_cause(stderr))
    return found["name"] if found else ""


def _cause(stderr: str) -> str:
    """The explanation of uv as flowing text, without its `cause:` and its hints."""
    _, found, rest = stderr.partition("cause: ")
    if not found or "No solution found" not in stderr:
        return ""
    lines = [line.strip() for line in rest.partition("\nhint:")[0].splitlines()]
    return " ".join(line for line in lines if line)


def _hints(stderr: str) -> tuple[str, ...]:
    return tuple(" ".join(part.split()) for part in stderr.split("\nhint:")[1:])
