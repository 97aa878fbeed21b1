"""`make docs`: the same pages that `parity docs` shows, as the sources of a site.

    python -m tests.docs_site FOLDER    # writes them, then sphinx-build makes the site

Only the index is more than what travels: Sphinx wants its sections as trees of pages. parity(1), which
the wheel carries, is written anew, too.
"""

from __future__ import annotations

import shutil
import sys
from itertools import groupby
from pathlib import Path

import typer.main
from tests.support.engine import ROOT

from parity.cli.app import app
from parity.cli.shared.manpage import man_page
from parity.cli.shared.reference import reference_pages
from parity.docs import DocPage, all_pages, index_text

_SETTINGS = Path(__file__).with_name("conf.py")
MAN_PAGE = ROOT / "src/parity/docs/parity.1"


def write_sources(folder: Path) -> list[DocPage]:
    """Write all pages, the generated ones too, and Sphinx's settings into a new folder; gives the pages."""
    if folder.exists():
        shutil.rmtree(folder)
    pages = all_pages(reference_pages(typer.main.get_command(app)))
    for page in pages:
        path = folder / f"{page.name}.md"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(page.text, encoding="utf-8")
    (folder / "index.md").write_text(index_text() + trees(pages), encoding="utf-8")
    shutil.copy(_SETTINGS, folder / "conf.py")
    return pages


def trees(pages: list[DocPage]) -> str:
    """The index's sections as hidden tables of contents: they make the site's side bar."""
    parts = []
    for section, listed in groupby(pages, key=lambda page: page.section):
        names = "\n".join(f"{page.title} <{page.name}>" for page in listed)
        parts.append(f"\n```{{toctree}}\n:hidden:\n:caption: {section}\n\n{names}\n```\n")
    return "".join(parts)


if __name__ == "__main__":
    write_sources(Path(sys.argv[1]))
    MAN_PAGE.write_text(man_page(typer.main.get_command(app)), encoding="utf-8")
