"""Every command, by the panel that the help shows it in; put together into the command line."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from importlib import import_module
from typing import Annotated, NamedTuple, cast

import typer

from parity import __version__
from parity.cli.shared.apps import App
from parity.cli.shared.output import stdout

EPILOG = """
`parity doctor` is where to start

`parity build debian12-py311 -r requirements.txt` builds a bundle

`parity verify dist/*.parity.tar --rehearse` checks it and installs it once more

`tar xf BUNDLE && sh parity-bundle/install.sh PREFIX` is all that the far side needs; no parity

`parity docs five-minutes` tells more
"""
# They tell of other commands.
_NEEDS_ALL = ("docs", "help")


class _CommandPlace(NamedTuple):
    """Where a command is: a module of `parity.cli.commands`, its function, and the examples of its help.

    They are names, so that a call imports what its own command needs and no more. A group is its module's
    `app`. Examples in capitals are a constant of the module's, else the text itself.
    """

    module: str
    function: str = "app"
    examples: str = ""


_BUILD = {
    "build": _CommandPlace("build", "build", "EPILOG"),
    "lock": _CommandPlace("planning", "lock_command", "LOCK_EPILOG"),
    "plan": _CommandPlace("planning", "plan_command", "PLAN_EPILOG"),
    "tree": _CommandPlace("graphs", "tree_command", "TREE_EPILOG"),
    "why": _CommandPlace("graphs", "why_command", "WHY_EPILOG"),
    "outdated": _CommandPlace("outdated", "outdated_command", "EPILOG"),
    "inspect": _CommandPlace("verify", "inspect_command", "`parity inspect --json BUNDLE` is for programs"),
    "report": _CommandPlace("reporting", "report_command", "EPILOG"),
    "diff": _CommandPlace("updates", "diff_command", "DIFF_EPILOG"),
}
_TRUST = {
    "verify": _CommandPlace("verify", "verify_command", "`parity verify BUNDLE --key sender.pub --rehearse`"),
    "sign": _CommandPlace("signing", "sign_command", "SIGN_EPILOG"),
    "keygen": _CommandPlace("keys", "keygen", "`parity keygen release.key --passphrase`"),
    "key": _CommandPlace("keys"),
}
_CARRY = {
    "delta": _CommandPlace("updates", "delta_command", "DELTA_EPILOG"),
    "patch": _CommandPlace("updates", "patch_command", "PATCH_EPILOG"),
    "split": _CommandPlace("volumes", "split_command", "SPLIT_EPILOG"),
    "join": _CommandPlace("volumes", "join_command", "JOIN_EPILOG"),
    "push": _CommandPlace("registry", "push_command", "PUSH_EPILOG"),
    "pull": _CommandPlace("registry", "pull_command", "PULL_EPILOG"),
    "farside": _CommandPlace("install", "farside_command", "`parity farside -o parity-farside.py`"),
    "export": _CommandPlace("exporting"),
}
_FAR_SIDE = {
    "install": _CommandPlace("install", "install_command", "INSTALL_EPILOG"),
    "rollback": _CommandPlace("install", "rollback_command", "`parity rollback --prefix /opt/app`"),
    "uninstall": _CommandPlace("install", "uninstall_command", "`parity uninstall --prefix /opt/app --yes`"),
    "installed": _CommandPlace("install", "installed_command", "`parity installed --prefix /opt/app --json`"),
    "serve": _CommandPlace("serving", "serve", "SERVE_EPILOG"),
    "index": _CommandPlace("serving", "index_command", "INDEX_EPILOG"),
    "publish": _CommandPlace("publishing", "publish_command", "EPILOG"),
    "pip-conf": _CommandPlace("serving", "pip_conf_command", "PIP_CONF_EPILOG"),
}
_TARGETS = {
    "init": _CommandPlace("init", "init", "EPILOG"),
    "probe": _CommandPlace("target", "probe", "`parity probe --script -o probe.py`"),
    "check": _CommandPlace("target", "check", "`parity check facts.json dist/sci-1.0-rhel9-py39.parity.tar`"),
    "schema": _CommandPlace("profiles", "print_schema", "`parity schema > profile.schema.json`"),
    "profile": _CommandPlace("profiles"),
    "image": _CommandPlace("images"),
}
_UPKEEP = {
    "doctor": _CommandPlace("doctor", "doctor", "EPILOG"),
    "explain": _CommandPlace("explain", "explain", "EPILOG"),
    "matrix": _CommandPlace("pipelines", "matrix", "MATRIX_EPILOG"),
    "annotate": _CommandPlace("pipelines", "annotate", "ANNOTATE_EPILOG"),
    "docs": _CommandPlace("docs", "docs", "EPILOG"),
    "help": _CommandPlace("explain", "show_help", "HELP_EPILOG"),
    "version": _CommandPlace("explain", "version", "`parity version --json`"),
    "cache": _CommandPlace("cache"),
}
_PANELS: Mapping[str, Mapping[str, _CommandPlace]] = {
    "Build": _BUILD,
    "Trust": _TRUST,
    "Carry": _CARRY,
    "Far side": _FAR_SIDE,
    "Targets": _TARGETS,
    "Upkeep": _UPKEEP,
}


def command_line(word: str = "") -> App:
    """The command line, or as much of it as a call needs.

    Args:
        word: the call's first one. If it is a command, that one alone is imported; all are otherwise,
            such as for the help or a word that is none.
    """
    app = App(
        name="parity",
        help="Python environments for machines without a network: resolved in the target's own image, "
        "proved by an install with the network cut, carried in one signed file.",
        epilog=EPILOG,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback()(_root)
    for panel, name, place in _wanted(word):
        module = import_module(f"parity.cli.commands.{place.module}")
        found: object = getattr(module, place.function)
        if isinstance(found, App):
            app.add_typer(found, rich_help_panel=panel)
            continue
        examples = getattr(module, place.examples) if place.examples.isupper() else place.examples
        function = cast("Callable[..., None]", found)
        app.command(name, epilog=examples, rich_help_panel=panel)(function)
    return app


def _wanted(word: str) -> Iterator[tuple[str, str, _CommandPlace]]:
    everything = [(panel, name, place) for panel, each in _PANELS.items() for name, place in each.items()]
    name = "version" if word == "--version" else word
    alone = [each for each in everything if each[1] == name and name not in _NEEDS_ALL]
    yield from alone or everything


def _version(wanted: bool) -> None:
    if wanted:
        stdout().print(f"parity {__version__}")
        raise typer.Exit


def _root(
    *,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version and leave.")
    ] = False,
) -> None:
    """Options of parity itself."""
    del version
