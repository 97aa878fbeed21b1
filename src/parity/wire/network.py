"""How a guest reaches indexes, and what it tells of several of them (see `parity.guest.net`)."""

from __future__ import annotations

from typing import TypedDict


class IndexSaid(TypedDict):
    """An index: what is bound to it (names, or beginnings with `*`), and logins by origin.

    `flat` says that its address is one page of links for all projects.
    """

    name: str
    url: str
    packages: list[str]
    flat: bool
    credentials: dict[str, list[str]]


class _Timed(TypedDict, total=False):
    timeout: float


class Reach(_Timed):
    """The network's part of a job.

    Keys:
        index_url: the default index, without credentials.
        indexes: several, the default one first; empty for the one at `index_url`.
        proxies: `http`, `https`, `no`.
        ca, client_certificate: PEM.
        credentials: user and password, by origin or address.
        timeout: seconds of silence.
    """

    index_url: str | None
    indexes: list[IndexSaid]
    proxies: dict[str, str]
    ca: str | None
    client_certificate: str | None
    credentials: dict[str, list[str]]


class IndexTrouble(TypedDict):
    """What an index did wrong; for `kind` see `parity.guest.net.web`, and `page`."""

    index: str
    url: str
    kind: str
    message: str


class RoutesSaid(TypedDict):
    """Which project came from which of several indexes.

    Keys:
        names: project → index.
        confused: project → the indexes that have it.
        lacking: project → its index, which does not have it.
        unhashed: projects whose page has no hashes.
        mixed: project → a folder that has other files of it than the index.
    """

    names: dict[str, str]
    confused: dict[str, list[str]]
    lacking: dict[str, str]
    unhashed: list[str]
    mixed: dict[str, str]
    troubles: list[IndexTrouble]
