"""Several indexes as one: a simple index on the loopback interface for a resolver that knows but one.

The resolver gets each project's page from the index that it belongs to (see `routes`). Files pass
through here too, so that the resolver needs no credentials, no certificates and no proxy: it gets none.

    /<settings>/simple/<project>/                       the page, as JSON (PEP 691)
    /<settings>/file/<index>/<address>/<file name>      a file; its address in URL-safe base64
    /<settings>/source/<index>/<address>/<file name>    what a source distribution requires, see `offers`

`<settings>` is a digest of indexes and bindings: the resolver keeps what it has read by address, and
what it read under other settings must not count.
"""

import base64
import contextlib
import hashlib
import http.client
import http.server
import json
import re
import socketserver
import threading
import urllib.parse
from typing import TYPE_CHECKING, Collection, Dict, List, NamedTuple, Optional, Tuple

from . import offers, pages
from .pace import BoundedAnswer
from .routes import Confused, Index, Page, Routes
from .web import MOST, WebProblem

if TYPE_CHECKING:
    from ...wire.network import Reach

_PORT = 41739
"""Always the same where it is free, so that what the resolver keeps by address is found again."""

_FILE = re.compile(r"http://127\.0\.0\.1:\d+/[0-9a-f]{32}/file/[a-z0-9-]+/([\w=-]+)/[\w.~+!%-]*")
_OFFERED = re.compile(r"http://127\.0\.0\.1:\d+/[0-9a-f]{32}/source/[a-z0-9-]+/([\w=-]+)/[\w.~+!%-]*")
_METADATA = 16 * 1024 * 1024
"""Bytes of a wheel's metadata (PEP 658)."""
_PAGE = re.compile(r"http://127\.0\.0\.1:\d+/[0-9a-f]{32}/simple/?([a-z0-9-]*)/?")
_CHUNK = 256 * 1024
_LARGE = 4 * 1024 * 1024
"""Bytes of a page from which on only one is read at a time: read, it takes many times its length."""
_ASKED = ("Range", "If-Range", "If-None-Match", "If-Modified-Since")
# What a resolver's cache needs. Cookies, Location and the like stay here.
_TOLD = (
    "Content-Type", "Content-Range", "Accept-Ranges", "ETag", "Last-Modified", "Cache-Control",
)  # fmt: skip
_QUIET = ("http-304", "http-404", "http-405", "http-410", "http-416", "http-501")
"""What an index may answer for a file without being wrong: the resolver then asks in another way."""


class Offering(NamedTuple):
    """What pages offer besides wheels that fit (`offers.SOURCES`, `offers.ALL`, or empty for nothing).

    The pages of the projects in `untouched` stay as they are.
    """

    what: str = ""
    target: offers.Fitting = offers.Fitting()
    untouched: Collection[str] = ()


NOTHING_OFFERED = Offering()


