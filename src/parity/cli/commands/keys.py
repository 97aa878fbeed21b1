"""`parity keygen` and `parity key show | list | trust`."""

from __future__ import annotations

import getpass
from pathlib import Path
from typing import Annotated

import typer

from parity.cli.shared.apps import App
from parity.cli.shared.keyring import make_own_key, own_key_path, trust_store
from parity.cli.shared.options import Json
from parity.cli.shared.output import output, print_json, stdout
from parity.errors import KeyUnusable
from parity.portable.texts import printable
from parity.sign import PublicKey, load_public_key, public_path

_MAKE_ONE = "`parity keygen` makes one"

app = App(name="key", help="Show keys and decide whom to trust.")


def keygen(
    path: Annotated[
        Path | None,
        typer.Argument(metavar="FILE", help="Where to keep it; your configuration folder if not given."),
    ] = None,
    *,
    passphrase: Annotated[
        bool, typer.Option("--passphrase", help="Protect it; asks on the terminal.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Make a signing key (ECDSA P-256). Never overwrites one."""
    output.json = as_json
    secret = _new_passphrase() if passphrase else ""
    key, path = make_own_key(path or own_key_path(), secret)
    if as_json:
        print_json(_row(key.public, public_path(path)))


@app.command("show", epilog="`parity key show sender.pub`")
def show(
    path: Annotated[
        Path | None, typer.Argument(metavar="PUB", help="A public key; your own if not given.")
    ] = None,
    *,
    as_json: Json = False,
) -> None:
    """Show a public key and its fingerprint, to compare with the sender by telephone."""
    output.json = as_json
    remedy = "name a file that is there; `parity key list` shows the keys at hand" if path else _MAKE_ONE
    path = path or public_path(own_key_path())
    if not path.exists():
        raise KeyUnusable("there is no such key", where=str(path), remedy=remedy)
    key = load_public_key(path)
    if as_json:
        print_json(_row(key, path))
        return
    stdout().print(
        f"file         {printable(str(path))}\nfingerprint  {key.fingerprint}\n{key.pem.decode().strip()}"
    )


@app.command("list")
def list_keys(*, as_json: Json = False) -> None:
    """List the keys whose bundles are accepted here: your own and the trusted ones."""
    output.json = as_json
    own = public_path(own_key_path())
    rows = [{**_row(load_public_key(own), own), "own": True}] if own.exists() else []
    folder = trust_store().folder
    trusted = trust_store().keys()
    rows += [{**_row(key, folder / f"{key.fingerprint}.pub"), "own": False} for key in trusted]
    if as_json:
        print_json({"keys": rows})
        return
    for row in rows:
        stdout().print(f"{row['fingerprint']}  {'own    ' if row['own'] else 'trusted'}  {row['public_key']}")


@app.command("trust", epilog="`parity key trust sender.pub`")
def trust(
    path: Annotated[Path, typer.Argument(metavar="PUB", help="The sender's public key.")],
    *,
    as_json: Json = False,
) -> None:
    """Accept bundles signed by this key from now on. Compare its fingerprint first."""
    output.json = as_json
    key = trust_store().add(path)
    if as_json:
        print_json(_row(key, path))
    else:
        stdout().print(f"trusted from now on: {key.fingerprint}")


def _row(key: PublicKey, path: Path) -> dict[str, object]:
    return {"fingerprint": key.fingerprint, "public_key": str(path), "algorithm": "ECDSA P-256"}


def _new_passphrase() -> str:
    first = getpass.getpass("new passphrase: ")
    # Typed unseen: a slip would lock the key for good.
    if first != getpass.getpass("once more: "):
        raise KeyUnusable("the two passphrases differ", remedy="run the command again")
    if not first:
        raise KeyUnusable(
            "an empty passphrase protects nothing", remedy="leave --passphrase out, or type one"
        )
    return first
