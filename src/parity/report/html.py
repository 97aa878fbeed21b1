"""HTML as a tree of elements: texts are nodes, so nothing in them can become markup."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Sequence
from xml.etree.ElementTree import Element, SubElement, tostring

from parity.portable.texts import printable

Child = str | Element
Cell = str | Element

_LONGEST = 600
"""Characters of one text: what is longer is nobody's honest name, address or message."""


def element(tag: str, *children: Child, **attributes: str) -> Element:
    """An element; `class_` and `for_` stand for the words that Python has for itself."""
    made = Element(tag, {key.rstrip("_"): value for key, value in attributes.items()})
    for child in children:
        if isinstance(child, str):
            _append_text(made, shown(child))
        else:
            made.append(child)
    return made


def shown(text: str) -> str:
    """A stranger's text on one line: every character that cannot be seen as itself is told by its escape."""
    line = printable(text)
    return line if len(line) <= _LONGEST else line[: _LONGEST - 1] + "…"


def preformatted(text: str, most: int) -> Element:
    """A stranger's text with its lines; at most so many characters of it."""
    lines = [printable(line) for line in text[:most].split("\n")]
    made = Element("pre")
    made.text = "\n".join(lines) + ("\n…" if len(text) > most else "")
    return made


def table(columns: Sequence[str], rows: Iterable[Sequence[Cell]], class_: str = "") -> Element:
    """A table with a head, which is repeated on each printed page.

    Args:
        columns: their names.
        rows: a cell for each column; a text, or an element made of one.
        class_: for the style sheet.
    """
    made = Element("table", {"class": class_} if class_ else {})
    head = SubElement(SubElement(made, "thead"), "tr")
    head.extend(element("th", column, scope="col") for column in columns)
    body = SubElement(made, "tbody")
    for row in rows:
        body.append(element("tr", *(element("td", cell) for cell in row)))
    return made


def pairs(rows: Iterable[tuple[str, Cell]]) -> Element:
    """Names and what they stand for."""
    made = Element("dl")
    for name, value in rows:
        made.append(element("dt", name))
        made.append(element("dd", value))
    return made


def document(title: str, style: str, body: Iterable[Element]) -> bytes:
    """A whole page that loads nothing: a Content-Security-Policy says so to the browser, too.

    Args:
        title: of the browser's window.
        style: our own style sheet, the one thing that the policy lets through, by its digest.
        body: the page's elements.
    """
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    head = element("head", element("meta", charset="utf-8"))
    head.append(Element("meta", {"http-equiv": "Content-Security-Policy", "content": policy}))
    head.append(element("meta", name="viewport", content="width=device-width, initial-scale=1"))
    head.append(element("meta", name="referrer", content="no-referrer"))
    head.append(element("title", title))
    own = SubElement(head, "style")
    own.text = style  # ours, and as it is: a browser reads no escapes there
    page = element("html", head, element("body", *body), lang="en")
    return f"<!DOCTYPE html>\n{tostring(page, 'unicode', 'html')}\n".encode()


def _append_text(parent: Element, text: str) -> None:
    # ElementTree keeps what follows a child with that child.
    if len(parent):
        parent[-1].tail = (parent[-1].tail or "") + text
    else:
        parent.text = (parent.text or "") + text
