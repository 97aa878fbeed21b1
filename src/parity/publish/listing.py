"""What an index says that it has: a project's page, HTML or JSON, as file names with digests.

PEP 503 and PEP 691. The page comes from a server that may be anything: whatever is malformed is left
out, and nothing in it is followed but the address of a file that we ask about.
"""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import dataclass
from urllib.parse import unquote, urldefrag, urljoin, urlsplit

from parity.model.simplepage import page_links

ACCEPT = "application/vnd.pypi.simple.v1+json, application/vnd.pypi.simple.v1+html;q=0.5, text/html;q=0.2"


@dataclass(frozen=True)
class Listed:
    """A file on an index: its address without fragment, and its SHA-256 (None where the page is silent)."""

    url: str
    sha256: str | None


def parse_page(body: bytes, content_type: str, base: str) -> dict[str, Listed]:
    """The files of a project's page by name.

    Args:
        body: the page.
        content_type: as the server says.
        base: the page's own address.

    Returns:
        file name → address and SHA-256; empty for what is no page (PEP 503, PEP 691).
    """
    text = body.decode("utf-8", "replace")
    kind = content_type.partition(";")[0].strip().lower()
    return _from_json(text, base) if kind.endswith("json") else _from_html(text, base)


def _from_json(text: str, base: str) -> dict[str, Listed]:
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    files = document.get("files") if isinstance(document, dict) else None
    found = {}
    for entry in files if isinstance(files, list) else ():
        if isinstance(entry, dict) and isinstance(entry.get("filename"), str):
            hashes = entry.get("hashes")
            sha256 = hashes.get("sha256") if isinstance(hashes, dict) else None
            with suppress(ValueError):  # no address
                found[entry["filename"]] = _listed(str(entry.get("url", "")), base, sha256)
    return found


def _from_html(text: str, base: str) -> dict[str, Listed]:
    found = {}
    for tag, href in page_links(text):
        try:
            address, fragment = urldefrag(href)
            path = urlsplit(address).path
        except ValueError:
            continue
        if tag == "base":
            base = urljoin(base, href)
            continue
        name = unquote(path.rpartition("/")[2])
        sha256 = fragment.removeprefix("sha256=") if fragment.startswith("sha256=") else None
        if name:
            found[name] = _listed(address, base, sha256)
    return found


def _listed(address: str, base: str, sha256: object) -> Listed:
    known = sha256.lower() if isinstance(sha256, str) else None
    return Listed(urldefrag(urljoin(base, address))[0], known)
