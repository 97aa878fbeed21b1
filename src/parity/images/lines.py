"""What the makers of images say line by line, counted, so that one sees how far they are."""

from __future__ import annotations

import re
from collections import Counter

from parity.progress import Reporter

# Docker's words about a layer, `docker build`'s about a step, debootstrap's about a package.
_LAYER = re.compile(r"(?P<id>[0-9a-f]{12}): (?P<state>Pulling fs layer|Already exists|Pull complete)")
_STEP = re.compile(r"Step (?P<done>\d{1,4})/(?P<total>\d{1,4}) ?:.*", re.DOTALL)
_PACKAGE = re.compile(r"I: (?P<what>Retrieving|Extracting|Unpacking|Configuring) \S+.*")
_DOING = {
    "Retrieving": "packages retrieved",
    "Extracting": "packages extracted",
    "Unpacking": "packages unpacked",
    "Configuring": "packages configured",
}


class ToolLines:
    """Hears the lines of a pull, a build or a bootstrap."""

    def __init__(self, reporter: Reporter) -> None:
        self._reporter = reporter
        self._layers: dict[str, bool] = {}
        self._packages: Counter[str] = Counter()

    def __call__(self, line: str) -> None:
        """Take a line: it is told as a detail, and counted where it says that something is done."""
        self._reporter.debug(line)
        if found := _LAYER.fullmatch(line):
            self._layers[found["id"]] = found["state"] != "Pulling fs layer"
            self._reporter.count(sum(self._layers.values()), len(self._layers), "layers")
        elif found := _STEP.fullmatch(line):
            self._reporter.count(int(found["done"]), int(found["total"]), "steps")
        elif found := _PACKAGE.fullmatch(line):
            what = found["what"]
            self._packages[what] += 1
            done = self._packages[what]
            # What was retrieved is what there is; how much that will be, nobody says before.
            total = 0 if what == "Retrieving" else max(done, self._packages["Retrieving"])
            self._reporter.count(done, total, _DOING[what])
