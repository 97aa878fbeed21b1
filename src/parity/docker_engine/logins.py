"""Logins for container registries: the Docker command's, its helpers', and Podman's auth.json."""

from __future__ import annotations

import json
import os
import warnings
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import docker.errors
from docker import APIClient
from docker.auth import AuthConfig, load_config
from docker.credentials.errors import StoreError
from docker.utils.config import find_config_file

from parity.docker_engine.translate import clean
from parity.files import read_small

_LARGEST = 40  # logins of one file
# A helper is a stranger's program: what it says may be no JSON, or not what its protocol promises.
_ODD = (StoreError, docker.errors.DockerException, OSError, LookupError, TypeError, ValueError)


class Logins(AuthConfig):
    """What the SDK asks for logins; a helper that is missing or fails costs its own login alone.

    Attributes:
        troubles: what was wrong with docker's file, or with helpers that were asked, a sentence each.
        remedy: what to do about them.
    """

    def __init__(
        self, found: dict[str, Any], more: Mapping[str, Any], environment: Mapping[str, str]
    ) -> None:
        super().__init__(dict(found), dict(environment))
        self.troubles: list[str] = list(_unread())
        self.remedy = f"mend {_own_file() or 'the config.json of docker'} as the warning says"
        for registry, login in more.items():
            self["auths"].setdefault(registry, login)

    @property
    def is_empty(self) -> bool:
        """Never: the SDK would read its files again."""
        return False

    def _get_store_instance(self, name: str) -> Any:
        parent: Any = super()
        with warnings.catch_warnings():  # the SDK's word of a missing helper is none for users
            warnings.simplefilter("ignore")
            return parent._get_store_instance(name)  # noqa: SLF001

    def _resolve_authconfig_credstore(self, registry: str, credstore_name: str) -> Any:
        try:
            parent: Any = super()
            return parent._resolve_authconfig_credstore(registry, credstore_name)  # noqa: SLF001
        except _ODD as error:
            self._note(credstore_name, error)
            return None

    def get_all_credentials(self) -> dict[str, Any]:
        """Every login there is, for a build."""
        try:
            parent: Any = super()
            found: dict[str, Any] = parent.get_all_credentials()
        except _ODD as error:
            self._note(str(self.creds_store), error)
            found = dict(self.auths)
        return {registry: login for registry, login in found.items() if login}

    def _note(self, helper: str, error: Exception) -> None:
        name = f"docker-credential-{helper}"
        known = "not installed" if "not installed" in str(error) else "failed"
        hint = "" if known == "failed" else "; install it, or take it out of credsStore or credHelpers"
        said = clean(f"{name} {'is ' if known != 'failed' else ''}{known}: asked without a login{hint}")
        if said not in self.troubles:
            self.troubles.append(said)


def _own_file() -> Path | None:
    found = find_config_file()
    return Path(os.fsdecode(found)) if isinstance(found, str | bytes) else None


def _unread() -> Iterator[str]:
    """That docker's own file is there and is no JSON: the SDK takes it for an empty one."""
    path = _own_file()
    if path is None or path.name != "config.json":  # one of old is no JSON
        return
    try:
        sound = isinstance(json.loads(read_small(path) or b"{}"), dict)
    except (OSError, ValueError, RecursionError):
        sound = False
    if not sound:
        yield f"{path} is no JSON object: no login is taken from it"


def use_logins(client: APIClient, environment: Mapping[str, str]) -> Logins:
    """Have a client use what the Docker command's own file says, completed by Podman's.

    Args:
        client: has read that file; its own way ends in a traceback where a helper is missing.
        environment: what stands for `os.environ`.
    """
    untyped: Any = client
    found = Logins(dict(untyped._auth_configs), podman_logins(environment), environment)  # noqa: SLF001
    untyped._auth_configs = found  # noqa: SLF001 - nothing public sets it
    return found


def own_logins(environment: Mapping[str, str]) -> Logins:
    """The same logins where no engine is asked: the Docker command's own file, completed by Podman's."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            found = dict(load_config())
        except _ODD:  # what cannot be read holds none
            found = {}
    return Logins(found, podman_logins(environment), environment)


def podman_logins(environment: Mapping[str, str]) -> dict[str, Any]:
    """The logins of Podman's auth.json (containers-auth.json(5)); what cannot be read holds none."""
    merged: dict[str, Any] = {}
    for path in _files(environment):
        try:
            said = json.loads(read_small(path))["auths"]
            entries = dict(list(said.items())[:_LARGEST])
            found = AuthConfig.parse_auth(entries)
        except (OSError, ValueError, RecursionError, LookupError, TypeError, AttributeError):
            continue
        merged = {**found, **merged}
    return merged


def _files(environment: Mapping[str, str]) -> Iterator[Path]:
    if named := environment.get("REGISTRY_AUTH_FILE"):
        yield Path(named)
        return
    runtime = environment.get("XDG_RUNTIME_DIR") or f"/run/user/{os.getuid()}"
    yield Path(runtime) / "containers" / "auth.json"
    if os.getuid() == 0:
        yield Path("/run/containers/0/auth.json")
    own = environment.get("XDG_CONFIG_HOME")
    folder = Path(own) if own else Path(environment.get("HOME") or Path.home()) / ".config"
    yield folder / "containers" / "auth.json"
