"""What a read-only package index answers to a request; no socket, no clock. Python 3.6 and later.

Every address is looked up in a table that was made at the start: no path of a request ever reaches the
file system. RFC 9110 for conditions and ranges, PEP 691 for negotiation.
"""

import hashlib
import re
from typing import Callable, Dict, List, NamedTuple, Optional, Sequence, Tuple, Union
from urllib.parse import quote, unquote

from ...portable.names import normalize_name
from . import pages as index
from .catalogue import Catalogue
from .pages import HTML_TYPE, JSON_TYPE, PLAIN_TYPE

Header = Callable[[str], str]
"""Gives a request header's value, several joined by commas, empty where there is none."""
Headers = Tuple[Tuple[str, str], ...]

OFFERED = (JSON_TYPE, HTML_TYPE, PLAIN_TYPE)
_LATEST = {kind.replace(".v1+", ".latest+"): kind for kind in (JSON_TYPE, HTML_TYPE)}
_HOST = re.compile(r"[A-Za-z0-9._-]{1,255}(?::[0-9]{1,5})?|\[[0-9A-Fa-f:.]{2,45}\](?::[0-9]{1,5})?")
_RANGE = re.compile(r"bytes=([0-9]{0,18})-([0-9]{0,18})")
_QUALITY = re.compile(r"(?:0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?)")
_MAX_ACCEPT = 4096
_SAFE = (("X-Content-Type-Options", "nosniff"),)
# The page for people shows texts of packages: even if an escape were forgotten, no script runs.
_FRAME = (*_SAFE, ("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'"))


class Region(NamedTuple):
    """Bytes of an open file: its descriptor, first byte, count."""

    descriptor: int
    offset: int
    size: int


Body = Union[bytes, Region]


class Answer(NamedTuple):
    """A whole answer; a HEAD request gets all of it but the body."""

    status: int
    headers: Headers
    body: Body


class _Representation(NamedTuple):
    """A representation that exists: what it is, its strong tag, its bytes."""

    kind: str
    tag: str
    body: Body
    headers: Headers = _SAFE


class IndexSite:
    """The table of pages and files of a catalogue.

    Args:
        catalogue: what is offered.
        scheme: `http` or `https`, for the addresses shown to people.
    """

    def __init__(self, catalogue: Catalogue, scheme: str = "http") -> None:
        self.catalogue = catalogue
        self.scheme = scheme
        self.root = _page(index.root_html(catalogue.projects), index.root_json(catalogue.projects))
        self.projects = {
            name: _page(index.project_html(name, wheels), index.project_json(name, wheels))
            for name, wheels in catalogue.projects.items()
        }


def answer(site: IndexSite, method: str, target: str, header: Header) -> Answer:
    """Answer one request (RFC 9110): 200, 206, 301, 304, 404, 405, 406 or 416.

    Args:
        site: what is offered.
        method: as the client spelled it.
        target: the request target, still percent-encoded; origin or absolute form (RFC 9112).
        header: gives the request's headers.

    Raises:
        BundleDamaged, BundleUnreadable: METADATA cannot be read from the bundle any more.
    """
    if method not in ("GET", "HEAD"):
        return _plain(405, "this index is read-only", (("Allow", "GET, HEAD"),))
    path, query = _split(target)
    found = _find(site, path, query, header)
    return found if isinstance(found, Answer) else _deliver(found, method, header)


def _split(target: str) -> Tuple[str, str]:
    # The absolute form, which a server must take although only proxies get it (RFC 9112, 3.2.2).
    if target[:8].lower().startswith(("http://", "https://")):
        target = "/" + target.split("://", 1)[1].partition("/")[2]
    path, _, query = target.partition("?")
    return unquote(path), query


def _find(site: IndexSite, path: str, query: str, header: Header) -> Union[_Representation, Answer]:
    if path == "/":
        return _human(site, header("Host"))
    if path in ("/simple", "/simple/"):
        return _listing(site.root, query, header("Accept")) if path[-1] == "/" else _moved("simple/", query)
    top, _, rest = path[1:].partition("/")
    if top == "simple":
        return _project(site, rest, query, header("Accept"))
    if top == "files":
        return _file(site, rest)
    return _plain(404, "there is nothing at this address")


def _human(site: IndexSite, host: str) -> _Representation:
    # The header is the client's own word, and is shown to it in a page.
    place = host if _HOST.fullmatch(host) else "THIS-HOST"
    body = index.human_html(index.offered(site.catalogue), f"{site.scheme}://{place}/").encode("utf-8")
    return _Representation("text/html; charset=utf-8", _tag(body), body, _FRAME)


def _project(site: IndexSite, rest: str, query: str, accept: str) -> Union[_Representation, Answer]:
    """`NAME/`; any other spelling of the name, or no slash, is sent there."""
    name, slash, more = rest.partition("/")
    proper = normalize_name(name)
    pages = site.projects.get(proper)
    if pages is None or more:
        return _plain(404, "no bundle that is served here holds this project")
    if name != proper or not slash:
        # Relative: a proxy may show this index below a path that we do not know.
        return _moved(f"{'../' if slash else ''}{proper}/", query)
    return _listing(pages, query, accept)


def _file(site: IndexSite, name: str) -> Union[_Representation, Answer]:
    wheel = site.catalogue.wheels.get(name)
    if wheel is not None:
        region = Region(site.catalogue.descriptor(wheel), wheel.offset, wheel.size)
        return _Representation("application/octet-stream", f'"{wheel.sha256}"', region)
    stem, dot, ending = name.rpartition(".")
    wheel = site.catalogue.wheels.get(stem) if dot and ending == "metadata" else None
    if wheel is None:
        return _plain(404, "no bundle that is served here holds this file")
    return _Representation(
        "application/octet-stream", f'"{wheel.metadata_sha256}"', site.catalogue.metadata(wheel)
    )


