"""`parity docs`: the documentation, without a network."""

from __future__ import annotations

import sys
from itertools import groupby
from typing import Annotated

import typer
from rich.text import Text

from parity.cli.shared import complete
from parity.cli.shared.options import Json
from parity.cli.shared.output import output, print_json, stderr, stdout
from parity.cli.shared.reference import reference_pages
from parity.docs import DocPage, all_pages, close_pages, find_page, index_text
from parity.errors import Interrupted, OptionConflict, Terminated

DEFAULT_PORT = 8090
_LAST_PORT = 65535
EPILOG = """
`parity docs` lists the pages

`parity docs five-minutes` shows one

`parity docs --serve` shows all of them in a browser of this machine

`parity docs --serve 9000` does so at another port
"""


def docs(
    ctx: typer.Context,
    page: Annotated[
        str,
        typer.Argument(
            metavar="PAGE|PORT", help="A page's name; none lists all.", autocompletion=complete.pages
        ),
    ] = "",
    *,
    serve: Annotated[
        bool,
        typer.Option("--serve", help=f"Offer the pages on 127.0.0.1, at PORT or {DEFAULT_PORT}."),
    ] = False,
    as_json: Json = False,
) -> None:
    """Show the documentation, without a network."""
    output.json = as_json
    pages = all_pages(reference_pages(ctx.find_root().command))
    if serve:
        _serve(pages, _port(page), as_json=as_json)
        return
    found = [each for each in (find_page(page, pages),) if each] if page else pages
    if not found:
        close = ", ".join(close_pages(page, pages))
        like = f"; did you mean {close}?" if close else ""
        raise typer.BadParameter(f"no page has the name {page!r}{like} (`parity docs` lists them)")
    if as_json:
        print_json({"pages": [each._asdict() for each in found]})
    elif page:
        _show(found[0].text)
    else:
        _list(pages)


def _show(text: str) -> None:
    """In a terminal laid out, else as it was written."""
    if stdout().is_terminal:
        from rich.markdown import Markdown  # noqa: PLC0415 - slow to load, and every command would wait for it

        stdout().print(Markdown(text), soft_wrap=False)
    else:
        sys.stdout.write(text)


def _list(pages: list[DocPage]) -> None:
    width = max(len(page.name) for page in pages) + 2
    for section, listed in groupby(pages, key=lambda page: page.section):
        stdout().print(Text(f"\n{section}", style="bold"))
        for page in listed:
            stdout().print(f"  {page.name:<{width}}{page.about}")
    stdout().print("\n`parity docs PAGE` shows one; the last part of its name is enough", style="dim")


def _port(word: str) -> int:
    # The page's place on the command line is the port's here: no page is named by digits.
    if not word:
        return DEFAULT_PORT
    if not (word.isascii() and word.isdigit() and int(word[:6]) <= _LAST_PORT):
        raise OptionConflict(
            f"--serve shows all pages; {word!r} is no port", remedy="write --serve alone, or --serve 9000"
        )
    return int(word)


def _serve(pages: list[DocPage], port: int, *, as_json: bool) -> None:
    from parity.docs.web import DocsServer  # noqa: PLC0415 - slow to load, and every command would wait for it

    try:
        server = DocsServer(index_text(), pages, port)
    except OSError as error:
        raise OptionConflict(
            f"port {port} of 127.0.0.1 cannot be had: {error.strerror}", remedy="name another: --serve 9000"
        ) from error
    with server:
        if as_json:
            print_json({"url": server.url})
        else:
            stdout().print(f"the documentation: {server.url} (Ctrl-C ends it)")
        sys.stdout.flush()
        try:
            server.serve_forever()
        # That is the way it ends, and no failure.
        except (Interrupted, Terminated):
            stderr().print("stopped", style="dim")
