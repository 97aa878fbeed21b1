"""The one door through which git is started: what of the user's settings holds, and what does not."""

from __future__ import annotations

import os
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO, NamedTuple, TypeVar

from parity.errors import HostileSource, SourceUnavailable
from parity.host.processes import child_environment, read_from, run
from parity.model.network import clean_url

T = TypeVar("T")

_PASSED = (
    "SSH_AUTH_SOCK",
    "SSH_ASKPASS",
    "GIT_ASKPASS",
    "GIT_SSH",
    "GIT_SSH_COMMAND",
    "GIT_SSL_CAINFO",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "XDG_CONFIG_HOME",
)
"""What git needs of the caller's environment to find credentials and certificates."""

# No questions; no attributes of the system's; no objects in the place of others (git-replace(1)); nothing
# fetched on the way by a command that reads.
_WRITTEN = {
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_ATTR_NOSYSTEM": "1",
    "GIT_NO_REPLACE_OBJECTS": "1",
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_OPTIONAL_LOCKS": "0",
}
_TRANSPORTS = "https:http:ssh:git:file"

# Credential helpers, ssh commands, proxies and rewritten addresses (insteadOf) of the user hold: without them
# git reaches nothing. No other program of the user's is to run because of what a repository says, and
# none of its files ever passes a filter: parity lays them out itself.
_SETTINGS = (
    "core.hooksPath=/dev/null",
    "core.fsmonitor=false",
    "core.attributesFile=/dev/null",
    "core.alternateRefsCommand=",
    "diff.external=",
    # Nothing in the background: it would outlive us and hold the copy.
    "gc.auto=0",
    "maintenance.auto=false",
    # A folder inside a checkout that looks like a repository is none, settings of its own and all.
    "safe.bareRepository=explicit",
    "submodule.recurse=false",
    "fetch.recurseSubmodules=false",
    "fetch.writeCommitGraph=false",
    # One pack and no loose objects: the limit on a file's size is then one on the whole fetch.
    "fetch.unpackLimit=1",
    "fetch.uriProtocols=",
    "transfer.bundleURI=false",
    # git does not look by itself for names and links in a tree that lead out of it.
    "transfer.fsckObjects=true",
    "fetch.fsckObjects=true",
    # A server that sends nothing for five minutes is given up; git alone would wait without an end.
    "http.lowSpeedLimit=1",
    "http.lowSpeedTime=300",
)
# What old repositories that people use have, and what harms nobody.
_OLD_FAULTS = (
    "badDate", "badDateOverflow", "badEmail", "badName", "badTimezone", "missingEmail",
    "missingNameBeforeEmail", "missingSpaceBeforeDate", "missingSpaceBeforeEmail", "multipleAuthors",
    "missingTaggerEntry", "badTagName", "zeroPaddedDate", "zeroPaddedFilemode", "nulInCommit",
)  # fmt: skip
_ALL_SETTINGS = (*_SETTINGS, *(f"fetch.fsck.{name}=ignore" for name in _OLD_FAULTS))
_COMMON = tuple(word for each in _ALL_SETTINGS for word in ("-c", each))

# `ulimit` is the shell's; git has no setting for how much a server may send.
_LIMITED = ("sh", "-c", 'ulimit -f "$0" 2>/dev/null; exec "$@"')
_BLOCK = 512  # bytes, of ulimit by POSIX
_LAST_LINES = 200
_SAID = 12


class GitBounds(NamedTuple):
    """What a server may send, and how long git may look at a folder that is not ours.

    Attributes:
        fetched: bytes of one fetch, which are one file.
        names: of branches and tags.
        described: seconds for the tags of a folder.
    """

    fetched: int = 8 << 30
    names: int = 1_000_000
    described: float = 60


USUAL = GitBounds()


