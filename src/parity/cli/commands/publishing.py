"""`parity publish`: a bundle's wheels put on an index of one's own."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from parity.cli.commands.serving import Bundles, verified_catalogue
from parity.cli.shared.display import board
from parity.cli.shared.keyring import trusted_checker
from parity.cli.shared.options import Json, Threshold, TrustedKeys, Verbose
from parity.cli.shared.output import output, print_json, stderr, stdout
from parity.errors import OptionConflict
from parity.host.keyring import keyring_login
from parity.host.network import host_network
from parity.progress import Reporter
from parity.publish import (
    Published,
    UploadTarget,
    find_credentials,
    index_candidates,
    index_url,
    publish,
    pypirc,
    upload_url,
)

EPILOG = """
`parity publish BUNDLE --to https://devpi.example/team/prod/` uploads to devpi

`parity publish BUNDLE --to https://nexus.example/repository/pypi-hosted/` uploads to Nexus

User and password: PARITY_PUBLISH_USERNAME and PARITY_PUBLISH_PASSWORD (or twine's), .pypirc with
--repository, netrc, or the keyring; never on the command line.
"""


def publish_command(
    bundles: Bundles,
    *,
    to: Annotated[str, typer.Option("--to", metavar="URL", help="The address that takes uploads.")] = "",
    repository: Annotated[
        str, typer.Option(metavar="NAME", help="The section of ~/.pypirc that says where and as whom.")
    ] = "",
    index: Annotated[
        str, typer.Option(metavar="URL", help="Its simple index, where that is not found by itself.")
    ] = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Compare only; upload nothing.")] = False,
    key: TrustedKeys = None,
    threshold: Threshold = None,
    as_json: Json = False,
    verbose: Verbose = False,
) -> None:
    """Upload what an index lacks; what is there already is skipped, other bytes are an error."""
    output.json, output.verbose = as_json, verbose
    section = pypirc(str(Path.home() / ".pypirc"), repository) if repository else {}
    address = to or section.get("repository") or ""
    if not address:
        raise OptionConflict("say where to publish", remedy="give --to URL or --repository NAME")
    upload_url(address)
    candidates = (index_url(index),) if index else index_candidates(address)
    with (
        verified_catalogue(bundles, trusted_checker(key or (), threshold), verbose=verbose) as catalogue,
        board(stderr(), verbose=verbose) as shown,
    ):
        reporter = shown.reporter("publish")
        target = _target(address, candidates, section, reporter)
        done = publish(catalogue, target, reporter, dry_run=dry_run)
        shown.finished("publish", ok=True)
    _tell(done, target, dry_run=dry_run, as_json=as_json)


def _target(
    address: str, candidates: tuple[str, ...], section: Mapping[str, str | None], reporter: Reporter
) -> UploadTarget:
    """The target with this machine's proxies, certificates and logins."""
    network = host_network(None, os.environ)
    credentials = find_credentials(address, os.environ, network.logins, section, keyring_login)
    for warning in credentials.warnings:
        reporter.warn(warning)
    reporter.debug(f"credentials: {credentials.source}")
    known = dataclasses.replace(network, index_login=credentials.login)
    return UploadTarget(
        url=address,
        index_urls=candidates,
        login=credentials.login,
        proxies=network.proxies,
        ca_bundle=network.ca_bundle,
        redact=known.redact,
    )


def _tell(done: Published, target: UploadTarget, *, dry_run: bool, as_json: bool) -> None:
    if as_json:
        print_json(
            {"to": target.url, "dry_run": dry_run, "uploaded": done.uploaded, "already_there": done.skipped}
        )
        return
    word = "would upload" if dry_run else "uploaded"
    text = Text.assemble(("published " if not dry_run else "compared ", "bold green"), f"{target.url}\n")
    text.append(f"  {len(done.uploaded)} {word}, {len(done.skipped)} already there with the same SHA-256")
    stdout().print(text)
