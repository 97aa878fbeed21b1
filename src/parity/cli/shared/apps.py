"""How every command of parity is registered and shows its help."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup


class _Plain:
    """A flag needs no word for its type: `--json`, not `--json <bool>`."""

    def get_params(self, ctx: Any) -> list[Any]:
        """The command's parameters, as typer gives them."""
        params: list[Any] = super().get_params(ctx)  # type: ignore[misc]
        for each in params:
            if getattr(each, "is_flag", False) and each.metavar is None:
                each.metavar = ""
        return params


class _ParityCommand(_Plain, TyperCommand):
    pass


class _ParityGroup(_Plain, TyperGroup):
    pass


class App(typer.Typer):
    """A typer application whose commands are ours."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(cls=_ParityGroup, no_args_is_help=True, rich_markup_mode="markdown", **settings)

    def command(self, *words: Any, **settings: Any) -> Callable[..., Any]:
        """As typer's."""
        return super().command(*words, cls=_ParityCommand, **settings)