class GitRunner:
    """Starts git with settings of ours before all others.

    Args:
        environ: the caller's environment, of which only what git needs is passed on.
        bounds: of what comes from outside.
    """

    def __init__(self, environ: Mapping[str, str] = os.environ, bounds: GitBounds = USUAL) -> None:
        self._bounds = bounds
        passed = {name: environ[name] for name in _PASSED if name in environ}
        self._environment = {**child_environment(environ), **passed, **_WRITTEN}

    def fetch(self, url: str, repository: Path, words: Sequence[str], *, foreign: bool = False) -> None:
        """Fetch into a bare repository of ours.

        Args:
            url: of the repository, for messages.
            repository: ours.
            words: further arguments.
            foreign: the server was named by another server: headers of the user's that are for all servers
                (http.extraHeader) are not for it. Those for that very server, and credential helpers, hold.

        Raises:
            SourceUnavailable: it cannot be had.
            HostileSource: its objects are not what git makes.
        """
        options = ["--quiet", "--no-recurse-submodules"]
        _sweep(repository)
        settings = [*_COMMON, *(["-c", "http.extraHeader="] if foreign else [])]
        command = [
            *_LIMITED,
            str(self._bounds.fetched // _BLOCK),
            "git",
            *settings,
            f"--git-dir={repository}",
            "fetch",
            *options,
            *words,
        ]
        self._said(url, command, _TRANSPORTS, deque(maxlen=_LAST_LINES))

    def list_remote(self, url: str, words: Sequence[str]) -> list[str]:
        """What `git ls-remote` says; errors as `fetch`."""
        return self._said(url, ["git", *_COMMON, "ls-remote", *words], _TRANSPORTS, deque())

    def local(self, where: str, words: Sequence[str]) -> list[str]:
        """The lines of a command that reaches no other machine, nor another repository of this one.

        Raises:
            SourceUnavailable: it failed.
        """
        return self._said(where, ["git", *_COMMON, *words], "none", deque())

    def describe(self, folder: Path, words: Sequence[str]) -> list[str]:
        """The same in a folder of somebody's, whose `.git` may hold pipes, or devices in its settings.

        Raises:
            SourceUnavailable: it failed, or took too long.
        """
        seconds = self._bounds.described
        command = ["git", *_COMMON, "-C", str(folder), *words]
        return self._said(str(folder), command, "none", deque(), seconds)

    def read(self, url: str, repository: Path, words: Sequence[str], take: Callable[[IO[bytes]], T],
             stdin: IO[bytes] | None = None) -> T:  # fmt: skip
        """Let `take` read what a command says about our copy; errors as `local`, and those of `take`."""
        command = ["git", *_COMMON, f"--git-dir={repository}", *words]
        environment = {**self._environment, "GIT_ALLOW_PROTOCOL": "none"}
        try:
            found, code, stderr = read_from(command, environment, take, stdin)
        except FileNotFoundError as error:
            raise _no_git() from error
        if code != 0:
            raise _failed(url, stderr.splitlines())
        return found

    def _said(
        self,
        url: str,
        command: Sequence[str],
        transports: str,
        lines: deque[str],
        seconds: float | None = None,
    ) -> list[str]:
        def hear(line: str) -> None:
            lines.append(line)
            if len(lines) > self._bounds.names:
                where = clean_url(url)
                raise HostileSource(f"{where} has more than {self._bounds.names:,} names", where=where)

        environment = {**self._environment, "GIT_ALLOW_PROTOCOL": transports}
        try:
            code = run(command, environment, on_line=hear, seconds=seconds)
        except FileNotFoundError as error:
            raise _no_git() from error
        except TimeoutError as error:
            raise SourceUnavailable(f"git took longer than {seconds:g} seconds", where=url) from error
        if code == _NOT_FOUND and command[0] == "sh":
            raise _no_git()
        if code != 0:
            raise _failed(url, list(lines))
        return list(lines)


_NOT_FOUND = 127
_LEFT_ALONE = 3600.0


def _sweep(repository: Path) -> None:
    """Remove what a fetch left that was ended an hour ago or before."""
    for path in repository.glob("objects/pack/tmp_*"):
        with suppress(OSError):
            if path.stat().st_mtime < time.time() - _LEFT_ALONE:
                path.unlink()


def _no_git() -> SourceUnavailable:
    return SourceUnavailable(
        "this machine has no git", remedy="install git; it fetches with your own credentials"
    )


def _printable(line: str) -> str:
    """A line that may be a server's own words."""
    return "".join(each if each.isprintable() else " " for each in line)


def _failed(url: str, lines: Sequence[str]) -> SourceUnavailable | HostileSource:
    """The error for a git that failed, free of credentials."""
    where = clean_url(url)
    said = tuple(_printable(line.replace(url, where)) for line in lines if line.strip())
    last = said[-_SAID:]
    faults = [line for line in said if "fsck error" not in line and line.startswith("error: object")]
    if faults and any("fsck" in line for line in said):
        return HostileSource(f"{where} holds what git does not make: {faults[0]}", where=where, details=last)
    reason = next((line for line in reversed(said) if line.startswith(("fatal", "error"))), "git failed")
    return SourceUnavailable(f"{where} cannot be fetched: {reason}", where=where, details=last)
