"""Guess what a resolution will choose, and fetch it, before the resolver asks.

A resolver walks from package to package, one answer after the other; on a target with an old Python,
whose newest releases no longer fit, nearly every step waits for the index. This walks the same graph
with many threads at once, takes the newest release of everything that fits, and downloads its wheel
into the store. The versions go to uv as preferences: uv still decides, and what it decides is fetched
already. A wrong guess costs a download and changes nothing.

Job:
    {"store", "audits": folder of judgements, "index_url": address, "requirements": [text],
     "constraints": [text], "tags": [wheel tags, best first], "markers": {...}, "threads": 16,
     "deadline": seconds, "indexes": several as in `routes` or an empty list,
     and the network's part as in `fetch`}
Result:
    {"metadata": {normalised name: {"version", and of the wheel's METADATA "requires": [Requires-Dist],
                                    "requires_python", "provides_extra": [name]}},
     "fetched_bytes": int,
     "troubles": [{"name", "url", "kind", "message"}] of pages that no honest index has,
     "source_only": [projects of which a newer version than the guessed one has no fitting wheel],
     "unhashed": [projects whose wheel has no SHA-256 on the index],
     "routes": as `routes` tells of several indexes, or null}
"""

import concurrent.futures
import http.client
import threading
from typing import TYPE_CHECKING, Dict, FrozenSet, List, Optional, Set, Tuple

from ...portable.wheel.wheelset import WheelFile
from ..events import Emit
from ..net import pages, simplepage
from ..net.reach import settings
from ..net.routes import Confused, Routes
from ..net.web import WebProblem, read_page
from ..store.digests import Wheel, scope_of
from ..store.store import Store
from ..wheels import metadata
from ..wheels.audit_pool import AuditPool
from ..wheels.requires import Requirement, parse_requirement
from .fetch import FetchRun

if TYPE_CHECKING:
    from ...wire.resolving import GuessJob, GuessResult, PageTrouble, WheelGuessed
    from ...wire.store import FetchLimits

_TROUBLE = (
    Confused,
    WebProblem,
    OSError,
    http.client.HTTPException,
    ValueError,
    KeyError,
    RecursionError,
)
_LARGE = 4 * 1024 * 1024
"""Bytes of a page from which on only one is read at a time: read, it takes many times its length."""
_HANDING_OUT = 30.0
"""Seconds in which all that is fetched must be in a judge's hands; the audit does what is left."""


def main(job: "GuessJob", emit: Emit) -> "GuessResult":
    """Guess and fetch; see the module's docstring."""
    crawl = _Crawl(job, emit)
    crawl.ask(job["requirements"])
    crawl.finish(job["deadline"])
    return {
        "metadata": crawl.metadata(),
        "fetched_bytes": crawl.run.counter.fetched,
        "troubles": crawl.troubles,
        "source_only": sorted(crawl.source_only),
        "unhashed": sorted(crawl.unhashed),
        "routes": crawl.routes.report() if crawl.routes else None,
    }


class _GuessedProject:
    """What is known of one project: the extras that somebody wants; of the wheel that was taken, the rest."""

    def __init__(self) -> None:
        self.extras: Set[str] = set()
        self.metadata: "Optional[WheelGuessed]" = None
        self.requires: Optional[List[Requirement]] = None


