"""Folders of wheels that were carried here, answering like an index (see `portable.wheelfolders`).

    http://folders.invalid/<name>/<project>/              the page, as JSON (PEP 691)
    http://folders.invalid/<name>/<SHA-256>/<file>        a file
    http://folders.invalid/<name>/<SHA-256>/<file>.metadata

Nothing of an address is a path here: a name and a file are looked for among those that are there.
"""

import io
import json
import os
import urllib.parse
from typing import Dict, Iterator, List, Optional

from ...portable.names import normalize_name
from ...portable.wheel.wheelset import sha256_of
from ...portable.wheelfolders import ROOT, file_address
from ..wheels import metadata
from .pace import BoundedAnswer
from .simplepage import source_version

_JSON_TYPE = "application/vnd.pypi.simple.v1+json"
_METADATA = ".metadata"
# The user's own files: whatever limit there is on how old a release must be is not meant for them.
_ALWAYS = "1970-01-01T00:00:00Z"


def open_address(method: str, url: str) -> BoundedAnswer:
    """What an index would answer; status 404 for all that is no file or project of a folder."""
    parts = urllib.parse.unquote(urllib.parse.urlsplit(url).path).split("/")[1:]
    folder = os.path.join(ROOT, parts[0]) if parts[0] in _names(ROOT) else ""
    if not folder or len(parts) != 3:  # noqa: PLR2004 - folder, project or digest, file or nothing
        return _answer(method, None)
    if not parts[2]:
        return _answer(method, _page(folder, parts[0], normalize_name(parts[1])), _JSON_TYPE)
    return _answer(method, _file(folder, parts[2]))


def _names(folder: str) -> List[str]:
    try:
        return sorted(os.listdir(folder))
    except OSError:
        return []


def _page(folder: str, index: str, project: str) -> Optional[io.BufferedIOBase]:
    files = list(_files(folder, index, project))
    if not files:
        return None
    page = {"meta": {"api-version": "1.0"}, "name": project, "files": files}
    return io.BytesIO(json.dumps(page).encode("ascii"))


def _files(folder: str, index: str, project: str) -> Iterator[Dict[str, object]]:
    for name in _names(folder):
        is_wheel = name.endswith(".whl")
        if not (project == normalize_name(name.split("-")[0]) if is_wheel else source_version(project, name)):
            continue
        path = os.path.join(folder, name)
        sha256 = sha256_of(path)
        said: Dict[str, object] = {
            "filename": name,
            "url": file_address(index, sha256, name),
            "hashes": {"sha256": sha256},
            "size": os.path.getsize(path),
            "upload-time": _ALWAYS,
        }
        if is_wheel:
            said.update(_of_wheel(path))
        yield said


def _of_wheel(path: str) -> Dict[str, object]:
    """What the page tells of a wheel besides; one that cannot be read is judged by whoever takes it."""
    try:
        python = metadata.of_wheel(path)["requires_python"]
    except (ValueError, OSError):
        return {}
    return {"core-metadata": True, "requires-python": python} if python else {"core-metadata": True}


def _file(folder: str, name: str) -> Optional[io.BufferedIOBase]:
    wanted = name[: -len(_METADATA)] if name.endswith(_METADATA) else name
    if wanted not in _names(folder):
        return None
    path = os.path.join(folder, wanted)
    if wanted == name:
        return open(path, "rb")
    try:
        return io.BytesIO(metadata.text_of_wheel(path))
    except (ValueError, OSError):
        return None


class _Both(io.RawIOBase):
    """A head, then a body."""

    def __init__(self, head: bytes, body: io.BufferedIOBase) -> None:
        super().__init__()
        self._parts = [io.BytesIO(head), body]  # type: List[io.BufferedIOBase]

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        while self._parts:
            count = self._parts[0].readinto(buffer)
            if count or not len(buffer):
                return count
            self._parts.pop(0).close()
        return 0

    def close(self) -> None:
        for part in self._parts:
            part.close()
        super().close()


class _NoSocket:
    """What an answer wants of a socket."""

    def __init__(self, raw: _Both) -> None:
        self._raw = raw

    def makefile(self, mode: str, buffering: int = 0) -> _Both:
        """The head and the body."""
        del mode, buffering
        return self._raw

    def gettimeout(self) -> None:
        """Nobody is waited for."""

    def shutdown(self, how: int) -> None:
        """There is no other side."""


def _answer(method: str, body: Optional[io.BufferedIOBase], kind: str = "") -> BoundedAnswer:
    """A body, or 404 for none, as it would come from a server."""
    content = body or io.BytesIO()
    length = content.seek(0, os.SEEK_END)
    content.seek(0)
    lines = ["HTTP/1.1 200 OK" if body else "HTTP/1.1 404 Not Found", f"Content-Length: {length}"]
    lines += [f"Content-Type: {kind or 'application/octet-stream'}", "", ""]
    answer = BoundedAnswer(_NoSocket(_Both("\r\n".join(lines).encode("ascii"), content)), method=method)  # type: ignore[arg-type]
    answer.begin()
    return answer
