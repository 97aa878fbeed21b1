"""The pages for a browser on this machine: rendered here, nothing of them fetched from elsewhere."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Sequence
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import pairwise

from markdown_it import MarkdownIt
from markdown_it.token import Token

from parity.docs.pages import DocPage

_STYLE = """
body{font:16px/1.55 system-ui,sans-serif;margin:0;color:#1b1f24;background:#fff;display:flex}
nav{width:16rem;flex:none;padding:1.5rem;border-right:1px solid #d8dee4;min-height:100vh;font-size:14px}
nav b{display:block;margin:1rem 0 .2rem}nav a{display:block;padding:.1rem 0}
main{max-width:52rem;padding:1.5rem 2.5rem;min-width:0}a{color:#0a58ca;text-decoration:none}
a:hover{text-decoration:underline}pre{background:#f4f6f8;padding:.8rem 1rem;overflow:auto}
code{font:.9em/1.45 ui-monospace,monospace}table{border-collapse:collapse;display:block;overflow:auto}
td,th{border:1px solid #d8dee4;padding:.3rem .6rem;text-align:left;vertical-align:top}
@media(prefers-color-scheme:dark){body{color:#e3e6ea;background:#15181c}pre{background:#20252b}a{color:#7ab7ff}}
@media(max-width:50rem){body{display:block}nav{width:auto;min-height:0}}
"""
# Nothing of the text becomes HTML or script, and the browser is told so.
_HEADERS = {
    "Content-Type": "text/html; charset=utf-8",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}
_PATH = re.compile(r"/(?:([a-z0-9/-]{1,80})\.md)?(?:\?.*)?")


class DocsServer(ThreadingHTTPServer):
    """The pages under their own names on a loopback address; port 0 takes any that is free.

    Raises:
        OSError: the port is taken or not allowed.
    """

    daemon_threads = True

    def __init__(self, index: str, pages: Sequence[DocPage], port: int) -> None:
        self.answers = {page.name: html_page(page.title, page.name, page.text, pages) for page in pages}
        self.answers["index"] = html_page("parity", "index", index, pages)
        # Loopback alone: what is for one reader is not offered to the network.
        super().__init__(("127.0.0.1", port), _PageAnswer)

    @property
    def url(self) -> str:
        """Where the index is."""
        return f"http://127.0.0.1:{self.server_address[1]}/"


class _PageAnswer(BaseHTTPRequestHandler):
    server: DocsServer
    timeout = 30

    def do_GET(self) -> None:
        """One page, or 404."""
        # A name is looked up among the pages; no path of this machine is ever made of it.
        asked = _PATH.fullmatch(self.path)
        body = self.server.answers.get(asked[1] or "index", "") if asked else ""
        self.send_response(HTTPStatus.OK if body else HTTPStatus.NOT_FOUND)
        told = (body or "no such page").encode()
        for name, value in {**_HEADERS, "Content-Length": str(len(told))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(told)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - http.server's name
        """Nobody wants a line for each page that they read."""


def html_page(title: str, name: str, text: str, pages: Iterable[DocPage]) -> str:
    """A whole HTML document, with the list of pages beside the text.

    Args:
        title: of the browser's window.
        name: the page's own, which tells how far up the others are.
        text: its Markdown.
        pages: all of them, in the index's order.
    """
    parser = MarkdownIt("commonmark", {"html": False}).enable("table")
    tokens = parser.parse(text)
    _name_headings(tokens)
    body = parser.renderer.render(tokens, parser.options, {})
    return (
        f"<!doctype html><html lang='en'><head><meta charset='utf-8'><title>{html.escape(title)}</title>"
        f"<meta name='viewport' content='width=device-width'><style>{_STYLE}</style></head>"
        f"<body><nav>{_contents(name, pages)}</nav><main>{body}</main></body></html>"
    )


def slug(heading: str) -> str:
    """A heading's anchor, as git hosts and MyST make it."""
    kept = re.sub(r"[^\w\- ]", "", heading.lower())
    return kept.strip().replace(" ", "-")


def _name_headings(tokens: Sequence[Token]) -> None:
    for opening, inline in pairwise(tokens):
        if opening.type == "heading_open":
            opening.attrSet("id", slug("".join(each.content for each in inline.children or ())))


def _contents(name: str, pages: Iterable[DocPage]) -> str:
    # Relative, so that pages also work below another path, behind a proxy.
    up = "../" * name.count("/")
    lines, section = [f"<a href='{up or './'}'><strong>parity</strong></a>"], ""
    for page in pages:
        if page.section != section:
            section = page.section
            lines.append(f"<b>{html.escape(section)}</b>")
        lines.append(f"<a href='{up}{page.name}.md'>{html.escape(page.title)}</a>")
    return "".join(lines)
