"""Addresses, revisions and submodules of git repositories: which may be handed to git. Pure.

All of them may be a stranger's words, and git takes some for options, commands or this machine's files.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple

from parity.errors import HostileSource, SourceUnavailable
from parity.model.network import clean_url

_USER = r"[\w.~%+][\w.~%+-]*(?::[^\s/@\\]*)?"
_HOST = r"(?:[A-Za-z0-9_](?:[\w.-]*[\w.])?|\[[0-9A-Fa-f:.]+\])"
# `ext::`, `fd::` and helpers of other names run commands (gitremote-helpers(7)): only these are let through.
_SERVER = re.compile(rf"(?:https?|ssh|git)://(?:{_USER}@)?{_HOST}(?::\d{{1,5}})?", re.ASCII)
_SCP = re.compile(rf"\w[\w.-]*@{_HOST}:", re.ASCII)
_FILE = "file://"
_REVISION = re.compile(r"[^\x00-\x20~^:?*\[\\\x7f]+")
_NO_ADDRESS = "name it by https://, ssh://, git@host:path or file:/// (git's other transports are not used)"


class Submodule(NamedTuple):
    """A repository inside another one: its folder there, its address, and the commit that is pinned."""

    path: str
    url: str
    commit: str


def checked(url: str) -> str:
    """The address, unless git would take it for an option, a command or a relative path.

    Raises:
        SourceUnavailable: it is none that can be used.
    """
    root = _root(url)
    path = url[len(root) :]
    # The server's side could take a path that begins with a hyphen for an option; git refuses it, too.
    fits = path.strip("/") and not path.lstrip("/").startswith("-") and path.isprintable()
    if root and fits and (path.startswith("/") or root.endswith(":")):
        return url
    raise SourceUnavailable(
        f"{clean_url(url)!r} is no address of a git repository", where=clean_url(url), remedy=_NO_ADDRESS
    )


def check_revision(url: str, revision: str) -> None:
    """Demand the name of a branch or tag (git-check-ref-format(1)); errors as `checked`."""
    parts = revision.split("/")
    plain = _REVISION.fullmatch(revision) and not any(word in revision for word in ("..", "@{", "//"))
    if plain and not any(not part or part.startswith(("-", ".")) or part.endswith(".lock") for part in parts):
        return
    raise SourceUnavailable(
        f"{revision!r} is no branch, tag or commit",
        where=clean_url(url),
        remedy="name a branch, a tag, or the 40 digits of a commit",
    )


def read_submodules(url: str, pinned: Mapping[str, str], settings: str) -> list[Submodule]:
    """What a commit's submodules are; see gitmodules(5).

    Args:
        url: of the repository that has them.
        pinned: path → commit, from the commit's tree.
        settings: what `git config --blob … --null --list` says of its .gitmodules.

    Raises:
        SourceUnavailable: one has no address that can be used.
        HostileSource: one leads from a server to this machine's own files, or wants a command run.
    """
    by_path = _by_path(settings)
    found = []
    for path, commit in sorted(pinned.items()):
        told = by_path.get(path, {})
        if told.get("update") == "none":
            continue
        # `update = !command` (gitmodules(5)); git itself refuses it in a .gitmodules since CVE-2019-19604.
        if told.get("update", "").startswith("!"):
            what = f"the submodule {path!r} of {clean_url(url)}"
            raise HostileSource(f"{what} wants a command to be run", where=clean_url(url))
        found.append(Submodule(path, _address(url, path, told.get("url", "")), commit))
    return found


def _by_path(settings: str) -> dict[str, dict[str, str]]:
    """What is said of each submodule, by its path."""
    said: dict[str, dict[str, str]] = {}
    for entry in filter(None, settings.split("\0")):
        key, _, value = entry.partition("\n")
        section, _, name = key.rpartition(".")
        said.setdefault(section, {})[name] = value
    return {each.get("path", ""): each for each in said.values()}


def _address(url: str, path: str, told: str) -> str:
    what, where = f"the submodule {path!r} of {clean_url(url)}", clean_url(url)
    try:
        address = checked(_joined(url, told))
    except (SourceUnavailable, ValueError) as error:
        raise SourceUnavailable(
            f"{what} has no address that can be fetched: {clean_url(told)!r}",
            where=where,
            remedy="depend on a wheel or a source archive of that package instead",
        ) from error
    # Else a stranger's repository could have a folder of this machine built into a wheel.
    if address.startswith(_FILE) and not url.startswith(_FILE):
        raise HostileSource(f"{what} leads to this machine's own files", where=where)
    return address


def _joined(url: str, address: str) -> str:
    """A submodule's address; `./` and `../` are relative to that of the repository it is in.

    Raises:
        ValueError: it leads above the root of the server.
    """
    if not address.startswith(("./", "../")):
        return address
    root = _root(url)
    folders = [name for name in url[len(root) :].strip("/").split("/") if name]
    while address.startswith(("./", "../")):
        word, _, address = address.partition("/")
        if word == "..":
            if not folders:
                raise ValueError("above the root")
            folders.pop()
    between = "" if root.endswith(":") else "/"  # git@host:name has no slash
    return root + between + "/".join([*folders, address])


def server_of(url: str) -> str:
    """The server that an address names, without the user: what headers of the user's own settings are for."""
    scheme, _, rest = _root(url).rpartition("//")
    return f"{scheme}//{rest.rpartition('@')[2]}".lower()


def _root(url: str) -> str:
    """The part of an address that names the server; empty where it names none as it should."""
    if url.startswith(_FILE + "/"):
        return _FILE
    match = _SERVER.match(url) or _SCP.match(url)
    return match[0] if match else ""
