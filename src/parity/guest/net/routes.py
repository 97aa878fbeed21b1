"""Which index a project comes from: the one it is bound to, or the only one that has it.

Two indexes that have a project of the same name are a confusion: nothing says which of them is meant,
and a resolver that searches both takes the higher version. A name that is bound is asked of its own
index alone; any other is asked of all of them at once.

A folder of wheels is no stranger: what it has of a project is offered together with what an index has,
as pip means it. Where the index has the very same files it is the same project; where not, it is told
(`mixed`), and whoever chooses a file of the index must not believe that it is.

The job's part:
    {"indexes": [{"name", "url", "packages": [names, or beginnings with `*`],
                  "flat": whether its address is one page of links for all projects,
                  "credentials": {"<origin>": [user, password]}}], the default one first,
     and the network's part as in `fetch`}
The result's part:
    {"names": {project: index}, "confused": {project: [indexes]}, "lacking": {project: its index},
     "unhashed": [projects whose page has no hashes],
     "mixed": {project: a folder whose files of it the index does not have as they are},
     "troubles": [{"index", "url", "kind", "message"}]}   kinds: see parity.guest.net.web, and `page`
"""

import concurrent.futures
import contextlib
import http.client
import threading
from functools import partial
from typing import TYPE_CHECKING, Dict, Iterator, List, NamedTuple, Optional

from ...portable.names import bound_to, normalize_name
from ...portable.wheelfolders import is_folder
from . import pages
from .flat import FlatPage, Links
from .pace import BoundedAnswer
from .reach import Settings, settings
from .simplepage import ACCEPT
from .web import Browser, WebProblem, origin_of, read_page

if TYPE_CHECKING:
    from ...wire.network import IndexSaid, IndexTrouble, Reach, RoutesSaid

AT_ONCE = 16
"""Requests at one time to one index: more are slower."""

_NOT_THERE = ("http-404", "http-410", "elsewhere")


class Confused(Exception):
    """More than one index has the project."""


class Index(NamedTuple):
    """An index: its name, its address with a slash at the end, and what is bound to it.

    A flat one has its one page at its address.
    """

    name: str
    url: str
    packages: List[str]
    browsers: "Browsers"
    flat: bool

    def page_of(self, project: str) -> str:
        """Where its page of a project is."""
        return self.url if self.flat else f"{self.url}{project}/"


class Page(NamedTuple):
    """A project's page: its index, where it was found, and what the index answered."""

    source: Index
    address: str
    content_type: str
    body: bytes


class Browsers:
    """Browsers of one index, lent to one thread each; so many that no index is overrun."""

    def __init__(self, how: Settings) -> None:
        self.how = how
        self._free: List[Browser] = []
        self._lent: List[Browser] = []
        self._over = False
        self._ending = threading.Lock()
        self._permits = threading.Semaphore(AT_ONCE)

    @contextlib.contextmanager
    def one(self) -> Iterator[Browser]:
        """A browser for the caller alone; it must have read its answers to their end, or failed."""
        with self._permits:
            browser = self._free.pop() if self._free else Browser(self.how)
            self._lent.append(browser)
            # `abort` may have gone through the list just before this one was in it.
            if self._over:
                browser.abort()
            try:
                yield browser
            except BaseException:
                browser.forget()
                raise
            finally:
                self._lent.remove(browser)
                self._back(browser)

    def _back(self, browser: Browser) -> None:
        """Keep it for the next caller, unless there is none: `close` may be through with the list."""
        with self._ending:
            kept = not self._over
            if kept:
                self._free.append(browser)
        if not kept:
            browser.forget()

    def abort(self) -> None:
        """End whatever is being asked."""
        with self._ending:
            self._over = True
        for browser in list(self._lent):
            browser.abort()

    def close(self) -> None:
        """Close the connections that are kept; after `abort`."""
        for browser in self._free:
            browser.forget()


def with_indexes(job: "Reach") -> "List[IndexSaid]":
    """The job's indexes; its one index as the first of several where it names no others."""
    if job.get("indexes"):
        return job["indexes"]
    url, logins = job["index_url"] or "", job.get("credentials") or {}
    return [{"name": "default", "url": url, "packages": [], "flat": False, "credentials": logins}]


