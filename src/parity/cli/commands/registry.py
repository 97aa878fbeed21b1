"""`parity push` and `parity pull`: a container registry as the road across the gap."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from parity.cli.commands.updates import Unverified, checker
from parity.cli.shared.display import Board, Progress, board, size
from parity.cli.shared.options import Json, ProgressShown, Threshold, TrustedKeys, Verbose
from parity.cli.shared.output import output, print_json, stderr, stdout
from parity.docker_engine.logins import own_logins
from parity.errors import RegistryDenied
from parity.files import sweep_leftovers
from parity.portable.bundle.envelope import Checker
from parity.portable.bundle.reader import VerifiedBundle
from parity.portable.texts import counted
from parity.portable.transfer.delta import identity_of
from parity.registry import Pulled, Pushed, RegistryReference, parse_reference, pull_bundle, push_bundle

PUSH_EPILOG = """
`parity push web-1.1-debian12-py311.parity.tar registry.example:5000/team/web:1.1` sends what is new

`parity push BUNDLE REF --json` names the files that were sent

Logins are those that docker and podman keep; certificates those of certs.d/HOST:PORT and
SSL_CERT_FILE.
"""
PULL_EPILOG = """
`parity pull registry.example:5000/team/web:1.1 --key sender.pub` writes the bundle into this folder

`parity pull REF -o web.parity.tar --json` tells of the digest, by which others can name it

`parity install oci://registry.example:5000/team/web:1.1 --prefix /opt/web` pulls and installs
"""

_Reference = Annotated[
    str,
    typer.Argument(metavar="REF", help="HOST[:PORT]/NAME:TAG in a registry; or HOST/NAME@sha256:DIGEST."),
]


def push_command(
    bundle: Annotated[Path, typer.Argument(metavar="BUNDLE", help="A *.parity.tar file.")],
    reference: _Reference,
    *,
    key: TrustedKeys = None,
    threshold: Threshold = None,
    unverified: Unverified = False,
    as_json: Json = False,
    verbose: Verbose = False,
    progress: ProgressShown = Progress.AUTO,
) -> None:
    """Put a bundle into a container registry, file by file: what the registry has already is not sent."""
    output.json, output.verbose = as_json, verbose
    place = parse_reference(reference)
    check = checker(key, threshold, unverified)
    with board(stderr(), verbose=verbose, progress=progress) as shown:
        with login_at(place, shown, bundle.name) as login:
            done = push_bundle(bundle, place, login, check, shown.reporter(bundle.name))
        shown.finished(bundle.name, ok=True)
    _tell_pushed(bundle, place, done)


def _tell_pushed(path: Path, place: RegistryReference, done: Pushed) -> None:
    if output.json:
        print_json(
            {
                "bundle": str(path),
                "reference": str(place),
                "digest": done.digest,
                "proof": done.proof or None,
                "sent": list(done.sent),
                "sent_bytes": done.sent_bytes,
                "already_there": done.there,
                **_identity(done.bundle),
            }
        )
        return
    text = Text.assemble(("pushed ", "bold green"), f"{place}\n  digest  {done.digest}\n")
    text.append(f"  sent    {counted(len(done.sent), 'file')}, {size(done.sent_bytes)}; ")
    text.append(f"{done.there} were there already\n")
    text.append(f"  proof   {done.proof or 'none'}")
    stdout().print(text, soft_wrap=True)


def pull_command(
    reference: _Reference,
    *,
    where: Annotated[
        Path,
        typer.Option(
            "--output", "-o", metavar="FILE|DIR", help="The bundle, or the folder that it goes into; here."
        ),
    ] = Path(),
    key: TrustedKeys = None,
    threshold: Threshold = None,
    unverified: Unverified = False,
    as_json: Json = False,
    verbose: Verbose = False,
    progress: ProgressShown = Progress.AUTO,
) -> None:
    """Fetch a bundle from a container registry: the same bytes, the same signature, all or nothing."""
    output.json, output.verbose = as_json, verbose
    place = parse_reference(reference)
    with board(stderr(), verbose=verbose, progress=progress) as shown:
        done = pulled(place, where, checker(key, threshold, unverified), shown)
    if as_json:
        print_json(
            {
                "bundle": str(done.path),
                "reference": str(place),
                "digest": done.digest,
                **_identity(done.bundle),
            }
        )
        return
    identity = identity_of(done.bundle.statement)
    who = ", ".join(done.bundle.signers)
    signed = f"signed by {who}" if who else "NOT VERIFIED: nobody asked who signed it"
    stdout().print(Text(f"{done.path}: {identity}, {size(identity.size)}\n{signed}"), soft_wrap=True)


def pulled(place: RegistryReference, where: Path, check: Checker, shown: Board) -> Pulled:
    """Fetch a bundle into a file or folder, with a line for it on the board."""
    title = place.name.rpartition("/")[2]
    sweep_leftovers(where if where.is_dir() else where.parent)
    with login_at(place, shown, title) as login:
        done = pull_bundle(place, where, login, check, shown.reporter(title))
    shown.finished(title, ok=True)
    return done


@contextmanager
def login_at(place: RegistryReference, shown: Board, title: str) -> Iterator[Mapping[str, object] | None]:
    """This machine's login at a registry, as docker and podman keep it; None where there is none."""
    logins = own_logins(os.environ)
    found: Mapping[str, object] | None = logins.resolve_authconfig(place.host)
    for trouble in logins.troubles:
        shown.reporter(title).warn(trouble)
    try:
        yield found
    except RegistryDenied as error:
        if logins.troubles:
            # `docker login` keeps nothing where its own settings are broken.
            error.remedy = f"{logins.remedy}; then {error.remedy}"
        raise


def _identity(bundle: VerifiedBundle) -> dict[str, object]:
    return {
        **identity_of(bundle.statement)._asdict(),
        "signers": list(bundle.signers),
        "verified": bool(bundle.signers),
    }
