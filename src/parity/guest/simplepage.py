"""A project's page on a package index (PEP 503, PEP 691): the newest wheel that fits.

Pages can have thousands of files, so only the file names are read of all of them, and the rest only
of the newest.
"""

import html
import json
import re
import urllib.parse
from typing import Any, Dict, Iterator, List, NamedTuple, Optional, Sequence, Tuple

from .requires import Requirement, Version, parse_version, satisfies

ACCEPT = "application/vnd.pypi.simple.v1+json, application/vnd.pypi.simple.v1+html;q=0.2, text/html;q=0.1"
_ANCHOR = re.compile(r"<a ([^>]+)>")
_ATTRIBUTE = re.compile(r"([\w-]+)\s*=\s*(?:\"([^\"]*)\"|'([^']*)')")
_SHA256 = re.compile(r"sha256=([0-9a-f]{64})")
_WHEEL_END = re.compile(r"\.whl(?=[#\"'])")
_NAME_PARTS = 5  # name, version, python, abi, platform; a build number makes six


class Release(NamedTuple):
    """A wheel on an index; `requires_python` is a specifier or empty, and so is `sha256`."""

    filename: str
    version: str
    url: str
    sha256: str
    requires_python: str
    yanked: bool


class Link(NamedTuple):
    """A wheel's file name, and all that the page says of it, unread."""

    filename: str
    said: Any


def links(content_type: str, body: bytes) -> List[Link]:
    """The wheels of a page, in its order."""
    text = body.decode("utf-8", "replace")
    if "json" in content_type:
        return [Link(file["filename"], file) for file in json.loads(text)["files"]]
    return [link for link in map(_link, _ANCHOR.findall(text)) if link is not None]


def _link(attributes: str) -> Optional[Link]:
    found = _WHEEL_END.search(attributes)
    if found is None:
        return None
    end = found.start()
    begin = max(attributes.rfind(mark, 0, end) for mark in "/\"'")
    return Link(attributes[begin + 1 : end] + ".whl", attributes)


def release(address: str, link: Link) -> Release:
    """What the page at that address says of a wheel."""
    said: Dict[str, Any] = link.said if isinstance(link.said, dict) else _attributes(link.said)
    href = said["href"] if "href" in said else said["url"]
    url = urllib.parse.urldefrag(urllib.parse.urljoin(address, href))[0]
    return Release(
        filename=urllib.parse.unquote(link.filename),
        version=link.filename.split("-")[1],
        url=url,
        sha256=said.get("hashes", {}).get("sha256", ""),
        requires_python=said.get("requires-python") or "",
        yanked=bool(said.get("yanked")),
    )


def _attributes(text: str) -> Dict[str, Any]:
    """An HTML anchor's attributes in the words of the JSON form (PEP 691)."""
    given = {name.lower(): html.unescape(one or two) for name, one, two in _ATTRIBUTE.findall(text)}
    digest = _SHA256.search(given["href"])
    return {
        "href": given["href"],
        "hashes": {"sha256": digest.group(1)} if digest else {},
        "requires-python": given.get("data-requires-python", ""),
        "yanked": "data-yanked" in text,
    }


class Chooser:
    """Chooses the newest release that fits a target, and its best wheel."""

    def __init__(self, tags: Sequence[str], python: str) -> None:
        self._ranks = {tag: rank for rank, tag in reversed(list(enumerate(tags)))}
        self._python = parse_version(python)

    def choose(self, address: str, found: List[Link], requirement: Requirement) -> Optional[Release]:
        """The best wheel of the newest release that the requirement and the target allow."""
        for _, _, link in sorted(self._fitting(found), key=lambda each: (each[0], -each[1]), reverse=True):
            one = release(address, link)
            version = parse_version(one.version)
            if one.yanked or version is None:
                continue
            python_fits = self._python is None or satisfies(self._python, one.requires_python)
            if python_fits and satisfies(version, requirement.specifier):
                return one
        return None

    def _fitting(self, found: List[Link]) -> Iterator[Tuple[Version, int, Link]]:
        """Version, rank (0 is best) and link of every wheel whose tags the target runs."""
        for link in found:
            parts = link.filename[: -len(".whl")].split("-")
            version = parse_version(parts[1]) if len(parts) >= _NAME_PARTS else None
            if version is None:
                continue
            ranks = [self._ranks[tag] for tag in _expanded(parts[-3:]) if tag in self._ranks]
            if ranks:
                yield version, min(ranks), link


def _expanded(tags: Sequence[str]) -> List[str]:
    """A compressed tag set, each by itself (PEP 425)."""
    if not any("." in part for part in tags):
        return ["-".join(tags)]
    pythons, abis, platforms = (part.split(".") for part in tags)
    return [f"{python}-{abi}-{platform}" for python in pythons for abi in abis for platform in platforms]
