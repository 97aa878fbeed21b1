"""A bundle's wheels laid out for uv: files, a simple index with hashes, uv itself and how to call it.

    <wheelhouse>/files/*.whl    the carried wheels, those for building the project among them
    <wheelhouse>/absent/*.whl   names and requirements of what other platforms would need, and no more:
                               uv can resolve with them, their hashes let nobody install them
    <wheelhouse>/simple/NAME/   the index's pages (PEP 503)
    <wheelhouse>/bin/uv         the carried uv

Standard library only, Python 3.6 and later.
"""

import hashlib
import os
import shlex
import shutil
import zipfile
from email.parser import HeaderParser
from html import escape
from typing import TYPE_CHECKING, Dict, Iterable, List, NamedTuple
from urllib.parse import quote
from urllib.request import pathname2url

from ...portable.bundle.folder import BundleFolder
from ...portable.names import normalize_name
from ..index.pages import file_url, root_html

if TYPE_CHECKING:
    from ...portable.documents.installations import AbsentRow, ProjectDocument

FILES, ABSENT, SIMPLE = "files", "absent", "simple"
UV = os.path.join("bin", "uv")
_REMOVED = (
    "UV_BUILD_CONSTRAINT",
    "UV_CONFIG_FILE",
    "UV_CONSTRAINT",
    "UV_EXCLUDE_NEWER",
    "UV_EXTRA_INDEX_URL",
    "UV_FIND_LINKS",
    "UV_INDEX",
    "UV_INDEX_STRATEGY",
    "UV_INDEX_URL",
    "UV_INSECURE_NO_ZIP_VALIDATION",
    "UV_MANAGED_PYTHON",
    "UV_NO_BINARY",
    "UV_NO_INDEX",
    "UV_NO_SOURCES",
    "UV_NO_VERIFY_HASHES",
    "UV_OVERRIDE",
    "UV_PRERELEASE",
    "UV_RESOLUTION",
    "UV_TORCH_BACKEND",
)
"""The caller's variables that would lead uv elsewhere, or past the hashes."""


_UPLOADED = "1980-01-01T00:00:00Z"
"""uv's `exclude-newer` leaves out what has no date; what was carried was chosen with it in mind."""


class PageLink(NamedTuple):
    """A file on an index page; `folder` as seen from the page, `requires_python` maybe empty."""

    folder: str
    filename: str
    sha256: str
    requires_python: str


def fill(wheelhouse: str, bundle: BundleFolder, project: "ProjectDocument") -> None:
    """Lay everything out in a new folder.

    Args:
        wheelhouse: does not exist yet.
        bundle: its files and wheels were judged.
        project: project.json.

    Raises:
        OSError: it cannot be written.
    """
    for name in (FILES, ABSENT, SIMPLE, "bin"):
        os.makedirs(os.path.join(wheelhouse, name))
    links: Dict[str, List[PageLink]] = {}
    for package in bundle.manifest.document["packages"]:
        link = _carried(wheelhouse, bundle.file(package["wheel"]), package["sha256"])
        links.setdefault(normalize_name(package["name"]), []).append(link)
    for tool in project["build"]:
        link = _carried(wheelhouse, bundle.file(tool["wheel"]), tool["sha256"])
        links.setdefault(normalize_name(tool["name"]), []).append(link)
    for absent in project["absent"]:
        links.setdefault(normalize_name(absent["name"]), []).append(_absent(wheelhouse, absent))
    for name, found in links.items():
        folder = os.path.join(wheelhouse, SIMPLE, name)
        os.mkdir(folder)
        _write(os.path.join(folder, "index.html"), _page(name, found))
    _write(os.path.join(wheelhouse, SIMPLE, "index.html"), root_html(sorted(links)))