class Router:
    """Serves while its `with` block runs; `url` is the index's address."""

    def __init__(self, job: "Reach", offering: Offering = NOTHING_OFFERED) -> None:
        self.routes = Routes(job)
        self._offering = offering
        self._one_large = threading.Lock()
        self._by_name = {index.name: index for index in self.routes.indexes}
        handler = type("Handler", (_RouterHandler,), {"router": self})
        try:
            self._server = _Server(("127.0.0.1", _PORT), handler)
        except OSError:  # another resolution in the same container has it
            self._server = _Server(("127.0.0.1", 0), handler)
        # 0.05 s between looks at whether to stop; the default of 0.5 s would be waited for at the end of each
        # run.
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self.root = "http://127.0.0.1:%d/%s/" % (self._server.server_address[1], _settings(job, offering))
        self.url = self.root + "simple/"

    def __enter__(self) -> "Router":  # noqa: PYI034 - typing.Self is younger
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
        self.routes.close()

    def real(self, text: str) -> str:
        """A text with the indexes' own addresses in the place of those that lead here."""
        text = _FILE.sub(lambda match: _decoded(match.group(1)), text)
        return self._real_pages(text)

    @staticmethod
    def offered(lock: str) -> Dict[str, str]:
        """The addresses in a lock of what was offered besides fitting wheels, and the real ones."""
        return {match.group(0): _decoded(match.group(1)) for match in _OFFERED.finditer(lock)}

    def told(self, text: str) -> str:
        """The same as `real` for what the resolver says: without addresses that are made up."""
        return self.real(_OFFERED.sub(lambda match: _decoded(match.group(1)), text))

    def _real_pages(self, text: str) -> str:
        return _PAGE.sub(lambda match: self._real_page(match.group(1)), text)

    def page(self, project: str) -> bytes:
        """A project's page with addresses that lead here; errors as `Routes.page`."""
        page = self.routes.page(project)
        try:
            if len(page.body) < _LARGE:
                return self._rewritten(project, page)
            with self._one_large:
                return self._rewritten(project, page)
        except ValueError as error:
            message = f"it does not answer like a package index: {error}"
            self.routes.trouble(page.source.name, page.address, "page", message)
            raise WebProblem("page", message) from error

    def _rewritten(self, project: str, page: Page) -> bytes:
        found = pages.files(page.address, page.content_type, page.body)
        offered: List[pages.File] = []
        if self._offering.what and project not in self._offering.untouched:
            everything = self._offering.what == offers.ALL
            found, others = offers.offers(project, found, self._offering.target, everything)
            offered = [
                {**offer.said(), "url": self._here(page, offer.file, "source", offer.filename)}
                for offer in others
            ]
        for file in found:
            file["url"] = self._here(page, file)
        return pages.document(project, [*found, *offered])

    def index(self, name: str) -> Optional[Index]:
        """An index by its name."""
        return self._by_name.get(name)

    def _real_page(self, project: str) -> str:
        name = self.routes.report()["names"].get(project, self.routes.indexes[0].name)
        index = self._by_name[name]
        return index.page_of(project) if project else index.url

    def _here(self, page: Page, file: pages.File, kind: str = "file", filename: str = "") -> str:
        name = urllib.parse.quote(urllib.parse.unquote(filename or str(file["filename"])), safe="+!")
        return "%s%s/%s/%s/%s" % (self.root, kind, page.source.name, _encoded(str(file["url"])), name)


class _Server(socketserver.ThreadingMixIn, http.server.HTTPServer):
    daemon_threads = True
    # socketserver's own is 5, and a resolver opens dozens of connections at once.
    request_queue_size = 128

    def handle_error(self, request: object, client_address: object) -> None:
        """The resolver may go away at any time."""


