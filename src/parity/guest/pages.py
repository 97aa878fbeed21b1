"""A project's whole page on a package index, PEP 503 or PEP 691, in the words of PEP 691.

Pages can have thousands of files, so HTML is read with two expressions, not with a parser.
"""

import html
import json
import re
import urllib.parse
from typing import Any, Dict, List, Optional

JSON_TYPE = "application/vnd.pypi.simple.v1+json"
_MARKS = {"data-core-metadata": "core-metadata", "data-dist-info-metadata": "core-metadata"}
_ALGORITHMS = ("md5", "sha256", "sha384", "sha512", "blake2b")
_ENDINGS = (".whl", ".tar.gz", ".zip", ".tar.bz2")
_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
_TAG = re.compile(r"""<(a|base)\s((?:[^>"']|"[^"]*"|'[^']*')*)>""", re.IGNORECASE)
_ATTRIBUTE = re.compile(r"""([\w-]+)(?:\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+)))?""")


def is_known(content_type: str) -> bool:
    """Whether it is a type that an index answers with."""
    return "json" in content_type.lower() or "html" in content_type.lower()


def is_empty(body: bytes) -> bool:
    """Whether a page names no file; some indexes answer so for what they do not have."""
    return not any(ending.encode("ascii") in body for ending in _ENDINGS)


def files(address: str, content_type: str, body: bytes) -> List[Dict[str, Any]]:
    """The files of a page, their `url` absolute and without user information.

    Raises:
        ValueError: it is no page of an index.
    """
    found = _json_files(body) if "json" in content_type.lower() else _html_files(body)
    for file in found:
        file["url"] = _absolute(address, file["url"])
    return found


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
    said = json.loads(body.decode("utf-8"))  # its errors are ValueErrors
    found = said.get("files") if isinstance(said, dict) else None
    if not isinstance(found, list) or not all(map(_is_file, found)):
        raise ValueError("its JSON has no list of files")
    return [dict(file) for file in found]


def _is_file(said: Any) -> bool:
    if not isinstance(said, dict):
        return False
    names = isinstance(said.get("filename"), str) and isinstance(said.get("url"), str)
    return names and isinstance(said.get("hashes", {}), dict)


def _html_files(body: bytes) -> List[Dict[str, Any]]:
    text = body.decode("utf-8", "replace")
    base = ""
    found = []
    for tag, inside in _TAG.findall(_COMMENT.sub("", text) if "<!--" in text else text):
        said = _attributes(inside)
        if tag.lower() == "base":
            base = said.get("href", "")
        elif said.get("href"):
            file = _file(urllib.parse.urljoin(base, said["href"]), said)
            found += [file] if file is not None else []
    return found


def _attributes(text: str) -> Dict[str, str]:
    return {
        name.lower(): html.unescape(double or single or bare)
        for name, double, single, bare in _ATTRIBUTE.findall(text)
    }


def _file(href: str, said: Dict[str, str]) -> Optional[Dict[str, Any]]:
    """An anchor in the words of the JSON form; None where it leads to no file."""
    url, _, fragment = href.partition("#")
    filename = urllib.parse.unquote(urllib.parse.urlsplit(url).path.rpartition("/")[2])
    if not filename.endswith(_ENDINGS):
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
    pairs = (part.partition("=") for part in text.split("&"))
    return {name: value for name, _, value in pairs if name in _ALGORITHMS}
