"""Who uploads: environment, .pypirc, netrc, keyring, in that order; never the command line."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from parity.errors import AddressUnusable
from parity.model.network import Login

_VARIABLES = ("PARITY_PUBLISH", "TWINE")
_TOKEN_USER = "__token__"  # noqa: S105 - what indexes call the user of an API token


AsksKeyring = Callable[[Iterable[str], "str | None"], "tuple[Login | None, str]"]
"""Services and a user to the login that a keyring has, and a warning (see `parity.host.keyring`)."""


@dataclass(frozen=True)
class Credentials:
    """A login and where it was found; `warnings` tell what could not be asked."""

    login: Login | None = field(default=None, repr=False)
    source: str = "nobody"
    warnings: tuple[str, ...] = ()


def find_credentials(
    url: str,
    environ: Mapping[str, str],
    netrc: Mapping[str, Login],
    section: Mapping[str, str | None],
    ask_keyring: AsksKeyring,
) -> Credentials:
    """Find who uploads to an address.

    Args:
        url: the upload address.
        environ: this process's environment.
        netrc: logins by host name.
        section: the repository's part of .pypirc (see `pypirc`), empty where none was named.
        ask_keyring: this machine's keyring.

    Returns:
        a login with its source; without one `login` is None. A token's user is `__token__`.
    """
    # Ours before twine's: whoever publishes elsewhere with twine may give other logins here.
    named: list[tuple[str, str | None, str | None]] = [
        (f"{stem}_USERNAME", environ.get(f"{stem}_USERNAME"), environ.get(f"{stem}_PASSWORD"))
        for stem in _VARIABLES
    ]
    named.append((".pypirc", section.get("username"), section.get("password")))
    named.append(("netrc", *netrc.get(urlsplit(url).hostname or "", (None, None))))
    for source, user, password in named:
        # A user alone is no login; he goes on to the keyring, which is asked by user.
        if password:
            return Credentials((user or _TOKEN_USER, password), source)
    user = next((user for _, user, _ in named if user), None)
    login, warning = ask_keyring((url,), user)
    if login is None:
        return Credentials(warnings=(warning,) if warning else ())
    return Credentials((login[0] or _TOKEN_USER, login[1]), "keyring")


def pypirc(path: str, repository: str) -> dict[str, str | None]:
    """A repository's section of a .pypirc file: `repository`, `username`, `password`, `ca_cert`.

    Raises:
        AddressUnusable: the file cannot be read or has no such section.
    """
    from twine import exceptions, utils  # noqa: PLC0415 - slow to load, and every command would wait for it

    try:
        found = utils.get_repository_from_config(path, repository)
    except (exceptions.TwineException, OSError, UnicodeError) as error:
        raise AddressUnusable(
            f"{path} has no usable section {repository!r}",
            where=path,
            remedy="give the address itself with --to, or add the section",
        ) from error
    return {key: value for key, value in found.items() if isinstance(value, str)}
