"""What the index says of projects: of the files that are locked, and of the newest release that would fit.

Nothing is fetched but the projects' pages.

Job:
    {"projects": [{"name": normalised, "filename": of the wheel that is locked}],
     "tags": [wheel tags, best first], "python_version": in full, "deadline": seconds,
     and the network's part as in `routes`}
Result:
    {"projects": [{"name", "index": its name, or empty,
                   "listed": whether the page has the file, "yanked": bool, "reason": text, maybe empty,
                   "requires_python": specifier or empty, "size": bytes or null,
                   "newest": version of the newest release with a fitting wheel, or empty,
                   "source_only": whether a newer one has a source distribution alone,
                   "trouble": why nothing is known; empty where something is}]}
"""

import concurrent.futures
import http.client
import threading
from typing import TYPE_CHECKING, Optional

from ..events import Emit
from ..net import pages, simplepage
from ..net.routes import Confused, Page, Routes, with_indexes
from ..net.web import WebProblem
from ..wheels.requires import Requirement

if TYPE_CHECKING:
    from ...wire.resolving import CatalogueJob, CatalogueResult, ProjectListed, ProjectWanted

_LONGEST_REASON = 300


def main(job: "CatalogueJob", emit: Emit) -> "CatalogueResult":
    """Read the pages; see the module's docstring."""
    del emit
    asking = _Asking(job)
    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        futures = [pool.submit(asking.about, wanted) for wanted in job["projects"]]
        _, late = concurrent.futures.wait(futures, job["deadline"])
        for future in late:
            future.cancel()
        # Whoever still waits for an answer gets an error now.
        asking.routes.close()
    every = zip(job["projects"], futures)
    return {
        "projects": [
            _unknown(wanted["name"], "the index did not answer in time")
            if future.cancelled()
            else future.result()
            for wanted, future in every
        ]
    }


class _Asking:
    """What the threads share."""

    def __init__(self, job: "CatalogueJob") -> None:
        routed: "CatalogueJob" = {**job, "indexes": with_indexes(job)}
        self.routes = Routes(routed)
        self._chooser = simplepage.Chooser(job["tags"], job["python_version"])
        # A large page takes many times its length when it is read.
        self._one = threading.Lock()

    def about(self, wanted: "ProjectWanted") -> "ProjectListed":
        """What the index says of one project."""
        try:
            page = self.routes.page(wanted["name"])
            with self._one:
                return self._listed(wanted, page)
        except Confused:
            return _unknown(wanted["name"], "more than one index has it")
        except WebProblem as problem:
            return _unknown(wanted["name"], problem.message)
        except (OSError, http.client.HTTPException, ValueError, KeyError, RecursionError) as error:
            return _unknown(wanted["name"], "its page cannot be read: {}".format(type(error).__name__))

    def _listed(self, wanted: "ProjectWanted", page: Page) -> "ProjectListed":
        own: Optional[pages.File] = None
        for file in pages.files(page.address, page.content_type, page.body):
            if file["filename"] == wanted["filename"]:
                own = file
        found = simplepage.links(page.content_type, page.body)
        anything = Requirement(wanted["name"], frozenset(), "", "")
        newest = self._chooser.choose(page.address, found, anything)
        said = own or {}
        yanked, size = said.get("yanked") or False, said.get("size")
        return {
            "name": wanted["name"],
            "index": page.source.name,
            "listed": own is not None,
            "yanked": bool(yanked),
            "reason": yanked[:_LONGEST_REASON] if isinstance(yanked, str) else "",
            "requires_python": str(said.get("requires-python") or ""),
            # A page may say anything here, true among it, which would pass for a whole number.
            "size": size if type(size) is int and size > 0 else None,
            "newest": newest.version if newest else "",
            "source_only": self._chooser.is_passed_over(page.address, found, anything, newest),
            "trouble": "",
        }


def _unknown(name: str, trouble: str) -> "ProjectListed":
    return {
        "name": name,
        "index": "",
        "listed": False,
        "yanked": False,
        "reason": "",
        "requires_python": "",
        "size": None,
        "newest": "",
        "source_only": False,
        "trouble": trouble,
    }
