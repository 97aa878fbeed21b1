"""What a build's output says about why it failed."""

from __future__ import annotations

import re
from collections.abc import Sequence

from parity.errors import BuildFailed
from parity.project.lacking import bringing_module, missing, missing_module

# As libc, Python, curl, git, Rust and Node say it.
_REACHED_OUT = re.compile(
    r"failure in name resolution|Name or service not known|nodename nor servname|No address associated with"
    r"|Network is unreachable|Failed to establish a new connection|getaddrinfo (failed|ENOTFOUND|EAI_AGAIN)"
    r"|([Cc]ould ?n[o']t|[Uu]nable to|[Ff]ailed to) (resolve|lookup) (host|address|')|dns error"
)
_NO_COMPILER = re.compile(
    r"(command|program) '?\S*(gcc|g\+\+|cc|c\+\+|clang)'? (failed: No such|not found)|Unknown compiler"
    r"|Python\.h: No such file|No such file or directory: '\S*(gcc|cc|\+\+)'|No CMAKE_C(XX)?_COMPILER could"
    r"|unable to execute '?\S*(gcc|cc)'?|error: command '?\S*gcc'? failed: No such file"
)
# As setuptools-scm, hatch-vcs, dunamai, pbr, versioningit, pdm and setuptools-git-versioning say it.
_NO_VERSION = re.compile(
    r"unable to detect version|[Uu]nable to (detect|determine) (the )?version"
    r"|[Ff]ailed to detect (VCS|version)"
    r"|Error getting the version from source `?(vcs|versioningit|uv-dynamic-versioning)"
    r"|Unable to detect version control system|Versioning for this project requires either an sdist"
    r"|NotVCSError|NotSdistError|[Cc]annot find the version from|This does not appear to be a Git project"
    r"|not a git repository"
)
_WITH_BUILDER = (
    "it was built in the target's own image, which has no compiler: `builder: {packages: []}` in the "
    "profile has it built in the target's builder, with what `packages` names besides"
)
MORE_TIME = "give it more in the profile, for instance `limits: {building: 6h}`"
_FRONTEND = re.compile(r"error: Failed to build")
_OVERTIME = re.compile(r"error: (this step did not end within [0-9]+ s)")
_RAISED = re.compile(r"[\w.]*(Error|Exception)\b|error: ")


def overtime(lines: Sequence[str]) -> str:
    """The word of a step whose time was over, empty for any other end; see the guest's `failure`."""
    late = _OVERTIME.fullmatch(lines[-1]) if lines else None
    return late[1] if late else ""


def say_version(what: str) -> str:
    """What to do where no plug-in learns a version."""
    said = f'`builder: {{versions: {{{_name(what)}: "1.2.3"}}}}`'
    return f"name its source as `git+https://…@TAG`, or say the version: {said}"


def _name(what: str) -> str:
    """What the profile calls a source: its package's name, or that of its folder or archive."""
    return re.sub(r"[^A-Za-z0-9._-]", "", what.rstrip("/").rpartition("/")[2]).strip("._-") or "NAME"


def build_failed(what: str, said: str) -> BuildFailed:
    """The error for a build that said this; the reason is told where it is a usual one."""
    lines = [line for line in said.splitlines() if line.strip()]
    details = tuple(lines[-15:])
    if reached := next((line.strip() for line in reversed(lines) if _REACHED_OUT.search(line)), ""):
        return BuildFailed(
            f"{what} cannot be built: its build reaches for the network, which sources are built without",
            where=what,
            remedy="give the build what it downloads: by a command in builder.fetch (`npm ci`, `cargo fetch "
            "--locked`), as a build requirement, as a package in builder.packages, or use a version that has "
            "wheels",
            details=(reached, *details),
        )
    if told := next((line.strip() for line in reversed(lines) if _NO_VERSION.search(line)), ""):
        return BuildFailed(
            f"{what} cannot be built: nothing tells its version, for its source comes without git's history",
            where=what,
            remedy=say_version(what),
            details=(told, *details),
        )
    if late := overtime(lines):
        return BuildFailed(f"{what} cannot be built: {late}", where=what, remedy=MORE_TIME, details=details)
    raised = [line for line in lines if _RAISED.match(line) and not _FRONTEND.match(line)]
    reason = (raised[-1:] or lines[-1:] or ["no reason given"])[0].strip()
    module = missing_module(reason)
    remedy = bringing_module(module, _name(what)) if module else ""
    if any(_NO_COMPILER.search(line) for line in lines):
        remedy = _WITH_BUILDER
    failed = BuildFailed(f"{what} cannot be built: {reason}", where=what, remedy=remedy, details=details)
    failed.missing, failed.module = missing(lines), module
    return failed


def no_project(what: str) -> BuildFailed:
    """The error for a source that is no Python project."""
    return BuildFailed(
        f"{what} has neither pyproject.toml nor setup.py",
        where=what,
        remedy="name the folder that has one of them; #subdirectory=PATH leads to one deeper in a source",
    )