def _carried(wheelhouse: str, path: str, sha256: str) -> PageLink:
    name = os.path.basename(path)
    shutil.copyfile(path, os.path.join(wheelhouse, FILES, name))
    with zipfile.ZipFile(path) as wheel:
        inside = [entry for entry in wheel.namelist() if entry.endswith(".dist-info/METADATA")]
        headers = HeaderParser().parsestr(wheel.read(inside[0]).decode("utf-8", "replace"))
    return PageLink(FILES, name, sha256, " ".join(str(headers.get("Requires-Python") or "").split()))


def _absent(wheelhouse: str, package: "AbsentRow") -> PageLink:
    """A wheel of nothing but metadata: uv.lock's own words about the package."""
    stem = "{}-{}".format(package["name"].replace("-", "_"), package["version"])
    lines = ["Metadata-Version: 2.1", "Name: " + package["name"], "Version: " + package["version"]]
    lines += ["Requires-Python: " + package["requires_python"]] if package["requires_python"] else []
    lines += ["Provides-Extra: " + extra for extra in package["extras"]]
    lines += ["Requires-Dist: " + line for line in package["requires"]]
    filename = stem + "-py3-none-any.whl"
    # No RECORD, no WHEEL: it is read for its metadata, and never installed.
    with zipfile.ZipFile(os.path.join(wheelhouse, ABSENT, filename), "w") as wheel:
        wheel.writestr(stem + ".dist-info/METADATA", "\n".join(lines) + "\n\n")
    # A hash that these bytes do not have; each its own, for uv takes files of one hash for one file.
    nobodys = hashlib.sha256(f"{stem} is not carried".encode()).hexdigest()
    return PageLink(ABSENT, filename, nobodys, package["requires_python"])


def _page(name: str, links: Iterable[PageLink]) -> str:
    rows = []
    for link in sorted(links):
        place = file_url(link.filename) if link.folder == FILES else f"../../{ABSENT}/{quote(link.filename)}"
        python = f' data-requires-python="{escape(link.requires_python)}"' if link.requires_python else ""
        date = f' data-upload-time="{_UPLOADED}"'
        rows.append(f'<a href="{place}#sha256={link.sha256}"{python}{date}>{escape(link.filename)}</a><br>\n')
    head = f"<!DOCTYPE html>\n<html>\n<head><title>{name}</title></head>\n<body>\n"
    return head + "".join(rows) + "</body>\n</html>\n"


def environment(wheelhouse: str, cache: str, python: str, project: "ProjectDocument") -> Dict[str, str]:
    """What uv must be told to find everything in the wheelhouse and nothing anywhere else."""
    index = "file://" + pathname2url(os.path.join(wheelhouse, SIMPLE))
    found = {
        "UV_CACHE_DIR": cache,
        "UV_DEFAULT_INDEX": index,
        "UV_OFFLINE": "1",
        "UV_PYTHON": python,
        "UV_PYTHON_DOWNLOADS": "never",
    }
    if project["indexes"]:
        found["UV_INDEX"] = " ".join(f"{name}={index}" for name in project["indexes"])
    if project["no_sources"]:
        found["UV_NO_SOURCES_PACKAGE"] = " ".join(project["no_sources"])
    if project["left_out_groups"]:
        found["UV_NO_GROUP"] = " ".join(project["left_out_groups"])
    return found


def wrapper(wheelhouse: str, told: Dict[str, str], proposed: Dict[str, str]) -> str:
    """A shell script that is uv, told what it must be told, and what the caller may set otherwise."""
    lines = [
        "#!/bin/sh",
        "# uv for this project, without a network: everything comes from the bundle, by its hash.",
        "unset " + " ".join(_REMOVED),
        *(f"export {name}={shlex.quote(value)}" for name, value in sorted(told.items())),
        # `${NAME-value}`: the caller's own value wins, an empty one too.
        *(f'export {name}="${{{name}-{value}}}"' for name, value in sorted(proposed.items())),
        f'exec {shlex.quote(os.path.join(wheelhouse, UV))} "$@"',
    ]
    return "\n".join(lines) + "\n"


def _write(path: str, text: str) -> None:
    with open(path, "w", encoding="utf-8") as handle:
        handle.write(text)
