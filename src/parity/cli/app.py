"""The command line put together."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, NamedTuple

import typer

from parity import __version__
from parity.cli.commands import (
    build,
    cache,
    docs,
    doctor,
    explain,
    exporting,
    graphs,
    images,
    init,
    install,
    keys,
    outdated,
    pipelines,
    planning,
    profiles,
    publishing,
    registry,
    reporting,
    serving,
    signing,
    target,
    updates,
    verify,
    volumes,
)
from parity.cli.shared.apps import App
from parity.cli.shared.output import stdout

EPILOG = """
`parity doctor` is where to start

`parity build debian12-py311 -r requirements.txt` builds a bundle

`parity verify dist/*.parity.tar --rehearse` checks it and installs it once more

`tar xf BUNDLE && sh parity-bundle/install.sh PREFIX` is all that the far side needs; no parity

`parity docs five-minutes` tells more
"""

app = App(
    name="parity",
    help="Python environments for machines without a network: resolved in the target's own image, "
    "proved by an install with the network cut, carried in one signed file.",
    epilog=EPILOG,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


class _CommandWords(NamedTuple):
    name: str
    function: Callable[..., None]
    epilog: str


_BUILD = (
    _CommandWords("build", build.build, build.EPILOG),
    _CommandWords("lock", planning.lock_command, planning.LOCK_EPILOG),
    _CommandWords("plan", planning.plan_command, planning.PLAN_EPILOG),
    _CommandWords("tree", graphs.tree_command, graphs.TREE_EPILOG),
    _CommandWords("why", graphs.why_command, graphs.WHY_EPILOG),
    _CommandWords("outdated", outdated.outdated_command, outdated.EPILOG),
    _CommandWords("inspect", verify.inspect_command, "`parity inspect --json BUNDLE` is for programs"),
    _CommandWords("report", reporting.report_command, reporting.EPILOG),
    _CommandWords("diff", updates.diff_command, updates.DIFF_EPILOG),
)
_TRUST = (
    _CommandWords("verify", verify.verify_command, "`parity verify BUNDLE --key sender.pub --rehearse`"),
    _CommandWords("sign", signing.sign_command, signing.SIGN_EPILOG),
    _CommandWords("keygen", keys.keygen, "`parity keygen release.key --passphrase`"),
)
_CARRY = (
    _CommandWords("delta", updates.delta_command, updates.DELTA_EPILOG),
    _CommandWords("patch", updates.patch_command, updates.PATCH_EPILOG),
    _CommandWords("split", volumes.split_command, volumes.SPLIT_EPILOG),
    _CommandWords("join", volumes.join_command, volumes.JOIN_EPILOG),
    _CommandWords("push", registry.push_command, registry.PUSH_EPILOG),
    _CommandWords("pull", registry.pull_command, registry.PULL_EPILOG),
    _CommandWords("farside", install.farside_command, "`parity farside -o parity-farside.py`"),
)
_FAR_SIDE = (
    _CommandWords("install", install.install_command, install.INSTALL_EPILOG),
    _CommandWords("rollback", install.rollback_command, "`parity rollback --prefix /opt/app`"),
    _CommandWords("uninstall", install.uninstall_command, "`parity uninstall --prefix /opt/app --yes`"),
    _CommandWords("installed", install.installed_command, "`parity installed --prefix /opt/app --json`"),
    _CommandWords("serve", serving.serve, serving.SERVE_EPILOG),
    _CommandWords("index", serving.index_command, serving.INDEX_EPILOG),
    _CommandWords("publish", publishing.publish_command, publishing.EPILOG),
    _CommandWords("pip-conf", serving.pip_conf_command, serving.PIP_CONF_EPILOG),
)
_TARGETS = (
    _CommandWords("init", init.init, init.EPILOG),
    _CommandWords("probe", target.probe, "`parity probe --script -o probe.py`"),
    _CommandWords("check", target.check, "`parity check facts.json dist/sci-1.0-rhel9-py39.parity.tar`"),
    _CommandWords("schema", profiles.print_schema, "`parity schema > profile.schema.json`"),
)
_UPKEEP = (
    _CommandWords("doctor", doctor.doctor, doctor.EPILOG),
    _CommandWords("explain", explain.explain, explain.EPILOG),
    _CommandWords("matrix", pipelines.matrix, pipelines.MATRIX_EPILOG),
    _CommandWords("annotate", pipelines.annotate, pipelines.ANNOTATE_EPILOG),
    _CommandWords("docs", docs.docs, docs.EPILOG),
    _CommandWords("help", explain.show_help, explain.HELP_EPILOG),
    _CommandWords("version", explain.version, "`parity version --json`"),
)
_PANELS: tuple[tuple[str, tuple[_CommandWords, ...], tuple[App, ...]], ...] = (
    ("Build", _BUILD, ()),
    ("Trust", _TRUST, (keys.app,)),
    ("Carry", _CARRY, (exporting.app,)),
    ("Far side", _FAR_SIDE, ()),
    ("Targets", _TARGETS, (profiles.app, images.app)),
    ("Upkeep", _UPKEEP, (cache.app,)),
)
for _panel, _commands, _apps in _PANELS:
    for _each in _commands:
        app.command(_each.name, epilog=_each.epilog, rich_help_panel=_panel)(_each.function)
    for _app in _apps:
        app.add_typer(_app, rich_help_panel=_panel)


def _version(wanted: bool) -> None:
    if wanted:
        stdout().print(f"parity {__version__}")
        raise typer.Exit


@app.callback()
def root(
    *,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version and leave.")
    ] = False,
) -> None:
    """Options of parity itself."""
    del version
