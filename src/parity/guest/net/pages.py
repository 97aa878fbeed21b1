"""A project's whole page on a package index, PEP 503 or PEP 691, in the words of PEP 691.

Pages can have thousands of files, so HTML is read with two expressions, not with a parser. Whatever a
page holds, reading it takes time in proportion to its length: each anchor is looked at by itself.
What no honest page says of a file (a name with a slash, a SHA-256 that is none, an address that is
neither http nor https) leaves that file out, as installers do.
"""

import html
import json
import re
import urllib.parse
from typing import Dict, Iterator, List, Optional

from ..store.digests import announced_sha256

JSON_TYPE = "application/vnd.pypi.simple.v1+json"
# PEP 714 renamed what PEP 658 called dist-info-metadata; indexes write either or both (in JSON some say it as
# in HTML), and the first of these that is there counts.
_METADATA = "core-metadata"
_MARKS = ("data-core-metadata", "data-dist-info-metadata")
_KEYS = (_METADATA, "dist-info-metadata", "data-dist-info-metadata")
_ALGORITHMS = ("md5", "sha256", "sha384", "sha512", "blake2b")
_ENDINGS = (".whl", ".tar.gz", ".zip", ".tar.bz2")
File = Dict[str, object]
"""A file in the words of PEP 691; `filename` and `url` are texts, `hashes` is an object if it is there."""
MOST = 64 * 1024 * 1024
"""Bytes of a page; the largest honest ones have some tens of millions."""
_LONGEST = 65536
_LONGEST_SPECIFIER = 1024
# Digits of a number in JSON: enough for 64 bits.
_DIGITS = 19
MOST_FILES = 500_000
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+!%-]{0,254}")
# Three steps, so that no expression sees more than one tag: what is made for backtracking costs one tag's
# time.
_START = re.compile(r"<(?=(?:a|base)\s)", re.IGNORECASE)
_TAG = re.compile(r"""(a|base)\s((?:[^>"']|"[^"]*"|'[^']*')*)>""", re.IGNORECASE)
_ATTRIBUTE = re.compile(r"""([\w-]+)(?:\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+)))?""")


def is_known(content_type: str) -> bool:
    """Whether it is a type that an index answers with."""
    return "json" in content_type.lower() or "html" in content_type.lower()


def is_empty(body: bytes) -> bool:
    """Whether a page names no file; some indexes answer so for what they do not have."""
    return not any(ending.encode("ascii") in body for ending in _ENDINGS)


def files(address: str, content_type: str, body: bytes) -> List[File]:
    """The files of a page, their `url` absolute and without user information.

    Raises:
        ValueError: it is no page of an index.
    """
    is_json = "json" in content_type.lower()
    found = list(map(_by_newer_name, parsed_json(body))) if is_json else _html_files(body)
    usable = list(_usable(address, found))
    # One bad file is left out; where all are, the page is wrong, and must not look like an empty project.
    if found and not usable:
        raise ValueError("none of its files has a plain name, an http or https address and a real SHA-256")
    return usable


def _usable(address: str, found: List[File]) -> Iterator[File]:
    for file in found:
        hashes, python = file.get("hashes") or {}, file.get("requires-python") or ""
        if not isinstance(hashes, dict) or not isinstance(python, str):
            continue
        if not _NAME.fullmatch(str(file["filename"])):
            continue
        try:
            url, sha256 = _absolute(address, str(file["url"])), announced_sha256(hashes.get("sha256"))
        except ValueError:
            continue
        if len(python) <= _LONGEST_SPECIFIER:
            yield {**file, "url": url, "hashes": {**hashes, "sha256": sha256} if sha256 else hashes}


def document(project: str, found: List[File]) -> bytes:
    """A page as JSON (PEP 691, version 1.0), in ASCII; `found` as `files` gives them."""
    page = {"meta": {"api-version": "1.0"}, "name": project, "files": found}
    return json.dumps(page).encode("ascii")


def _absolute(address: str, href: str) -> str:
    parts = urllib.parse.urlsplit(urllib.parse.urljoin(address, href))
    if parts.scheme not in ("http", "https"):
        raise ValueError("the address of a file is neither http nor https")
    # User information goes: our own logins are kept by origin, and a page could plant another.
    return urllib.parse.urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2], fragment=""))


