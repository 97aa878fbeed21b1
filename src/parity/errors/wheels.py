"""The lock and the wheels (exit codes 40 to 50, 54, 57 and 58)."""

from __future__ import annotations

from typing import NamedTuple

from parity.errors.base import ParityError


class Unresolvable(ParityError):
    """The requirements contradict each other on this target."""

    exit_code = 40
    default_remedy = "loosen one of the requirements named above"


class NoWheel(ParityError):
    """A package has no wheel that fits the target."""

    exit_code = 41
    default_remedy = "pin a version that has a fitting wheel, or provide a wheel on your own index"


class IndexFailed(ParityError):
    """The package index did not answer, or not sensibly."""

    exit_code = 42
    default_remedy = "check the index address, its credentials and proxies; `parity doctor` shows them"


REACH_REMEDIES = {
    "dns": "check the index address and the name server; set HTTPS_PROXY where a proxy is needed",
    "tls": "name your network's CA bundle in PIP_CERT, which goes before pip's `cert` setting, "
    "REQUESTS_CA_BUNDLE, CURL_CA_BUNDLE and SSL_CERT_FILE",
    "proxy": "check HTTP_PROXY, HTTPS_PROXY and NO_PROXY",
}
"""What to do where an index is not reached, whoever asks it, by why it is not."""


class LockOutdated(ParityError):
    """`--locked` was asked, but the lock no longer satisfies the profile (or is not there)."""

    exit_code = 43
    default_remedy = "build without --locked to bring the lock up to date, then commit it"


class LockInvalid(ParityError):
    """The lock file cannot be read as PEP 751 or names what a bundle cannot hold."""

    exit_code = 44
    default_remedy = "mend what is named above, or let the tool that wrote it write it anew"


class FetchFailed(ParityError):
    """A locked wheel could not be downloaded."""

    exit_code = 45
    default_remedy = "run the build again: what was fetched is kept, the rest is resumed"


class HashMismatch(ParityError):
    """Bytes that are not those the lock names."""

    exit_code = 46
    default_remedy = "the index serves other bytes than were locked: find out why before you go on"


class ToolUnavailable(ParityError):
    """The pinned uv for the target's architecture could not be had."""

    exit_code = 47
    default_remedy = "make sure the index offers the uv wheel named above, or carry it into the cache"


class SourceUnavailable(ParityError):
    """A git repository, source archive or folder that a project names could not be had."""

    exit_code = 48
    default_remedy = "see that this machine reaches it (git uses your own credentials), then build again"


class Missing(NamedTuple):
    """What a build lacks: a `program`, `header`, `pkg-config` file or `library`, and its name."""

    kind: str
    name: str


class BuildFailed(ParityError):
    """A source did not become a wheel; says which and the end of what its build said.

    `missing` is what its output says that it lacks of the distribution, `module` the Python module.
    """

    exit_code = 49
    default_remedy = "mend the build as its output says; it runs in the target's image, without network"
    missing: tuple[Missing, ...] = ()
    module: str = ""


class HostileWheel(ParityError):
    """A wheel that no installer should touch."""

    exit_code = 50
    default_remedy = "leave the package out, pin another version, or allow the finding by name in the profile"


class IndexConfusion(ParityError):
    """Two indexes offer a package of the same name, and the profile does not say which one counts."""

    exit_code = 54
    default_remedy = "bind the package to the index that it may come from, under `indexes` in the profile"


class HeldBack(ParityError):
    """A package is older than it would be with sources, and `held-back: error` stops the build there."""

    exit_code = 58
    default_remedy = (
        "`build-from-source: auto` under `install` takes the newer ones; or pin what is named above"
    )


class HostileSource(ParityError):
    """A repository, source archive or requirement that reaches for what is not its own."""

    exit_code = 57
    default_remedy = "depend on another version, or on a wheel of it, and tell its authors; it was not used"