class _Crawl:
    """The walk: each project is visited once, by whichever thread is free."""

    def __init__(self, job: "GuessJob", emit: Emit) -> None:
        self._index = (job["index_url"] or "").rstrip("/") + "/"
        self._markers = job["markers"]
        self._constraints = _specifiers(job["constraints"])
        self._chooser = simplepage.Chooser(job["tags"], job["markers"]["python_full_version"])
        self._projects: Dict[str, _GuessedProject] = {}
        self._audits = AuditPool(job["audits"])  # before there are threads
        self._scope = scope_of(job)
        self._lock = threading.Lock()
        self._one_large = threading.Lock()
        self.troubles: List["PageTrouble"] = []
        self._own: Set[str] = set()
        self._open = 0
        self._done = threading.Condition(self._lock)
        self._pool = concurrent.futures.ThreadPoolExecutor(job["threads"])
        self._store = Store(job["store"])
        self._how = settings(job)
        self.run = FetchRun(self._store, self._how, _limits(job), [], emit)
        self.routes = Routes(job) if job.get("indexes") else None
        self.unhashed: Set[str] = set()
        self.source_only: Set[str] = set()

    def ask(self, lines: List[str]) -> None:
        """The user requires these, those whose markers hold."""
        parsed = filter(None, map(parse_requirement, lines))
        asked = [each for each in parsed if each.holds(self._markers, frozenset())]
        self._own.update(each.name for each in asked)
        for requirement in asked:
            self._visit_once(requirement)

    def finish(self, deadline: float) -> None:
        """Wait until nothing is left to visit, or the time is over."""
        with self._lock:
            # A visit begins those that it leads to before it ends: with none open there will be no more.
            self._done.wait_for(lambda: not self._open, deadline)
        self.run.stop()
        if self.routes is not None:
            self.routes.close()
        self._pool.shutdown()
        self.run.close()
        self._audits.close(_HANDING_OUT)

    def metadata(self) -> Dict[str, "WheelGuessed"]:
        """What the wheels that were taken say of themselves, by project."""
        found = ((name, project.metadata) for name, project in self._projects.items())
        return {name: said for name, said in found if said is not None}

    def _visit_once(self, requirement: Requirement) -> None:
        with self._lock:
            project = self._projects.get(requirement.name)
            first = project is None
            project = self._projects.setdefault(requirement.name, _GuessedProject())
            fresh = requirement.extras - project.extras
            project.extras |= requirement.extras
            known = project.requires
            future = self._pool.submit(self._visit, project, requirement) if first else None
            self._open += first
        if future is not None:
            # Not under the lock: for a visit that is over already it is called here and now.
            future.add_done_callback(self._close)
        if known is not None and fresh:
            self._follow(known, frozenset(fresh))

    def _close(self, _visited: "concurrent.futures.Future[None]") -> None:
        with self._lock:
            self._open -= 1
            self._done.notify_all()

    def _visit(self, project: _GuessedProject, requirement: Requirement) -> None:
        try:
            limited = requirement._replace(
                specifier=requirement.specifier + "," + self._constraints.get(requirement.name, "")
            )
            release = self._release(limited)
            if release is None:
                return
            if not release.sha256:
                self.unhashed.add(requirement.name)
            said = self._metadata(requirement.name, release)
        except _TROUBLE:
            return  # uv will ask again and say what is wrong
        parsed = map(parse_requirement, said["requires"])
        requires = [each for each in parsed if each is not None]
        with self._lock:
            project.metadata, project.requires = said, requires
            extras = frozenset(project.extras)
        self._follow(requires, extras | {""})

    def _follow(self, requires: List[Requirement], extras: FrozenSet[str]) -> None:
        for requirement in requires:
            if requirement.holds(self._markers, extras):
                self._visit_once(requirement)

    def _release(self, requirement: Requirement) -> Optional[simplepage.Release]:
        """The release of a project's page that is likely chosen."""
        address, content_type, body = self._page(requirement.name)
        if len(body) < _LARGE:
            return self._chosen(address, simplepage.links(content_type, body), requirement)
        with self._one_large:
            return self._chosen(address, simplepage.links(content_type, body), requirement)

    def _chosen(
        self, address: str, found: List[simplepage.Link], requirement: Requirement
    ) -> Optional[simplepage.Release]:
        chosen = self._chooser.choose(address, found, requirement)
        if self._chooser.is_passed_over(address, found, requirement, chosen):
            self.source_only.add(requirement.name)
        return chosen

    def _page(self, name: str) -> Tuple[str, str, bytes]:
        """A project's page: its address, its type, its bytes."""
        if self.routes is not None:
            page = self.routes.page(name)
            return page.address, page.content_type, page.body
        address = f"{self._index}{name}/"
        browser = self.run.browser()
        try:
            answer = browser.get(address, {"Accept": simplepage.ACCEPT}, most=pages.MOST)
            return address, answer.getheader("Content-Type") or "", read_page(answer, pages.MOST)
        except WebProblem as problem:
            browser.forget()
            if problem.kind == "size":
                self.troubles.append(
                    {"name": name, "url": address, "kind": problem.kind, "message": problem.message}
                )
            raise
        except (OSError, http.client.HTTPException):
            browser.forget()
            raise

    def _metadata(self, name: str, release: simplepage.Release) -> "WheelGuessed":
        """Bring the wheel into the store, judge it, and read what it says of itself."""
        if self.routes is not None:
            self._how.credentials.update(self.routes.logins(name, release.url))
        wheel = Wheel(release.filename, release.url, release.sha256, release.size, scope=self._scope)
        outcome = self.run.one(wheel)
        if outcome.fetched is None:
            raise ValueError("it cannot be fetched")
        sha256 = outcome.fetched["sha256"]
        content = self._store.content(sha256)
        judged = WheelFile(content, release.filename, name, release.version, sha256)
        self._audits.begin(judged, own=name in self._own)
        return {**metadata.of_wheel(content), "version": release.version}


def _specifiers(lines: List[str]) -> Dict[str, str]:
    """Constraint lines as specifiers by name."""
    found: Dict[str, str] = {}
    for requirement in filter(None, map(parse_requirement, lines)):
        found[requirement.name] = found.get(requirement.name, "") + "," + requirement.specifier
    return found


def _limits(job: "GuessJob") -> "FetchLimits":
    return {"attempts": 4, "stall": None, "deadline": job["deadline"]}
