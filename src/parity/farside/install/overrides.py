"""What a project overrides of its packages' requirements, which the check of what fits together must know.

Standard library only, Python 3.6 and later.
"""

import re
from typing import Dict, List, NamedTuple, Tuple, cast

from ...portable import canonical
from ...portable.bundle.folder import BundleFolder
from ...portable.bundle.manifest import LIMIT
from ...portable.errors import BundleDamaged
from ...portable.names import normalize_name
from ...portable.plainfile import parse_json, read_whole

DOCUMENT, FORMAT = "project/overrides.json", "parity-overrides/1"
_NAMES = canonical.array(canonical.name)
_SHAPE = canonical.record({"format": canonical.one_of(FORMAT), "overridden": _NAMES, "restated": _NAMES})
# What `uv pip check` and `pip check` say of a package that does not fit; see both programs' sources.
_SAYS = re.compile(
    r"(?:The package `(?P<a>[A-Za-z0-9._-]+)` requires `(?P<b>[A-Za-z0-9._-]+)[^`]*`, but "
    r"(?:`[^`]+` is installed|it's not installed)"
    r"|The package `(?P<g>[A-Za-z0-9._-]+)` requires Python [^`]+, but `[^`]+` is installed"
    r"|(?P<c>[A-Za-z0-9._-]+) \S+ has requirement (?P<d>[A-Za-z0-9._-]+).*, but you have .+"
    r"|(?P<e>[A-Za-z0-9._-]+) \S+ requires (?P<f>[A-Za-z0-9._-]+), which is not installed)\.?",
    re.ASCII,
)
_ASIDE = re.compile(
    r"(?:Using Python .*|Checked \d+ packages? in .*|Found \d+ incompatibilit(?:y|ies))", re.ASCII
)


class Overridden(NamedTuple):
    """Names whose requirements by others do not count, and packages whose own requirements do not."""

    overridden: Tuple[str, ...] = ()
    restated: Tuple[str, ...] = ()

    def excused(self, lines: List[str]) -> List[str]:
        """What a failed check says, if all of it is known from the project; else nothing."""
        found = []
        for line in (each.strip() for each in lines):
            if not line or _ASIDE.fullmatch(line):
                continue
            match = _SAYS.fullmatch(line)
            # A line that is not understood may be a fault that nobody overrode: then nothing is excused.
            if match is None or not self._knows(match):
                return []
            found.append(line)
        return found

    def _knows(self, match: "re.Match[str]") -> bool:
        package = next(match.group(key) for key in "aceg" if match.group(key))
        needed = next((match.group(key) for key in "bdf" if match.group(key)), "")
        return normalize_name(package) in self.restated or normalize_name(needed) in self.overridden


def read_overrides(bundle: BundleFolder) -> Overridden:
    """What the bundle's project overrides; nothing where it tells of none.

    Raises:
        BundleDamaged: it is not what this code understands.
    """
    if all(member.path != DOCUMENT for member in bundle.manifest.members):
        return Overridden()
    try:
        found = parse_json(read_whole(bundle.file(DOCUMENT), LIMIT))
    except ValueError as error:
        raise BundleDamaged(f"{DOCUMENT} is no JSON") from error
    _SHAPE(found, DOCUMENT)
    document = cast("Dict[str, List[str]]", found)
    return Overridden(tuple(document["overridden"]), tuple(document["restated"]))
