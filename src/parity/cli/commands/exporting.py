"""`parity export image | environment`: a finished bundle in another form, signed as the bundle is."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from parity.cli.shared.apps import App
from parity.cli.shared.display import Board, Progress, board, size
from parity.cli.shared.keyring import signing_keys, trusted_checker
from parity.cli.shared.options import Json, ProgressShown, SigningKeys, Verbose
from parity.cli.shared.output import output, print_json, stderr, stdout
from parity.cli.shared.world import connected, python_wish, site_for
from parity.errors import OptionConflict
from parity.export.python_lock import PYTHON_LOCK, write_python_lock
from parity.files import sweep_leftovers, write_atomic
from parity.model import BundleIdentity, entry_words
from parity.pipeline.context.values import Site
from parity.pipeline.exporting.environment import (
    EnvironmentRequest,
    ExportedEnvironment,
    export_environment,
)
from parity.pipeline.exporting.image import ExportedImage, ImageRequest, export_image
from parity.pipeline.exporting.making import NOBODY
from parity.portable.bundle.envelope import Checker
from parity.sign import Sealer, SigningKey, make_sealer

app = App(name="export", help="Make a container image or a tar of the environment out of a finished bundle.")

IMAGE_EPILOG = """
`parity export image dist/web-1.0-debian12-py311.parity.tar -o out` makes out/web-1.0-debian12-py311.image.tar

`parity export image BUNDLE --prefix /opt/web --entrypoint "web serve"` says where it lies and what it runs

`parity export image BUNDLE --base-on-site REF@sha256:DIGEST` leaves out the layers that the site has

`python3 parity-farside.py load IMAGE --key sender.pub --with podman` verifies and loads it there
"""

ENVIRONMENT_EPILOG = """
`parity export environment BUNDLE --prefix /opt/web -o out` makes a tar that works at /opt/web

`tar -xf out/web-1.0-debian12-py311.environment.tar -C /opt web` is all that the far side needs

`sh web/relocate.sh` makes it work wherever it was moved to

