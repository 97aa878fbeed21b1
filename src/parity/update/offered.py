"""What an index's pages offer, asked over the network: PEP 503 and PEP 691, within bounds."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from http.client import HTTPException
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import unquote, urlsplit
from urllib.request import Request, urlopen

from parity.errors import IndexFailed
from parity.model.simplepage import page_links
from parity.portable.names import normalize_name
from parity.portable.plainfile import parse_json
from parity.portable.sha256 import is_sha256
from parity.portable.texts import printable
from parity.progress import Reporter

_LIMIT = 16 << 20
"""The largest page, in bytes."""
_PATIENCE = 60
_JSON = "application/vnd.pypi.simple.v1+json"
_ACCEPT = f"{_JSON}, application/vnd.pypi.simple.v1+html;q=0.2, text/html;q=0.1"
_NOT_FOUND = 404


def offered(address: str, wheels: Sequence[str], reporter: Reporter) -> set[str]:
    """The SHA-256 digests that the pages of these wheels' projects name.

    Args:
        address: of the index, with or without `/simple`.
        wheels: file names; nobody else's page is asked for.
        reporter: hears which host is asked.

    Raises:
        IndexFailed: it does not answer, or not sensibly.
    """
    try:
        said = urlsplit(address)
    except ValueError as error:
        raise IndexFailed("this is no address of an index", remedy="write it as http://HOST/") from error
    # A redirect would hand a password on to whoever it names.
    if said.username is not None or said.password is not None:
        raise IndexFailed(
            "an inventory is asked without a password",
            where=said.hostname or "",
            remedy="name the index's folder, or an address that asks for none",
        )
    reporter.stage("inventory", said.hostname or "")
    base = address.rstrip("/")
    base = base if base.endswith("/simple") else f"{base}/simple"
    # A wheel's name ends at its first dash (PEP 427); several wheels of a project share a page.
    projects = sorted({normalize_name(name.split("-")[0]) for name in wheels})
    return {digest for project in projects for digest in _digests(*_page(f"{base}/{project}/"))}


def _page(address: str) -> tuple[str, bytes]:
    """A page's type and bytes, none where there is none."""
    host = urlsplit(address).hostname or ""
    try:
        asked = Request(address, headers={"Accept": _ACCEPT})  # noqa: S310 - the caller saw that it is http
        with urlopen(asked, timeout=_PATIENCE) as answer:  # noqa: S310
            # One byte more than may be: so a page that was cut at the limit is not taken for a whole one.
            data: bytes = answer.read(_LIMIT + 1)
            kind: str = answer.headers.get_content_type()
    except HTTPError as error:
        # An index that never had this project says so; that is an answer.
        if error.code == _NOT_FOUND:
            return "", b""
        raise IndexFailed(f"the index answered {error.code}", where=host) from error
    except (URLError, OSError, ValueError, HTTPException) as error:
        reason = printable(str(getattr(error, "reason", "") or type(error).__name__))[:200]
        raise IndexFailed(f"the index cannot be asked: {reason}", where=host) from error
    if len(data) > _LIMIT:
        raise IndexFailed("a page of the index is too large", where=host)
    return kind, data


def _digests(kind: str, page: bytes) -> Iterator[str]:
    yield from _in_json(page) if kind == _JSON else _in_html(page)


def _in_json(page: bytes) -> Iterator[str]:
    try:
        document: Any = parse_json(page)
        digests = [each["hashes"].get("sha256") for each in document["files"]]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise IndexFailed("a page of the index is not what PEP 691 says") from error
    yield from (each for each in digests if isinstance(each, str) and is_sha256(each))


def _in_html(page: bytes) -> Iterator[str]:
    for _, each in page_links(page.decode("utf-8", "replace")):
        # A digest stands in the fragment; some indexes escape it.
        if found := re.search(r"[#&]sha256=([0-9a-f]{64})(?:&|$)", unquote(each)):
            yield found[1]
