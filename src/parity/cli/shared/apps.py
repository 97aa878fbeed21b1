"""How every command of parity is registered and shows its help."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Protocol

import typer
from rich.text import Text
from typer.core import TyperCommand, TyperGroup

from parity.cli.shared.output import stdout

_QUIET = ("-q", "--quiet")


class Parameter(Protocol):
    """An option or argument of any typer: it brings a click of its own, whose classes are not click's."""

    metavar: str | None
    nargs: int
    required: bool
    opts: list[str]
    secondary_opts: list[str]

    @property
    def name(self) -> str | None:
        """As the command's function calls it."""

    @property
    def param_type_name(self) -> str:
        """`argument` or `option`."""


class DocumentedCommand(Protocol):
    """A command, or a group of them (which has `commands` besides)."""

    help: str | None
    epilog: str | None

    @property
    def params(self) -> Sequence[Parameter]:
        """Its options and arguments, in the order in which the help shows them."""


class _Plain:
    """Help in users' words: no types of our code, and examples that can be copied."""

    epilog: str | None

    def get_params(self, ctx: Any) -> list[Any]:
        """The command's parameters, as typer gives them."""
        params: list[Any] = super().get_params(ctx)  # type: ignore[misc]
        for each in params:
            if is_argument(each):
                _in_words(each)
            # A flag needs no word for its type: `--json`, not `--json <bool>`.
            elif getattr(each, "is_flag", False) and each.metavar is None:
                each.metavar = ""
        return params

    def format_help(self, ctx: object, formatter: object) -> None:
        """As typer's, and then the examples, which it would wrap in the middle of a command."""
        epilog, self.epilog = self.epilog, None
        try:
            super().format_help(ctx, formatter)  # type: ignore[misc]
        finally:
            self.epilog = epilog
        # A line that is too long is left to the terminal: it is copied in one piece.
        console = stdout()
        for line in _examples(epilog or "", console.width):
            console.print(line)


def _in_words(argument: Any) -> None:
    """An argument is shown as its own word says it, and the usage says whether it may be left out."""
    argument.display_type_rich = lambda **_: None
    argument.get_usage_pieces = lambda _: [argument_in_usage(argument)]


def is_argument(parameter: Parameter) -> bool:
    """Whether it is an argument, not an option."""
    return parameter.param_type_name == "argument"


def argument_name(argument: Parameter) -> str:
    """How an argument is written in a call."""
    name = argument.metavar or str(argument.name).upper()
    return f"{name}..." if argument.nargs == -1 and "..." not in name else name


def argument_in_usage(argument: Parameter) -> str:
    """The same, and whether it may be left out."""
    name = argument_name(argument)
    return name if argument.required else f"[{name}]"


def _examples(epilog: str, width: int) -> Iterator[Text]:
    """Paragraphs that begin with a command between backticks, the others as they are."""
    headed = False
    for paragraph in filter(None, epilog.strip().split("\n\n")):
        if not paragraph.startswith("`"):
            yield Text("\n" + _wrapped(paragraph, width, " "))
            continue
        if not headed:
            yield Text("\n Examples:")
            headed = True
        command, _, about = paragraph[1:].partition("`")
        yield Text(f"   {command}", style="bold")
        if about:
            yield Text(_wrapped(about, width, " " * 5), style="dim")


def _wrapped(text: str, width: int, indent: str) -> str:
    words = " ".join(text.split())
    return textwrap.fill(
        words, width, initial_indent=indent, subsequent_indent=indent, break_on_hyphens=False
    )


class _ParityCommand(_Plain, TyperCommand):
    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """As typer's; where there is progress, `-q` and `--quiet` are `--progress quiet`."""
        if any(each.name == "progress" for each in self.params):
            end = args.index("--") if "--" in args else len(args)
            short = ["--progress=quiet" if each in _QUIET else each for each in args[:end]]
            args = [*short, *args[end:]]
        return super().parse_args(ctx, args)


class _ParityGroup(_Plain, TyperGroup):
    pass


class App(typer.Typer):
    """A typer application whose commands are ours."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(cls=_ParityGroup, no_args_is_help=True, rich_markup_mode="markdown", **settings)

    def command(self, *words: Any, **settings: Any) -> Callable[..., Any]:
        """As typer's."""
        return super().command(*words, cls=_ParityCommand, **settings)
