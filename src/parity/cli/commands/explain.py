"""`parity explain`, `parity help` and `parity version`: what parity tells of itself, without a network."""

from __future__ import annotations

import difflib
from typing import Annotated, Any

import typer

from parity import __version__
from parity.cli.shared import complete
from parity.cli.shared.options import Json
from parity.cli.shared.output import output, print_json, stdout
from parity.docs import ErrorPage, error_pages

EPILOG = """
`parity explain 41` takes an exit code

`parity explain NoWheel` takes an error's name
"""
HELP_EPILOG = """
`parity help build` is parity build --help

`parity help key trust` is that of a command of a group
"""


def _commands(ctx: typer.Context, incomplete: str) -> list[str]:
    root: Any = ctx.find_root()
    return [name for name in getattr(root.command, "commands", {}) if name.startswith(incomplete)]


def explain(
    error: Annotated[
        str,
        typer.Argument(
            metavar="CODE|ERROR",
            help="An exit code or an error's name; none lists all.",
            autocompletion=complete.errors,
        ),
    ] = "",
    *,
    as_json: Json = False,
) -> None:
    """Tell what an error means, why it comes about and what to do."""
    output.json = as_json
    pages = error_pages()
    found = [page for page in pages if error.lower() in ("", str(page.code), page.name.lower())]
    if not found:
        raise typer.BadParameter(_unknown(error, pages), param_hint="CODE|ERROR")
    if as_json:
        print_json({"errors": [page._asdict() for page in found]})
    elif error:
        _show(found[0])
    else:
        for page in pages:
            stdout().print(f"{page.code:>3}  {page.name:<22}{page.what}")


def show_help(
    ctx: typer.Context,
    command: Annotated[
        list[str] | None,
        typer.Argument(metavar="COMMAND", help="Such as build, or key trust.", autocompletion=_commands),
    ] = None,
) -> None:
    """Show the help of a command."""
    shown: Any = ctx.find_root()
    for word in command or ():
        known = getattr(shown.command, "commands", {})
        if word not in known:
            close = difflib.get_close_matches(word, known, 1)
            like = f"; did you mean {close[0]}?" if close else ""
            raise typer.BadParameter(f"there is no command {word!r}{like}", param_hint="COMMAND")
        shown = type(shown)(known[word], info_name=word, parent=shown)
    text = shown.command.get_help(shown)
    if text:
        stdout().print(text)


def version(*, as_json: Json = False) -> None:
    """Show parity's version."""
    if as_json:
        print_json({"version": __version__})
    else:
        stdout().print(f"parity {__version__}")


def _unknown(error: str, pages: list[ErrorPage]) -> str:
    close = difflib.get_close_matches(error.lower(), [page.name.lower() for page in pages], 1)
    like = next((f"; did you mean {page.name}?" for page in pages if [page.name.lower()] == close), "")
    return f"no error has the code or name {error!r}{like} (`parity explain` lists them all)"


def _show(page: ErrorPage) -> None:
    if not stdout().is_terminal:
        stdout().print(page.text)
        return
    from rich.markdown import Markdown  # noqa: PLC0415 - slow to load, and every command would wait for it

    stdout().print(Markdown(page.text))
