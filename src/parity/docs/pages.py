"""The pages for people: Markdown that travels with parity, in the order of index.md."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping
from importlib import resources
from typing import NamedTuple

_SECTION = re.compile(r"^## (.+)$")
_ENTRY = re.compile(r"^- \[([^]]+)\]\(([a-z0-9/-]+)\.md\): (.+)$")


class DocPage(NamedTuple):
    """One page.

    Attributes:
        name: its path without `.md`, such as `how-to/podman`; links between pages start from it.
        title: what the index calls it.
        about: one line that says what it is for.
        section: the part of the index that it is listed in.
        text: the Markdown.
    """

    name: str
    title: str
    about: str
    section: str
    text: str


def index_text() -> str:
    """The page that lists the others."""
    return _read("index")


def all_pages(generated: Mapping[str, str]) -> list[DocPage]:
    """All pages, in the index's order.

    Args:
        generated: by name, the texts of those pages that the index lists and no file holds.
    """
    found, section = [], ""
    for line in index_text().splitlines():
        if heading := _SECTION.match(line):
            section = heading[1]
        elif entry := _ENTRY.match(line):
            title, name, about = entry.groups()
            # What is read off the code is made by whoever may import it, and handed in.
            text = generated[name] if name in generated else _read(name)
            found.append(DocPage(name, title, about, section, text))
    return found


def page_names() -> list[str]:
    """The short names of all pages, in the index's order; no page is read."""
    entries = filter(None, map(_ENTRY.match, index_text().splitlines()))
    return [entry.groups()[1].rpartition("/")[2] for entry in entries]


def find_page(word: str, pages: Iterable[DocPage]) -> DocPage | None:
    """The page of that name, or whose name ends so (`podman` for `how-to/podman`)."""
    wanted = word.lower().removesuffix(".md").strip("/")
    return next((page for page in pages if wanted in (page.name, page.name.rpartition("/")[2])), None)


def close_pages(word: str, pages: Iterable[DocPage]) -> list[str]:
    """The short names that look like this word."""
    return difflib.get_close_matches(word.lower(), [page.name.rpartition("/")[2] for page in pages], 3)


def _read(name: str) -> str:
    return resources.files("parity.docs").joinpath(*f"{name}.md".split("/")).read_text("utf-8")
