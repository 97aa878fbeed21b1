"""A page that lists the files of many projects: pip's `--find-links`, uv's `format = "flat"`."""

import threading
from typing import Callable, Dict, List, NamedTuple, Optional

from ...portable.names import normalize_name
from . import pages
from .simplepage import source_version

_WHEEL = ".whl"


class Links(NamedTuple):
    """A page: where it was found, and what was answered."""

    address: str
    content_type: str
    body: bytes


class FlatPage:
    """The one page of an index, fetched once; threads may ask at the same time."""

    def __init__(self, fetch: Callable[[], Links]) -> None:
        """`fetch` gives the page as the server has it, or raises."""
        self._fetch = fetch
        self._lock = threading.Lock()
        self._page: Optional[Links] = None
        self._wheels: Dict[str, List[pages.File]] = {}
        self._others: List[pages.File] = []

    def of(self, project: str) -> Optional[Links]:
        """What it has of a project, as a page of its own; None for nothing.

        Raises:
            ValueError: it is no page of links.
            WebProblem: it could not be fetched.
        """
        with self._lock:
            if self._page is None:
                self._page = self._read()
        own = self._wheels.get(project, [])
        found = own + [each for each in self._others if _is_source(project, str(each["filename"]))]
        if not found:
            return None
        return Links(self._page.address, pages.JSON_TYPE, pages.document(project, found))

    def _read(self) -> Links:
        page = self._fetch()
        for file in pages.files(page.address, page.content_type, page.body):
            name = str(file["filename"])
            if name.endswith(_WHEEL):
                self._wheels.setdefault(normalize_name(name.partition("-")[0]), []).append(file)
            else:
                self._others.append(file)
        return page


def _is_source(project: str, filename: str) -> bool:
    """Whether it is a source distribution of the project; of `a-b-1.0` another one than `a`."""
    version = source_version(project, filename)
    return bool(version) and "-" not in version