class Routes:
    """Finds each project's one index; threads may ask at the same time, each page is fetched once."""

    def __init__(self, job: "Reach") -> None:
        self.indexes = [_index(each, job) for each in job["indexes"]]
        self._pool = concurrent.futures.ThreadPoolExecutor(AT_ONCE * len(self.indexes))
        self._lock = threading.Lock()
        self._pages: Dict[str, "concurrent.futures.Future[Page]"] = {}
        self._flat = {each.name: FlatPage(partial(self._links, each)) for each in self.indexes}
        self._confused: Dict[str, List[str]] = {}
        self._lacking: Dict[str, str] = {}
        self._mixed: Dict[str, str] = {}
        self._troubles: List["IndexTrouble"] = []

    def page(self, project: str) -> Page:
        """The page of a project on its index; raises Confused, or WebProblem (`http-404`: nobody has it)."""
        name = normalize_name(project)
        with self._lock:
            # Whoever comes first fetches, outside the lock; the others wait for its future.
            future = self._pages.get(name)
            first = future is None
            if future is None:
                future = self._pages[name] = concurrent.futures.Future()
        if first:
            self._fulfil(name, future)
        return future.result()

    def logins(self, project: str, url: str) -> Dict[str, List[str]]:
        """The login for a project's file, by its address; empty where it lies at another origin.

        By address, because other indexes with other logins may lie at the same origin.
        """
        login = self.page(project).source.browsers.how.credentials.get(str(origin_of(url)))
        return {url: login} if login else {}

    def close(self) -> None:
        """End all threads and connections, at once."""
        for index in self.indexes:
            index.browsers.abort()
        self._pool.shutdown()
        for index in self.indexes:
            index.browsers.close()

    def report(self) -> "RoutesSaid":
        """The result's part; see the module's docstring."""
        done = {name: future for name, future in self._pages.items() if future.done()}
        found = {name: future.result() for name, future in done.items() if future.exception() is None}
        return {
            "names": {name: page.source.name for name, page in found.items()},
            "unhashed": sorted(name for name, page in found.items() if b"sha256" not in page.body),
            "confused": self._confused,
            "mixed": self._mixed,
            "lacking": self._lacking,
            "troubles": self._troubles,
        }

    def trouble(self, index: str, url: str, kind: str, message: str) -> None:
        """Remember what an index did wrong: the resolver's own words will not tell which it was."""
        with self._lock:
            self._troubles.append({"index": index, "url": url, "kind": kind, "message": message})

    def _fulfil(self, name: str, future: "concurrent.futures.Future[Page]") -> None:
        try:
            future.set_result(self._find(name))
        except Exception as error:  # noqa: BLE001 - whoever waits for it gets it
            if isinstance(error, WebProblem) and error.again:
                with self._lock:
                    del self._pages[name]  # whoever asks again causes another try
            future.set_exception(error)

    def _find(self, name: str) -> Page:
        bound = bound_to(name, ((index.name, index.packages) for index in self.indexes))
        if bound is not None:
            page = next(self._ask(index, name) for index in self.indexes if index.name == bound)
            if page is None:
                self._lacking[name] = bound
        else:
            # All of them, even after one had it: who stops at the first never learns of a confusion.
            answers = self._pool.map(lambda index: self._ask(index, name), self.indexes)
            found = [answer for answer in answers if answer is not None]
            own = [each for each in found if is_folder(each.address)]
            theirs = [each for each in found if each not in own]
            if len(theirs) > 1:
                self._confused[name] = [each.source.name for each in found]
                raise Confused(name)
            page = self._together(name, own, theirs) if own else theirs[0] if theirs else None
        if page is None:
            raise WebProblem("http-404", "no index has it")
        return page

    def _together(self, name: str, own: List[Page], theirs: List[Page]) -> Page:
        """What folders have of a project, and an index if it has it; of one name a folder's file counts."""
        try:
            here = [(each.source.name, file) for each in own for file in _files(each)]
            there = [file for each in theirs for file in _files(each)]
        except ValueError:  # who reads that page says what is wrong with it
            return theirs[0]
        known = {str(file["filename"]): file.get("hashes") for file in there}
        for folder, file in here:
            if theirs and not _is_same(file.get("hashes"), known.get(str(file["filename"]))):
                self._mixed[name] = folder
        files = {str(file["filename"]): file for file in (*there, *(file for _, file in reversed(here)))}
        first = (theirs or own)[0]
        return first._replace(content_type=pages.JSON_TYPE, body=pages.document(name, list(files.values())))

    def _ask(self, index: Index, name: str) -> Optional[Page]:
        """The page of a project on one index, None where it is not there."""
        url = index.page_of(name)
        try:
            page = self._flat_page(index, name) if index.flat else self._get(index, url)
        except WebProblem as problem:
            if problem.kind in _NOT_THERE:
                return None
            self.trouble(index.name, url, problem.kind, problem.message)
            raise
        return None if page is None or pages.is_empty(page.body) else page

    def _flat_page(self, index: Index, name: str) -> Optional[Page]:
        try:
            found = self._flat[index.name].of(name)
            return Page(index, *found) if found else None
        except ValueError as error:
            raise WebProblem("page", f"it is no page of links: {error}") from error
        except WebProblem as problem:
            # That it is gone says nothing of any one project.
            if problem.kind in _NOT_THERE:
                raise WebProblem("page", "the page of links is not there") from problem
            raise

    def _links(self, index: Index) -> Links:
        return Links(*self._get(index, index.url)[1:])

    def _get(self, index: Index, url: str) -> Page:
        with index.browsers.one() as browser:
            # An index that points to another host for what it lacks does not have it.
            elsewhere = index is not self.indexes[0] and not index.flat
            answer = browser.get(url, {"Accept": ACCEPT}, stay=elsewhere, most=pages.MOST)
            return _read(index, browser.address, answer)


def _index(said: "IndexSaid", job: "Reach") -> Index:
    # Each index gets its own logins alone, although the job's others may be for the same origin.
    how = settings({**job, "credentials": said["credentials"]})
    flat = said["flat"]
    url = said["url"] if flat else said["url"].rstrip("/") + "/"
    return Index(said["name"], url, said["packages"], Browsers(how), flat)


def _files(page: Page) -> List[pages.File]:
    return pages.files(page.address, page.content_type, page.body)


def _is_same(one: object, other: object) -> bool:
    """Whether two files have the same SHA-256."""
    digest = one.get("sha256") if isinstance(one, dict) else None
    return bool(digest) and isinstance(other, dict) and other.get("sha256") == digest


def _read(index: Index, address: str, answer: BoundedAnswer) -> Page:
    try:
        body = read_page(answer, pages.MOST)
    except (OSError, http.client.HTTPException) as error:
        raise WebProblem("network", "the connection broke in the middle", again=True) from error
    kind = answer.getheader("Content-Type") or ""
    if not pages.is_known(kind):
        raise WebProblem("page", f"it does not answer like a package index, but with {kind or 'something'}")
    return Page(index, address, kind, body)