`parity export environment BUNDLE --with-python` is for hosts without a Python, or with one that is too old
"""

_Bundle = Annotated[Path, typer.Argument(metavar="BUNDLE", help="A *.parity.tar file.")]
_Output = Annotated[Path, typer.Option("--output", "-o", metavar="DIR", help="Where the file goes.")]
_SignedBy = Annotated[
    list[Path] | None,
    typer.Option(metavar="PUB", help="Who signed the bundle; your own and the trusted keys if not given."),
]
_Prefix = Annotated[
    str | None,
    typer.Option(metavar="PATH", help="Where the environment lies; /opt/PRODUCT if not given."),
]


@app.command("image", epilog=IMAGE_EPILOG)
def image_command(
    bundle: _Bundle,
    *,
    folder: _Output = Path("dist"),
    prefix: _Prefix = None,
    name: Annotated[
        str, typer.Option(metavar="NAME:TAG", help="What it is called there; localhost/PRODUCT:VERSION.")
    ] = "",
    user: Annotated[str, typer.Option(metavar="UID:GID", help="Who runs in it; never root.")] = NOBODY,
    entrypoint: Annotated[
        str, typer.Option(metavar="WORDS", help="What it runs; its Python if not given.")
    ] = "",
    base_on_site: Annotated[
        str,
        typer.Option(metavar="REF@DIGEST", help="Leave the base's layers out: the site has it."),
    ] = "",
    signed_by: _SignedBy = None,
    key: SigningKeys = None,
    as_json: Json = False,
    verbose: Verbose = False,
    progress: ProgressShown = Progress.AUTO,
) -> None:
    """Make a container image: the target's, and one layer with the bundle's environment."""
    output.json, output.verbose = as_json, verbose
    keys = [each for each, _ in signing_keys(key or ())]
    request = ImageRequest(
        bundle=bundle,
        output=folder,
        prefix=prefix or "",
        name=name,
        user=user,
        entrypoint=_words(entrypoint),
        base_on_site=base_on_site,
    )
    check: Checker = trusted_checker(signed_by or (), None)
    with _at(bundle, folder, board(stderr(), verbose=verbose, progress=progress)) as site:
        made = export_image(request, check, lambda *told: _sealer(keys, *told), site)
    _tell(made)


@app.command("environment", epilog=ENVIRONMENT_EPILOG)
def environment_command(
    bundle: _Bundle,
    *,
    folder: _Output = Path("dist"),
    prefix: _Prefix = None,
    with_python: Annotated[
        bool, typer.Option("--with-python", help="Carry an interpreter, too, from where uv's settings say.")
    ] = False,
    python_lock: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Carry the interpreter that is locked there; else it is written."),
    ] = None,
    signed_by: _SignedBy = None,
    key: SigningKeys = None,
    as_json: Json = False,
    verbose: Verbose = False,
    progress: ProgressShown = Progress.AUTO,
) -> None:
    """Make a tar of the finished environment: for where only `tar xf` is allowed."""
    output.json, output.verbose = as_json, verbose
    keys = [each for each, _ in signing_keys(key or ())]
    locked = PYTHON_LOCK.read(python_lock) if python_lock else None
    wish = python_wish(locked) if with_python or python_lock else None
    request = EnvironmentRequest(bundle, folder, prefix or "", wish)
    check: Checker = trusted_checker(signed_by or (), None)
    with _at(bundle, folder, board(stderr(), verbose=verbose, progress=progress)) as site:
        made = export_environment(request, check, lambda *told: _sealer(keys, *told), site)
    if python_lock and made.python and not locked:
        write_atomic(python_lock, write_python_lock(made.python).encode())
    _tell(made)


@contextmanager
def _at(bundle: Path, folder: Path, progress: AbstractContextManager[Board]) -> Iterator[Site]:
    """Where an export happens; what killed ones left in its folder is gone."""
    with progress as shown, connected() as engine:
        sweep_leftovers(folder)
        yield site_for(engine, shown.reporter(bundle.name))
        shown.finished(bundle.name, ok=True)


def _tell(made: ExportedImage | ExportedEnvironment) -> None:
    if output.json:
        print_json(_document(made))
    else:
        stdout().print(_text(made), end="", soft_wrap=True)


def _sealer(keys: list[SigningKey], identity: BundleIdentity, profile_sha256: str, predicate: str) -> Sealer:
    return make_sealer(keys, identity, profile_sha256, predicate)


def _words(line: str) -> tuple[str, ...]:
    try:
        return entry_words(line) if line else ()
    except ValueError as error:
        raise OptionConflict(
            f"--entrypoint is no command: {error}",
            remedy="write it as a shell has it: --entrypoint 'web serve'",
        ) from error


def _document(made: ExportedImage | ExportedEnvironment) -> dict[str, object]:
    return {
        "file": str(made.file.path),
        "size": made.file.size,
        "payload_sha256": made.file.payload_sha256,
        "signers": made.file.signers,
        **made.document,
    }


def _text(made: ExportedImage | ExportedEnvironment) -> Text:
    image, name, prefix = made.document["image"], made.file.path.name, made.document["prefix"]
    lines = [f"{made.file.path}  {size(made.file.size)}"]
    if image is not None:
        lines += [f"  image      {image['name']}", f"  id         sha256:{image['config']}"]
        lines += [f"  manifest   sha256:{image['manifest']}", f"  runs as    {image['user']}"]
        there = f"python3 parity-farside.py load {name} --key SENDER.pub --with docker"
    else:
        if python := made.document.get("python"):
            lines += [f"  python     {python['version']}, sha256:{python['sha256']}"]
            lines += [f"  tried      {python['tried']}"]
        above, _, folder = prefix.rpartition("/")
        first = f"mkdir -p {above} && " if above else ""
        there = f"{first}tar -xf {name} -C {above or '/'} {folder}, once it was verified"
    lines += [f"  signed by  {', '.join(made.file.signers)}", f"  there      {there}"]
    return Text("\n".join(lines) + "\n")