def _page(html: str, document: str) -> Dict[str, _Representation]:
    found = {}
    for kind, text in ((JSON_TYPE, document), (HTML_TYPE, html), (PLAIN_TYPE, html)):
        body = text.encode("utf-8")
        shown = kind if kind == JSON_TYPE else f"{kind}; charset=utf-8"
        found[kind] = _Representation(shown, _tag(kind.encode() + body), body, (*_SAFE, ("Vary", "Accept")))
    return found


def _listing(pages: Dict[str, _Representation], query: str, accept: str) -> Union[_Representation, Answer]:
    kind = _asked_format(query) or choose(accept)
    if kind is None:
        return _plain(406, "this index offers: " + ", ".join(OFFERED), (("Vary", "Accept"),))
    return pages[kind]


def _asked_format(query: str) -> Optional[str]:
    """The format that the address itself asks for (PEP 691), None where it asks for none that we have."""
    for pair in query.split("&"):
        name, _, value = pair.partition("=")
        if name == "format":
            # In a query `+` stands for a space to some; the types have one in their names.
            kind = unquote(value.replace("+", "%2B"))
            kind = _LATEST.get(kind, kind)
            return kind if kind in OFFERED else None
    return None


def choose(accept: str) -> Optional[str]:
    """The content type that suits an Accept header best (RFC 9110, 12.5.1); None where none does.

    Between equals, what the client named beats what a wildcard let through, and JSON beats HTML;
    a wildcard alone gets `text/html`, which every old client reads.
    """
    asked = _asked(accept[:_MAX_ACCEPT]) or {"*/*": 1.0}
    best: Tuple[float, int, int] = (0.0, 0, 0)
    chosen = None
    for place, kind in enumerate(OFFERED):
        for depth, pattern in enumerate((kind, kind.split("/")[0] + "/*", "*/*")):
            if pattern in asked:
                # Quality first; then how exactly it was named; then our order, turned round for wildcards.
                rank = (asked[pattern], -depth, place if depth else -place)
                if asked[pattern] and (chosen is None or rank > best):
                    best, chosen = rank, kind
                break
    return chosen


def _asked(accept: str) -> Dict[str, float]:
    found = {}
    for part in accept.split(","):
        kind, *parameters = [piece.strip().lower() for piece in part.split(";")]
        quality = next((one[2:].strip() for one in parameters if one.startswith("q=")), "1")
        if kind and _QUALITY.fullmatch(quality):
            found[_LATEST.get(kind, kind)] = float(quality)
    return found


# --- conditions and ranges --------------------------------------------------------------------------------


def _deliver(found: _Representation, method: str, header: Header) -> Answer:
    size = _size(found.body)
    headers: List[Tuple[str, str]] = [
        ("Content-Type", found.kind),
        ("ETag", found.tag),
        # Ask again each time: another bundle may hold other bytes at the same address tomorrow.
        ("Cache-Control", "no-cache"),
        ("Accept-Ranges", "bytes"),
        *found.headers,
    ]
    if _matches(header("If-None-Match"), found.tag):
        # All but Content-Type (RFC 9110, 15.4.5).
        return Answer(304, tuple(headers[1:]), b"")
    wanted = _wanted(method, header, found.tag, size)
    if wanted is None:
        return Answer(200, tuple(headers), found.body)
    start, count = wanted
    if not count:
        return _plain(416, "the range lies outside the file", (("Content-Range", f"bytes */{size}"),))
    headers.append(("Content-Range", f"bytes {start}-{start + count - 1}/{size}"))
    return Answer(206, tuple(headers), _part(found.body, start, count))


def _wanted(method: str, header: Header, tag: str, size: int) -> Optional[Tuple[int, int]]:
    """First byte and count that a request asks for; None for all, a count of 0 for a range outside.

    Several ranges, other units and malformed ones get the whole, as RFC 9110 (14.2) allows.
    """
    match = _RANGE.fullmatch(header("Range").strip().lower()) if method == "GET" else None
    # If-Range with another tag: the client has the beginning of other bytes, and gets the whole.
    if match is None or match.group(0) == "bytes=-" or header("If-Range") not in ("", tag):
        return None
    first, last = match.groups()
    if not first:
        count = min(int(last), size)
        return size - count, count
    end = min(int(last), size - 1) if last else size - 1
    if last and int(last) < int(first):
        return None
    return int(first), max(0, end - int(first) + 1)


def _matches(wanted: str, tag: str) -> bool:
    # `W/` is dropped: for GET a weak comparison is asked for (RFC 9110, 13.1.2).
    tags = [one.strip() for one in wanted.split(",")]
    return any(one == "*" or (one[2:] if one.startswith("W/") else one) == tag for one in tags if one)


def _part(body: Body, start: int, count: int) -> Body:
    if isinstance(body, Region):
        return Region(body.descriptor, body.offset + start, count)
    return body[start : start + count]


def _size(body: Body) -> int:
    return body.size if isinstance(body, Region) else len(body)


def _tag(data: bytes) -> str:
    return f'"{hashlib.sha256(data).hexdigest()}"'


def _moved(relative: str, query: str) -> Answer:
    kind = _asked_format(query)
    address = relative + (f"?format={quote(kind, safe='/.')}" if kind else "")
    return _plain(301, "moved", (("Location", address),))


def _plain(status: int, text: str, headers: Sequence[Tuple[str, str]] = ()) -> Answer:
    kind = ("Content-Type", "text/plain; charset=utf-8")
    return Answer(status, (kind, *_SAFE, *headers), text.encode("utf-8") + b"\n")
