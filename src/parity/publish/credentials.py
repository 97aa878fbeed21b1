"""Who uploads: environment, .pypirc, netrc, keyring, in that order; never the command line."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from twine import exceptions, utils

from parity.errors import AddressUnusable
from parity.model.network import Login

_VARIABLES = ("PARITY_PUBLISH", "TWINE")
_TOKEN_USER = "__token__"  # noqa: S105 - what indexes call the user of an API token


@dataclass(frozen=True)
class Credentials:
    """A login and where it was found; `warnings` tell what could not be asked."""

    login: Login | None = field(default=None, repr=False)
    source: str = "nobody"
    warnings: tuple[str, ...] = ()


def find_credentials(
    url: str, environ: Mapping[str, str], netrc: Mapping[str, Login], section: Mapping[str, str | None]
) -> Credentials:
    """Find who uploads to an address.

    Args:
        url: the upload address.
        environ: this process's environment.
        netrc: logins by host name.
        section: the repository's part of .pypirc (see `pypirc`), empty where none was named.
    """
    named: list[tuple[str, str | None, str | None]] = [
        (f"{stem}_USERNAME", environ.get(f"{stem}_USERNAME"), environ.get(f"{stem}_PASSWORD"))
        for stem in _VARIABLES
    ]
    named.append((".pypirc", section.get("username"), section.get("password")))
    named.append(("netrc", *netrc.get(urlsplit(url).hostname or "", (None, None))))
    for source, user, password in named:
        if password:
            return Credentials((user or _TOKEN_USER, password), source)
    user = next((user for _, user, _ in named if user), None)
    return _from_keyring(url, user)


def pypirc(path: str, repository: str) -> dict[str, str | None]:
    """A repository's section of a .pypirc file: `repository`, `username`, `password`, `ca_cert`.

    Raises:
        AddressUnusable: the file cannot be read or has no such section.
    """
    try:
        found = utils.get_repository_from_config(path, repository)
    except (exceptions.TwineException, OSError, UnicodeError) as error:
        raise AddressUnusable(
            f"{path} has no usable section {repository!r}",
            where=path,
            remedy="give the address itself with --to, or add the section",
        ) from error
    return {key: value for key, value in found.items() if isinstance(value, str)}


def _from_keyring(url: str, user: str | None) -> Credentials:
    """Ask this machine's keyring, where there is one."""
    try:
        import keyring  # noqa: PLC0415 - optional, and slow to load
        import keyring.errors  # noqa: PLC0415
    except ImportError:
        return Credentials()
    try:
        found = keyring.get_credential(url, user)
    except keyring.errors.NoKeyringError:
        return Credentials()
    except Exception as error:  # noqa: BLE001 - a backend is a plug-in and may raise anything
        return Credentials(warnings=(f"the keyring cannot be asked ({type(error).__name__})",))
    if found is None or not found.password:
        return Credentials()
    return Credentials((found.username or user or _TOKEN_USER, found.password), "keyring")
