"""`parity sign`: further signatures for a finished bundle, by whoever shall vouch for it, too."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from parity.cli.shared.display import board
from parity.cli.shared.keyring import signing_keys, trusted_keys
from parity.cli.shared.options import Json, SigningKeys, Verbose
from parity.cli.shared.output import output, print_json, stderr, stdout
from parity.files import sweep_leftovers
from parity.portable.texts import counted
from parity.sign import SignedAgain, make_checker, sign_again

SIGN_EPILOG = """
`parity sign BUNDLE --key mine.key --signed-by sender.pub` adds a second signature

`parity verify BUNDLE --key sender.pub --key mine.key.pub --threshold 2` asks for both
"""


def sign_command(
    bundle: Annotated[Path, typer.Argument(metavar="BUNDLE", help="A *.parity.tar file.")],
    *,
    key: SigningKeys = None,
    signed_by: Annotated[
        list[Path] | None,
        typer.Option(metavar="PUB", help="Who signed it so far; your own and the trusted keys if not given."),
    ] = None,
    as_json: Json = False,
    verbose: Verbose = False,
) -> None:
    """Verify a bundle, then add your signature to it. What was signed stays the same, byte for byte."""
    output.json, output.verbose = as_json, verbose
    keys = [each for each, _ in signing_keys(key or ())]
    # One trusted signature is enough here: a threshold is for those who use the bundle.
    check = make_checker(trusted_keys(signed_by or ()))
    with board(stderr(), verbose=verbose) as shown:
        sweep_leftovers(Path(os.path.realpath(bundle)).parent)
        done = sign_again(bundle, keys, check, shown.reporter(bundle.name))
        shown.finished(bundle.name, ok=True)
    if as_json:
        print_json(_document(bundle, done))
    else:
        stdout().print(_text(bundle, done), end="")


def _document(bundle: Path, done: SignedAgain) -> dict[str, object]:
    return {
        "bundle": str(bundle),
        "payload_sha256": done.before.statement.payload.sha256,
        "signers": done.before.signers,
        "added": done.added,
        "already": done.already,
        "signed_by": [one.keyid for one in done.envelope.signatures],
    }


def _text(bundle: Path, done: SignedAgain) -> Text:
    text = Text()
    for fingerprint in done.already:
        text.append(f"{fingerprint} has signed {bundle} before: once is enough\n")
    for fingerprint in done.added:
        text.append("signed ", style="bold green").append(f"{bundle} by {fingerprint}\n")
    count = len(done.envelope.signatures)
    text.append(f"{counted(count, 'signature')} now\n" if done.added else "nothing was changed\n")
    return text
