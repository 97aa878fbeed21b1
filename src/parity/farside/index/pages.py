"""The pages of a package index, as pure text. Standard library only, Python 3.6 and later.

PEP 503 (HTML), 691 (JSON), 658 and 714 (metadata beside the wheel), 700 (sizes and versions). All links
are relative, so that the same pages work behind any address and as files:

    index.html · simple/index.html · simple/NAME/index.html · files/WHEEL · files/WHEEL.metadata
"""

import json
from html import escape
from typing import Callable, Dict, Iterable, List, Mapping, NamedTuple, Sequence
from urllib.parse import quote

from .catalogue import AnyWheel, Catalogue, ListedBundle, listed

API_VERSION = "1.1"
JSON_TYPE = "application/vnd.pypi.simple.v1+json"
HTML_TYPE = "application/vnd.pypi.simple.v1+html"
PLAIN_TYPE = "text/html"

_FILES = "../../files/"
_HEAD = (
    '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
    '<meta name="pypi:repository-version" content="{version}">\n<title>{title}</title>\n</head>\n<body>\n'
)


FileAddress = Callable[[AnyWheel], str]
"""A wheel's address as seen from its project's page."""


def beside(wheel: AnyWheel) -> str:
    """In the one folder of all files."""
    return file_url(wheel.filename)


def by_digest(wheel: AnyWheel) -> str:
    """In a folder of its own: an index that grows may hold two files of one name, one after another."""
    return f"{_FILES}{wheel.sha256}/{quote(wheel.filename)}"


def root_html(projects: Iterable[str]) -> str:
    """The list of all projects (PEP 503)."""
    links = "".join(f'<a href="{name}/">{name}</a><br>\n' for name in projects)
    return _head("Simple index") + links + "</body>\n</html>\n"


def root_json(projects: Iterable[str]) -> str:
    """The list of all projects (PEP 691)."""
    return _json({"meta": _meta(), "projects": [{"name": name} for name in projects]})


def project_html(project: str, wheels: Sequence[AnyWheel], address: FileAddress = beside) -> str:
    """A project's files (PEP 503), at `simple/PROJECT/`."""
    title = f"Links for {project}"
    links = "".join(_link(wheel, address(wheel)) for wheel in wheels)
    return _head(title) + f"<h1>{title}</h1>\n" + links + "</body>\n</html>\n"


def project_json(project: str, wheels: Sequence[AnyWheel], address: FileAddress = beside) -> str:
    """A project's files (PEP 691 and 700), at `simple/PROJECT/`."""
    document = {
        "meta": _meta(),
        "name": project,
        # Sorted as texts: PEP 700 asks for no order, and the same catalogue gives the same page.
        "versions": sorted({wheel.version for wheel in wheels}),
        "files": [_file(wheel, address(wheel)) for wheel in wheels],
    }
    return _json(document)


def file_url(filename: str) -> str:
    """A file's address as seen from a project's page."""
    return _FILES + quote(filename)


def _head(title: str) -> str:
    return _HEAD.format(version=API_VERSION, title=title)


def _meta() -> Dict[str, str]:
    return {"api-version": API_VERSION}


def _json(document: Mapping[str, object]) -> str:
    return json.dumps(document, sort_keys=True, separators=(",", ":")) + "\n"


def _link(wheel: AnyWheel, address: str) -> str:
    # Both names of the attribute: PEP 714 renamed it, and pip before 23.2 knows the old one only.
    metadata = f"sha256={wheel.metadata_sha256}"
    attributes = f' data-core-metadata="{metadata}" data-dist-info-metadata="{metadata}"'
    if wheel.requires_python:
        attributes = f' data-requires-python="{escape(wheel.requires_python)}"{attributes}'
    return f'<a href="{escape(address)}#sha256={wheel.sha256}"{attributes}>{escape(wheel.filename)}</a><br>\n'


