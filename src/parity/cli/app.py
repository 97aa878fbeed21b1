"""The command line put together."""

from __future__ import annotations

from typing import Annotated

import typer

from parity import __version__
from parity.cli.commands import (
    build,
    cache,
    doctor,
    images,
    init,
    install,
    keys,
    profiles,
    publishing,
    serving,
    signing,
    target,
    updates,
    verify,
    volumes,
)
from parity.cli.shared.output import stdout

EPILOG = """
Start: `parity doctor`, then `parity build debian11-py39`, then `parity verify dist/*.parity.tar --rehearse`

The bundle's far side needs no parity: `tar xf BUNDLE`, then `sh install.sh PREFIX`
"""

app = typer.Typer(
    name="parity",
    help="Python environments for machines without a network: resolved in the target's own image, "
    "proved by an install with the network cut, carried in one signed file.",
    epilog=EPILOG,
    no_args_is_help=True,
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("build", epilog=build.EPILOG)(build.build)
app.command("verify", epilog="Example: `parity verify BUNDLE --key sender.pub --rehearse`")(
    verify.verify_command
)
app.command("sign", epilog=signing.SIGN_EPILOG)(signing.sign_command)
app.command("inspect", epilog="Example: `parity inspect --json BUNDLE`")(verify.inspect_command)
app.command("install", epilog=install.INSTALL_EPILOG)(install.install_command)
app.command("rollback", epilog="Example: `parity rollback --prefix /opt/app`")(install.rollback_command)
app.command("installed", epilog="Example: `parity installed --prefix /opt/app --json`")(
    install.installed_command
)
app.command("farside", epilog="Example: `parity farside -o parity-farside.py`")(install.farside_command)
app.command("serve", epilog=serving.SERVE_EPILOG)(serving.serve)
app.command("index", epilog=serving.INDEX_EPILOG)(serving.index_command)
app.command("publish", epilog=publishing.EPILOG)(publishing.publish_command)
app.command("pip-conf", epilog=serving.PIP_CONF_EPILOG)(serving.pip_conf_command)
app.command("diff", epilog=updates.DIFF_EPILOG)(updates.diff_command)
app.command("delta", epilog=updates.DELTA_EPILOG)(updates.delta_command)
app.command("patch", epilog=updates.PATCH_EPILOG)(updates.patch_command)
app.command("split", epilog=volumes.SPLIT_EPILOG)(volumes.split_command)
app.command("join", epilog=volumes.JOIN_EPILOG)(volumes.join_command)
app.add_typer(profiles.app, name="profile")
app.command("init", epilog="Example: `parity init --os 'rhel 9' --python 3.9 --libc 'glibc 2.34'`")(init.init)
app.command("probe", epilog="Example: `parity probe --script -o probe.py`")(target.probe)
app.command("check", epilog="Example: `parity check facts.json dist/sci-1.0-rhel9-py39.parity.tar`")(
    target.check
)
app.command("schema", epilog="Example: `parity schema > profile.schema.json`")(profiles.print_schema)
app.add_typer(images.app, name="image")
app.command("keygen", epilog="Example: `parity keygen release.key --passphrase`")(keys.keygen)
app.add_typer(keys.app, name="key")
app.add_typer(cache.app, name="cache")
app.command("doctor", epilog="Example: `parity doctor --json`")(doctor.doctor)


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
