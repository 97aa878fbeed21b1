"""This machine's keyring, where there is one."""

from __future__ import annotations

from collections.abc import Iterable

from parity.model.network import Login


def keyring_login(services: Iterable[str], user: str | None = None) -> tuple[Login | None, str]:
    """The login that the keyring has for the first service it knows; and a warning, or an empty text.

    Args:
        services: what it may be kept under, such as an address and then its host name.
        user: whose, None where anybody's will do; it is what a login without a user name gets.
    """
    try:
        import keyring  # noqa: PLC0415 - optional, and slow to load
        import keyring.errors  # noqa: PLC0415
    except ImportError:
        return None, ""
    try:
        for service in services:
            found = keyring.get_credential(service, user)
            if found is not None and found.password:
                return (found.username or user or "", found.password), ""
    except keyring.errors.NoKeyringError:
        return None, ""
    except Exception as error:  # noqa: BLE001 - a backend is a plug-in and may raise anything
        return None, f"the keyring cannot be asked ({type(error).__name__})"
    return None, ""