def parsed_json(body: bytes) -> List[File]:
    """The files of a page in JSON (PEP 691), all as it stands there; ValueError for what is none."""
    try:
        said = json.loads(body.decode("utf-8"), parse_int=_number)  # its errors are ValueErrors
    except RecursionError as error:
        raise ValueError("its JSON is nested too deep") from error
    found = said.get("files") if isinstance(said, dict) else None
    if not isinstance(found, list) or not all(map(_is_file, found)):
        raise ValueError("its JSON has no list of files")
    demand_few(len(found))
    return found


def _by_newer_name(file: File) -> File:
    """A file with one word on its metadata, under the name that PEP 714 gave it."""
    kept = {key: value for key, value in file.items() if key not in _KEYS}
    said = [file[key] for key in _KEYS if key in file]
    return {**kept, _METADATA: said[0]} if said else kept


def demand_few(count: int) -> None:
    """ValueError where a page names more files than any project has."""
    if count > MOST_FILES:
        raise ValueError("it names more files than any project has")


def _number(digits: str) -> int:
    """A whole number; not every Python has a limit of its own on how long reading one takes."""
    if len(digits) > _DIGITS:
        raise ValueError("its JSON has a number of too many digits")
    return int(digits)


def _is_file(said: object) -> bool:
    if not isinstance(said, dict):
        return False
    names = isinstance(said.get("filename"), str) and isinstance(said.get("url"), str)
    return names and isinstance(said.get("hashes") or {}, dict)


def _html_files(body: bytes) -> List[File]:
    text = body.decode("utf-8", "replace")
    base = ""
    found = []
    parts = _START.split(_without_comments(text), MOST_FILES + 1)[1:]
    demand_few(len(parts))
    for part in parts:
        match = _TAG.match(part, 0, _LONGEST)
        if match is None:
            continue
        tag, inside = match.groups()
        said = _attributes(inside)
        if tag.lower() == "base":
            base = said.get("href", "")
        elif said.get("href"):
            file = _file(_joined(base, said["href"]), said)
            found += [file] if file is not None else []
    return found


def _joined(base: str, href: str) -> str:
    try:
        return urllib.parse.urljoin(base, href)
    except ValueError:
        return ""


def _without_comments(text: str) -> str:
    """The text without `<!-- … -->`; one that is never closed goes on to the end."""
    kept: List[str] = []
    begin = 0
    while True:
        start = text.find("<!--", begin)
        if start < 0:
            return "".join([*kept, text[begin:]])
        kept.append(text[begin:start])
        end = text.find("-->", start + 4)
        if end < 0:
            return "".join(kept)
        begin = end + 3


def _attributes(text: str) -> Dict[str, str]:
    return {
        name.lower(): html.unescape(double or single or bare)
        for name, double, single, bare in _ATTRIBUTE.findall(text)
    }


def _file(href: str, said: Dict[str, str]) -> Optional[File]:
    """An anchor in the words of the JSON form; None where it leads to no file."""
    url, _, fragment = href.partition("#")
    filename = urllib.parse.unquote(url.partition("?")[0].rpartition("/")[2])
    # Eggs, installers and signatures stand on old pages, too.
    if not filename.endswith(_ENDINGS):
        return None
    file: File = {"filename": filename, "url": url, "hashes": _hashes(fragment)}
    if said.get("data-requires-python"):
        file["requires-python"] = said["data-requires-python"]
    if "data-yanked" in said:
        # PEP 592: the attribute alone means it; its value is a reason, and may be empty.
        file["yanked"] = said["data-yanked"] or True
    marks = [said[mark] for mark in _MARKS if mark in said]
    if marks:
        file[_METADATA] = _hashes(marks[0]) or True
    return file


def _hashes(text: str) -> Dict[str, str]:
    """`sha256=…` as a mapping; what is no hash is left out."""
    pairs = (part.partition("=") for part in text.split("&"))
    return {name: value for name, _, value in pairs if name in _ALGORITHMS}
