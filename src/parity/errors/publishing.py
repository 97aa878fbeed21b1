"""Publishing, and registries as the road (exit codes 85 to 88, 94 and 95)."""

from __future__ import annotations

from parity.errors.base import ParityError


class AddressUnusable(ParityError):
    """An address that cannot be published to or configured."""

    exit_code = 85
    default_remedy = "give an http or https address without user name, query or fragment"


class OtherBytesThere(ParityError):
    """The index already has a file of that name with other bytes."""

    exit_code = 86
    default_remedy = "find out which of the two is right; parity replaces nothing on an index"


class PublishFailed(ParityError):
    """The index did not take a file; what it took before stays and is skipped the next time."""

    exit_code = 87
    default_remedy = "run the command again: what is there already is skipped"


class PublishDenied(ParityError):
    """The index wants other credentials, or these do not allow uploads."""

    exit_code = 88
    default_remedy = (
        "set PARITY_PUBLISH_USERNAME and PARITY_PUBLISH_PASSWORD, or use netrc, a keyring or .pypirc"
    )


class RegistryFailed(ParityError):
    """A container registry does not answer, lacks what was asked for, or says what cannot be."""

    exit_code = 94
    default_remedy = (
        "check the reference and the registry, and run the command again: what is there is skipped"
    )


class RegistryDenied(ParityError):
    """A container registry wants a login, or this one does not allow what was asked."""

    exit_code = 95
    default_remedy = "log in with `docker login HOST` or `podman login HOST`, and run the command again"
