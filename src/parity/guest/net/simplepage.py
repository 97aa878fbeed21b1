"""A project's page on a package index (PEP 503, PEP 691): the newest wheel that fits.

Pages can have thousands of files, so only the file names are read of all of them, and the rest only
of the newest.
"""

import functools
import html
import re
import urllib.parse
from typing import Dict, Iterator, List, NamedTuple, Optional, Sequence, Tuple, Union

from ...portable.names import normalize_name
from ..store.digests import announced_sha256
from ..wheels.requires import Requirement, Version, parse_version, satisfies
from .pages import MOST_FILES, demand_few, parsed_json

ACCEPT = "application/vnd.pypi.simple.v1+json, application/vnd.pypi.simple.v1+html;q=0.2, text/html;q=0.1"
_ATTRIBUTE = re.compile(r"(?<![\w-])([\w-]+)\s*=\s*(?:\"([^\"]*)\"|'([^']*)')")
_SHA256 = re.compile(r"[#&]sha256=([^&]*)")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+!%-]{0,254}")
_LONGEST = 1024
"""Characters of a specifier: enough for every honest one."""
_SOURCES = (".tar.gz", ".zip", ".tar.bz2")
_FILE_END = re.compile(r"\.(?:whl|tar\.gz|zip|tar\.bz2)(?=[#\"'])")
# Few digits: older Pythons take quadratic time for long ones (CVE-2020-10735).
_BUILD = re.compile(r"([0-9]{1,18})(.*)")
# File systems allow no longer name; the sets of a compressed tag multiply, so they have a bound, too.
_LONGEST_NAME = 255
_MOST_TAGS = 400
# A page says a project's name and versions very often, and another page the same tags.
_normalized = functools.lru_cache(maxsize=1024)(normalize_name)
_version = functools.lru_cache(maxsize=8192)(parse_version)
_NAME_PARTS = 5  # name, version, python, abi, platform; a build number makes six

_Build = Union[Tuple[()], Tuple[int, str]]
_Order = Tuple[Version, int, _Build]


class Release(NamedTuple):
    """A wheel on an index; `requires_python` is a specifier or empty, and so is `sha256`.

    `size` is None where the page does not tell it.
    """

    filename: str
    version: str
    url: str
    sha256: str
    requires_python: str
    yanked: bool
    size: Optional[int] = None


class Link(NamedTuple):
    """The file name of a wheel or a source distribution, and all that the page says of it, unread."""

    filename: str
    said: Union[str, Dict[str, object]]


def links(content_type: str, body: bytes) -> List[Link]:
    """The wheels and source distributions of a page, in its order; ValueError for what is no page."""
    if "json" in content_type:
        return [
            Link(name, file)
            for name, file in ((str(file["filename"]), file) for file in parsed_json(body))
            if name.endswith((".whl", *_SOURCES))
        ]
    # No parser: see `pages`.
    parts = body.decode("utf-8", "replace").split("<a ", MOST_FILES + 1)[1:]
    demand_few(len(parts))
    anchors = (part.partition(">")[0] for part in parts)
    return [link for link in map(_link, anchors) if link is not None]


def _link(attributes: str) -> Optional[Link]:
    found = _FILE_END.search(attributes)
    if found is None:
        return None
    begin = max(attributes.rfind(mark, 0, found.start()) for mark in "/\"'")
    return Link(attributes[begin + 1 : found.end()], attributes)


def source_version(project: str, filename: str) -> str:
    """The version in a source distribution's name (old ones have hyphens in both parts); empty for none."""
    ending = next((each for each in _SOURCES if filename.endswith(each)), None)
    parts = filename[: -len(ending)].split("-") if ending and len(filename) <= _LONGEST_NAME else []
    for at in range(1, len(parts)):
        if _normalized("-".join(parts[:at])) == project:
            return "-".join(parts[at:])
    return ""


def release(address: str, link: Link) -> Release:
    """What the page at that address says of a file; ValueError for what no honest page says."""
    said = link.said if isinstance(link.said, dict) else _attributes(link.said)
    href, hashes = said.get("href", said.get("url")), said.get("hashes") or {}
    python, size = said.get("requires-python") or "", said.get("size")
    if not (isinstance(href, str) and isinstance(hashes, dict) and isinstance(python, str)):
        raise ValueError("an address, hashes or a requires-python of another kind")  # noqa: TRY004
    if not _NAME.fullmatch(link.filename) or len(python) > _LONGEST:
        raise ValueError("a file name or a requires-python that no wheel has")
    url = urllib.parse.urldefrag(urllib.parse.urljoin(address, href))[0]
    if not url.startswith(("http://", "https://")):
        raise ValueError("an address that is neither http nor https")
    return Release(
        filename=urllib.parse.unquote(link.filename),
        version=link.filename.partition("-")[2].partition("-")[0],
        url=url,
        sha256=announced_sha256(hashes.get("sha256")),
        requires_python=python,
        yanked=bool(said.get("yanked")),
        # `type`, since True is an int to isinstance.
        size=size if type(size) is int and size > 0 else None,
    )