def _file(wheel: AnyWheel, address: str) -> Dict[str, object]:
    # Only the new name here: older pips misread the old one in JSON, which is why PEP 714 was written.
    found: Dict[str, object] = {
        "filename": wheel.filename,
        "url": address,
        "hashes": {"sha256": wheel.sha256},
        "size": wheel.size,
        "core-metadata": {"sha256": wheel.metadata_sha256},
        "yanked": False,
    }
    if wheel.requires_python:
        found["requires-python"] = wheel.requires_python
    return found


# --- for people -------------------------------------------------------------------------------------------

_STYLE = (
    "body{font:16px/1.5 system-ui,sans-serif;max-width:60em;margin:2em auto;padding:0 1em;color:#222}"
    "table{border-collapse:collapse;width:100%}td,th{text-align:left;padding:.2em .8em .2em 0;"
    "border-bottom:1px solid #ddd;vertical-align:top}pre{background:#f4f4f4;padding:.8em;overflow:auto}"
    "code{overflow-wrap:anywhere}td.n{text-align:right;white-space:nowrap}"
)


class Offered(NamedTuple):
    """What an index offers, for the page that people read."""

    bundles: Sequence[ListedBundle]
    wheels: Sequence[AnyWheel]


def offered(catalogue: Catalogue) -> Offered:
    """What some bundles offer."""
    wheels = [listed(wheel) for wheel in catalogue.wheels.values()]
    return Offered([each.listed() for each in catalogue.bundles], wheels)


def human_html(offers: Offered, address: str) -> str:
    """The page at `/`: which bundles, which packages, and how to use them.

    Args:
        offers: what is offered.
        address: this page's own address, ending in a slash, or words that stand for it.
    """
    shown, projects = escape(address), len({wheel.project for wheel in offers.wheels})
    parts = [
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n',
        '<meta name="viewport" content="width=device-width">\n',
        f"<title>Package index</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n<h1>Package index</h1>\n",
        f"<p>{_count(projects, 'project')}, {_count(len(offers.wheels), 'wheel')}, ",
        f"read-only, straight from {_count(len(offers.bundles), 'verified bundle')}.</p>\n",
        "<h2>Use it</h2>\n",
        f"<pre>pip install --index-url {shown}simple/ NAME\n",
        f"uv pip install --default-index {shown}simple/ NAME</pre>\n",
        f"<p>To keep that: <code>parity pip-conf {shown}</code>. ",
        'For programs: <a href="simple/">simple/</a> (HTML and JSON).</p>\n',
        "<h2>Bundles</h2>\n",
        _table(("bundle", "made for", "signed by"), [_bundle_row(bundle) for bundle in offers.bundles]),
        "<h2>Packages</h2>\n",
        _table(("name", "version", "", ""), _package_rows(offers.wheels)),
        "</body>\n</html>\n",
    ]
    return "".join(parts)


def _count(number: int, word: str) -> str:
    return f"{number} {word}" + ("" if number == 1 else "s")


def _table(titles: Sequence[str], rows: Iterable[str]) -> str:
    head = "".join(f"<th>{title}</th>" for title in titles)
    return f"<table>\n<tr>{head}</tr>\n" + "".join(rows) + "</table>\n"


def _bundle_row(bundle: ListedBundle) -> str:
    name = f"{bundle.product} {bundle.version}, serial {bundle.serial}"
    signers = "<br>".join(f"<code>{escape(one[:16])}…</code>" for one in bundle.signers)
    return (
        f"<tr><td>{escape(name)}<br><code>sha256:{bundle.payload_sha256}</code></td>"
        f"<td>{escape(bundle.made_for)}</td><td>{signers}</td></tr>\n"
    )


def _package_rows(wheels: Sequence[AnyWheel]) -> List[str]:
    return [
        f'<tr><td><a href="simple/{wheel.project}/">{wheel.project}</a></td><td>{escape(wheel.version)}</td>'
        f'<td class="n">{wheel.size / 1e6:.2f} MB</td><td>{escape(wheel.summary)}</td></tr>\n'
        for wheel in wheels
    ]