class _RouterHandler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # Small answers at once, head and body in one write: without the two each page waits for a delayed ACK.
    disable_nagle_algorithm = True
    wbufsize = -1
    router: Router

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class calls it so
        """Say nothing: addresses may hold secrets."""

    def do_GET(self) -> None:
        """Answer a page or a file."""
        kind, _, rest = urllib.parse.urlsplit(self.path).path[1:].partition("/")[2].partition("/")
        if kind == "simple":
            self._page(urllib.parse.unquote(rest.strip("/")))
        elif kind in ("file", "source") and rest.count("/") == 2:  # noqa: PLR2004 - index, address, name
            index, address, filename = rest.split("/")
            if kind == "source":
                self._source(index, _decoded(address), urllib.parse.unquote(filename))
            else:
                self._file(index, _decoded(address), metadata=filename.endswith(".metadata"))
        else:
            self._answer(404)

    def do_HEAD(self) -> None:
        """Answer without a body."""
        self.do_GET()

    def _page(self, project: str) -> None:
        try:
            body = self.router.page(project)
        except Confused:
            self._answer(409)
        except WebProblem as problem:
            self._answer(_status(problem))
        else:
            # It must be asked again in the next run: what is on which index may have changed.
            self._answer(200, body, [("Content-Type", pages.JSON_TYPE), ("Cache-Control", "no-store")])

    def _file(self, name: str, url: str, *, metadata: bool) -> None:
        index = self.router.index(name)
        if index is None:
            return self._answer(404)
        if metadata:
            parts = urllib.parse.urlsplit(url)
            url = urllib.parse.urlunsplit(parts._replace(path=parts.path + ".metadata"))
        asked = {key: self.headers[key] for key in _ASKED if key in self.headers}
        begun = False
        try:
            with index.browsers.one() as browser:
                most = _METADATA if metadata else MOST
                answer = browser.get(url, asked, method=self.command, most=most)
                begun = True
                self._relay(answer)
        except WebProblem as problem:
            if problem.kind not in _QUIET:
                self.router.routes.trouble(name, url, problem.kind, problem.message)
            self._answer(_status(problem))
        except (OSError, http.client.HTTPException):
            if not begun:
                raise
            self.close_connection = True  # the resolver sees that it is cut, and asks again
        return None

    def _source(self, name: str, url: str, filename: str) -> None:
        """What a source distribution requires, as the metadata of the wheel that it is offered as.

        Of a wheel that does not fit it does not matter, and of what cannot be read it is not known yet.
        """
        index = self.router.index(name)
        if index is None or not filename.endswith(".whl.metadata"):
            return self._answer(404)
        begin = b""
        if not urllib.parse.urlsplit(url).path.endswith(".whl"):
            with contextlib.suppress(WebProblem, OSError, http.client.HTTPException):
                begin = _beginning(index, url)
        body = offers.metadata(filename, url, begin)
        return self._answer(200, body, [("Content-Type", "text/plain"), ("Cache-Control", "max-age=600")])

    def _relay(self, answer: BoundedAnswer) -> None:
        self.send_response(answer.status)
        for name in _TOLD:
            value = answer.getheader(name)
            if value is not None:
                self.send_header(name, value)
        length = answer.getheader("Content-Length")
        # HTTP/1.1 without a length: the end of the connection is the end of the file (RFC 9112, 6.3).
        if length is None:
            self.close_connection = True
            self.send_header("Connection", "close")
        else:
            self.send_header("Content-Length", length)
        self.end_headers()
        for piece in iter(lambda: answer.read(_CHUNK), b""):
            self.wfile.write(piece)
        if answer.length:
            raise ConnectionError("cut")

    def _answer(
        self, status: int, body: bytes = b"", headers: Optional[List[Tuple[str, str]]] = None
    ) -> None:
        self.send_response(status)
        for name, value in headers or ():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)


def _beginning(index: Index, url: str) -> bytes:
    """As much of a source distribution as is read; errors as those of a browser."""
    begin = b""
    with index.browsers.one() as browser:
        answer = browser.get(url)
        while len(begin) < offers.READ:
            piece = answer.read(_CHUNK)
            if not piece:
                return begin
            begin += piece
        # The rest is not wanted; reading it only to keep the connection would cost more than a new one.
        browser.forget()
    return begin


def _status(problem: WebProblem) -> int:
    """The status that tells the resolver whether to go on, to try again, or to stop.

    A login that an index does not take stops it: a resolver that took it for a missing project would
    go on to another version, or do without.
    """
    if problem.kind in _QUIET:
        return int(problem.kind[len("http-") :])
    # 401, 403 and 404 may be taken for "not there"; 424 has no such meaning, and is not tried again.
    return 502 if problem.again else 424


def _settings(job: "Reach", offering: Offering) -> str:
    said = [
        [each["name"], each["url"], each["packages"], *(["flat"] if each["flat"] else [])]
        for each in job["indexes"]
    ]  # type: List[object]
    if offering.what:
        target = offering.target
        said += [offering.what, sorted(target.tags), target.python, sorted(offering.untouched)]
    return hashlib.sha256(json.dumps(said).encode("utf-8")).hexdigest()[:32]


def _encoded(url: str) -> str:
    return base64.urlsafe_b64encode(url.encode("utf-8")).decode("ascii")


def _decoded(text: str) -> str:
    return base64.urlsafe_b64decode(text.encode("ascii")).decode("utf-8")