def _attributes(text: str) -> Dict[str, object]:
    """An HTML anchor's attributes in the words of the JSON form (PEP 691)."""
    given = {name.lower(): html.unescape(one or two) for name, one, two in _ATTRIBUTE.findall(text)}
    href = given.get("href", "")
    digest = _SHA256.search(href)
    return {
        "href": href,
        "hashes": {"sha256": digest.group(1)} if digest else {},
        "requires-python": given.get("data-requires-python", ""),
        "yanked": "data-yanked" in text,
    }


class Chooser:
    """Chooses the newest release that fits a target, and its best wheel, as the lock will.

    That is: the first of the target's tags, then the highest build number (PEP 427), then the first name.
    """

    def __init__(self, tags: Sequence[str], python: str) -> None:
        ranks = {tag: rank for rank, tag in reversed(list(enumerate(tags)))}
        self._best_rank = functools.lru_cache(maxsize=8192)(functools.partial(_best_rank, ranks))
        self._python = parse_version(python)

    def choose(self, address: str, found: List[Link], requirement: Requirement) -> Optional[Release]:
        """The best wheel of the newest release that the requirement and the target allow."""
        for link in self._best_first(found, requirement.name):
            try:
                one = release(address, link)
            except ValueError:
                continue
            version = parse_version(one.version)
            # PEP 592: passed over, as installers do where no version is pinned.
            if one.yanked or version is None:
                continue
            python_fits = self._python is None or satisfies(self._python, one.requires_python)
            if python_fits and satisfies(version, requirement.specifier):
                return one
        return None

    def is_passed_over(
        self, address: str, found: List[Link], requirement: Requirement, chosen: Optional[Release]
    ) -> bool:
        """Whether a newer version than the chosen one would fit, but for its being there as a source only."""
        than = parse_version(chosen.version) if chosen else None
        for link in found:
            version = _version(source_version(requirement.name, link.filename))
            if version is None or (than is not None and version <= than):
                continue
            try:
                one = release(address, link)
            except ValueError:
                continue
            fits = self._python is None or satisfies(self._python, one.requires_python)
            if fits and not one.yanked and satisfies(version, requirement.specifier):
                return True
        return False

    def _best_first(self, found: List[Link], project: str) -> List[Link]:
        named = sorted(self._fitting(found, project), key=lambda each: each[1].filename)
        return [link for _, link in sorted(named, key=lambda each: each[0], reverse=True)]

    def _fitting(self, found: List[Link], project: str) -> Iterator[Tuple[_Order, Link]]:
        """Every wheel of the project whose tags the target runs, and what to order it by, highest first."""
        for link in found:
            parts = link.filename[: -len(".whl")].split("-") if link.filename.endswith(".whl") else []
            if not _NAME_PARTS <= len(parts) <= _NAME_PARTS + 1 or len(link.filename) > _LONGEST_NAME:
                continue
            rank = self._best_rank(*parts[-3:])
            if rank is None or _normalized(parts[0]) != project:
                continue
            version, build = _version(parts[1]), _build(parts[2:-3])
            if version is not None and build is not None:
                yield (version, -rank, build), link


def _best_rank(ranks: Dict[str, int], *tags: str) -> Optional[int]:
    """The rank of a file's best tag, which counts for it (PEP 425); None where the target runs none."""
    return min((ranks[tag] for tag in expanded_tags(tags) if tag in ranks), default=None)


def _build(parts: Sequence[str]) -> Optional[_Build]:
    """A build tag as something to compare (PEP 427), lower than all others where there is none."""
    if not parts:
        return ()
    match = _BUILD.fullmatch(parts[0])
    return (int(match.group(1)), match.group(2)) if match else None


def expanded_tags(tags: Sequence[str]) -> List[str]:
    """A wheel's last three parts, a compressed tag set, as tags (PEP 425); none where they are over 400."""
    if not any("." in part for part in tags):
        return ["-".join(tags)]
    pythons, abis, platforms = (part.split(".") for part in tags)
    if len(pythons) * len(abis) * len(platforms) > _MOST_TAGS:
        return []
    return [f"{python}-{abi}-{platform}" for python in pythons for abi in abis for platform in platforms]
