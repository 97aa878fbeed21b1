"""`parity install | rollback | installed | farside`: the far side's own code, where parity is at hand."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from parity.cli.shared.display import board, size
from parity.cli.shared.keyring import trusted_checker
from parity.cli.shared.options import Json, Threshold, TrustedKeys
from parity.cli.shared.output import output, print_json, stderr, stdout
from parity.errors import OptionConflict
from parity.farside.cli import bundle as commands
from parity.farside.install import releases
from parity.farside.install.install import Request, install
from parity.farside.install.uninstall import uninstall
from parity.files import write_atomic
from parity.pack import singlefile
from parity.portable.bundle.envelope import Checker
from parity.portable.texts import printable_lines

INSTALL_EPILOG = """
`parity install BUNDLE --key sender.pub --prefix /opt/app` makes /opt/app/current/bin/python

`parity install BUNDLE --into VENV` renews an existing environment, all or nothing

`parity install oci://registry.example:5000/team/app:1.1 --prefix /opt/app` fetches it first
"""

Prefix = Annotated[Path, typer.Option(metavar="DIR", help="Where the releases lie side by side.")]
NoImports = Annotated[bool, typer.Option("--no-imports", help="Do not try the proof's imports.")]


_Bundle = Annotated[
    str,
    typer.Argument(
        metavar="BUNDLE",
        help="A *.parity.tar file, its unpacked folder, or oci://HOST/NAME:TAG in a registry.",
    ),
]
_Prefix = Annotated[Path | None, typer.Option(metavar="DIR", help="A new folder, or one used before.")]
_Into = Annotated[
    Path | None, typer.Option(metavar="VENV", help="An existing environment, renewed all or nothing.")
]
_Python = Annotated[
    Path | None, typer.Option(metavar="PATH", help="The interpreter; one that fits if not given.")
]
_DryRun = Annotated[
    bool, typer.Option("--dry-run", help="Check everything and say what would change; write nothing.")
]
_WithSystem = Annotated[
    bool, typer.Option("--with-system", help="Install the carried system packages first, as root.")
]
_CompileAll = Annotated[
    bool, typer.Option("--compile", help="Byte-compile every module, not only those that were imported.")
]
_Keep = Annotated[
    int | None,
    typer.Option(min=1, metavar="N", help="Remove older releases until N are left (at least two stay)."),
]
_AllowOlder = Annotated[
    bool, typer.Option("--allow-older", help="Accept an older serial; receipt and record tell.")
]
_AllowOtherProduct = Annotated[
    bool, typer.Option("--allow-other-product", help="Let it replace another product under the prefix.")
]
_AllowOtherOs = Annotated[
    bool,
    typer.Option("--allow-other-os", help="Accept another OS release or an older C library if all fits."),
]


def install_command(
    bundle: _Bundle,
    *,
    key: TrustedKeys = None,
    threshold: Threshold = None,
    prefix: _Prefix = None,
    into: _Into = None,
    python: _Python = None,
    dry_run: _DryRun = False,
    with_system: _WithSystem = False,
    no_imports: NoImports = False,
    compile_all: _CompileAll = False,
    keep: _Keep = None,
    allow_older: _AllowOlder = False,
    allow_other_product: _AllowOtherProduct = False,
    allow_other_os: _AllowOtherOs = False,
    as_json: Json = False,
) -> None:
    """Verify a bundle and install it on this machine, without a network."""
    output.json = as_json
    check = trusted_checker(key or (), threshold)
    request = Request(
        bundle="",
        prefix=str(prefix.absolute()) if prefix else "",
        into=str(into.absolute()) if into else "",
        check=check,
        python=str(python) if python else "",
        dry_run=dry_run,
        imports=not no_imports,
        allow_other_os=allow_other_os,
        allow_older=allow_older,
        allow_other_product=allow_other_product,
        keep=keep,
        compile_all=compile_all,
        with_system=with_system,
    )
    if bool(prefix) == bool(into) or (into and (keep is not None or python)):
        raise OptionConflict(
            "name either --prefix or --into",
            remedy="--prefix makes releases side by side; --into renews an environment, whose Python is used",
        )
    with _at_hand(bundle, check) as path:
        _finish(install(request._replace(bundle=str(path.absolute())), _say), as_json)


@contextmanager
def _at_hand(bundle: str, check: Checker) -> Iterator[Path]:
    """A bundle's path; one of a registry is fetched, into a folder that ends with the context."""
    if "://" not in bundle:
        yield Path(bundle)
        return
    # Imported where it may be asked for: most bundles lie here.
    from parity.cli.commands.registry import pulled  # noqa: PLC0415
    from parity.registry import SCHEME, parse_reference  # noqa: PLC0415

    if not bundle.startswith(SCHEME):
        yield Path(bundle)
        return
    place = parse_reference(bundle)
    with tempfile.TemporaryDirectory(prefix="parity-pull-") as folder:
        with board(stderr(), verbose=output.verbose) as shown:
            done = pulled(place, Path(folder), check, shown)
        yield done.path


def rollback_command(
    release: Annotated[
        str, typer.Argument(metavar="RELEASE", help="Its id; the one installed before if not given.")
    ] = "",
    *,
    prefix: Prefix,
    no_imports: NoImports = False,
    as_json: Json = False,
) -> None:
    """Make an older release under a prefix current again; the prefix's record keeps that."""
    output.json = as_json
    found = releases.rollback(str(prefix.absolute()), release, not no_imports, _say)
    _finish(found, as_json)


def uninstall_command(
    *,
    prefix: Prefix,
    release: Annotated[
        str, typer.Option(metavar="RELEASE", help="Its id: this one alone, which is not the current one.")
    ] = "",
    yes: Annotated[
        bool, typer.Option("--yes", help="Remove it; without this, it is only said what would be removed.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Remove what was installed under a prefix, and nothing else."""
    output.json = as_json
    _finish(uninstall(str(prefix.absolute()), release, _say, yes), as_json)


def installed_command(*, prefix: Prefix, as_json: Json = False) -> None:
    """List the releases under a prefix."""
    output.json = as_json
    found = releases.installed(str(prefix.absolute()))
    _finish(found, as_json)
    for line in () if as_json else commands.installed_lines(found):
        stdout().print(Text("\n    ".join(printable_lines(line))))


def farside_command(
    path: Annotated[Path, typer.Option("--output", "-o", metavar="FILE", help="Where to write it.")] = Path(
        singlefile.NAME
    ),
    *,
    as_json: Json = False,
) -> None:
    """Write the far side as one readable Python file, to carry ahead together with the public key."""
    output.json = as_json
    data = singlefile.single_file().encode()
    write_atomic(path, data)
    digest = hashlib.sha256(data).hexdigest()
    if as_json:
        print_json({"file": str(path), "size": len(data), "sha256": digest})
        return
    stdout().print(Text(f"file    {path} ({size(len(data))})\nsha256  {digest}"))
    stderr().print("carry it and the public key by another way than the bundles; then, there:")
    stderr().print(f"  python3 {path.name} install BUNDLE --key SENDER.pub --prefix DIR", soft_wrap=True)


def _say(line: str) -> None:
    if not output.json:
        stdout().print(Text("\n    ".join(printable_lines(line))))


def _finish(document: Mapping[str, object], as_json: bool) -> None:
    if as_json:
        print_json(document)
