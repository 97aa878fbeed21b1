"""A project's whole page on a package index, PEP 503 or PEP 691, in the words of PEP 691."""

import html.parser
import json
import urllib.parse
from typing import Any, Dict, List, Optional, Tuple

JSON_TYPE = "application/vnd.pypi.simple.v1+json"
_MARKS = {"data-core-metadata": "core-metadata", "data-dist-info-metadata": "core-metadata"}


def files(address: str, content_type: str, body: bytes) -> List[Dict[str, Any]]:
    """The files of a page, their `url` absolute and without user information.

    Raises:
        ValueError: it is no page of an index.
    """
    kind = content_type.partition(";")[0].strip().lower()
    if "json" in kind:
        found = _json_files(body)
    elif "html" in kind:
        found = _html_files(body)
    else:
        raise ValueError(f"its answer is {kind or 'of no known type'}")
    for file in found:
        file["url"] = _absolute(address, file["url"])
    return found


def is_unhashed(found: List[Dict[str, Any]]) -> bool:
    """Whether no file of a page has a SHA-256."""
    return not any(file.get("hashes", {}).get("sha256") for file in found)


def document(project: str, found: List[Dict[str, Any]]) -> bytes:
    """A page as JSON (PEP 691, version 1.0)."""
    page = {"meta": {"api-version": "1.0"}, "name": project, "files": found}
    return json.dumps(page).encode("ascii")


def _absolute(address: str, href: str) -> str:
    parts = urllib.parse.urlsplit(urllib.parse.urljoin(address, href))
    if parts.scheme not in ("http", "https"):
        raise ValueError("the address of a file is neither http nor https")
    return urllib.parse.urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2], fragment=""))


def _json_files(body: bytes) -> List[Dict[str, Any]]:
    document = json.loads(body.decode("utf-8"))  # its errors are ValueErrors
    found = document.get("files") if isinstance(document, dict) else None
    if not isinstance(found, list) or not all(map(_is_file, found)):
        raise ValueError("its JSON has no list of files")
    return [dict(file) for file in found]


def _is_file(said: Any) -> bool:
    if not isinstance(said, dict):
        return False
    names = isinstance(said.get("filename"), str) and isinstance(said.get("url"), str)
    return names and isinstance(said.get("hashes", {}), dict)


def _html_files(body: bytes) -> List[Dict[str, Any]]:
    reader = _Anchors()
    reader.feed(body.decode("utf-8", "replace"))
    reader.close()
    return [file for file in map(_file, reader.found) if file is not None]


class _Anchors(html.parser.HTMLParser):
    """The attributes of all anchors with an address; `<base href>` is respected (PEP 503 is HTML 5)."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.found: List[Dict[str, str]] = []
        self._base = ""

    def handle_starttag(self, tag: str, attrs: List[Tuple[str, Optional[str]]]) -> None:
        said = {name: value or "" for name, value in attrs}
        if tag == "base" and said.get("href"):
            self._base = said["href"]
        elif tag == "a" and said.get("href"):
            self.found.append({**said, "href": urllib.parse.urljoin(self._base, said["href"])})

    def error(self, message: str) -> None:  # Python 3.9 and older want it
        raise ValueError(message)


def _file(said: Dict[str, str]) -> Optional[Dict[str, Any]]:
    """An anchor in the words of the JSON form; None where it leads to no file."""
    url, _, fragment = said["href"].partition("#")
    filename = urllib.parse.unquote(urllib.parse.urlsplit(url).path.rpartition("/")[2])
    if not filename.endswith((".whl", ".tar.gz", ".zip", ".tar.bz2")):
        return None
    file: Dict[str, Any] = {"filename": filename, "url": url, "hashes": _hashes(fragment)}
    if said.get("data-requires-python"):
        file["requires-python"] = said["data-requires-python"]
    if "data-yanked" in said:
        file["yanked"] = said["data-yanked"] or True
    for mark, key in _MARKS.items():
        if mark in said:
            file[key] = _hashes(said[mark]) or True
    return file


def _hashes(text: str) -> Dict[str, str]:
    """`sha256=…` as a mapping; what is no hash is left out."""
    named = dict(urllib.parse.parse_qsl(text))
    return {name: value for name, value in named.items() if name in _ALGORITHMS}


_ALGORITHMS = ("md5", "sha256", "sha384", "sha512", "blake2b")
