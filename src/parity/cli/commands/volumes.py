"""`parity split` and `parity join`: bundles on media that are smaller than they are."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from parity.cli.shared.display import board, size
from parity.cli.shared.options import Json, Verbose
from parity.cli.shared.output import output, print_json, stderr, stdout
from parity.errors import OptionConflict
from parity.files import sweep_leftovers
from parity.portable.errors import VolumeDamaged
from parity.portable.texts import counted
from parity.portable.transfer.join import Checked, check_volumes, find_volumes, join_volumes
from parity.portable.transfer.volumes import HEADER_SIZE
from parity.volumes import parse_size, split_bundle

SPLIT_EPILOG = f"""
`parity split web-1.0-rhel9.parity.tar --size 4GiB -o media` makes volumes, one for each disc

`for v in NAME.vol-*; do tail -c +{HEADER_SIZE + 1} "$v"; done > NAME` puts them together without parity
"""
JOIN_EPILOG = """
`parity join --check /media/disc` looks at one disc

`parity join media -o BUNDLE` puts the bundle together

`parity verify BUNDLE` comes next: only then is it known who signed it
"""


def _size(text: str) -> int:
    try:
        return parse_size(text)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error


def split_command(
    bundle: Annotated[Path, typer.Argument(metavar="BUNDLE", help="A *.parity.tar file.")],
    *,
    most: Annotated[
        int,
        typer.Option(
            "--size",
            metavar="SIZE",
            parser=_size,
            help="4GiB, 700MB, 1048576: each volume is smaller than this, so 4GiB fits FAT32.",
        ),
    ],
    folder: Annotated[Path, typer.Option("--output", "-o", metavar="DIR", help="Where the volumes go.")],
    as_json: Json = False,
    verbose: Verbose = False,
) -> None:
    """Cut a bundle into volumes, each checkable on its own. Digests are checked, the signature is not."""
    output.json, output.verbose = as_json, verbose
    with board(stderr(), verbose=verbose) as shown:
        sweep_leftovers(folder)
        made = split_bundle(bundle, folder, most, shown.reporter(bundle.name))
        shown.finished(bundle.name, ok=True)
    if as_json:
        volumes = [{"path": str(path), **volume._asdict()} for path, volume in made.volumes]
        print_json({"sha256": made.sha256, "volumes": volumes})
        return
    for path, volume in made.volumes:
        stdout().print(Text(f"{path}  {size(HEADER_SIZE + volume.size)}"), soft_wrap=True)


def join_command(
    volumes: Annotated[
        list[Path], typer.Argument(metavar="DIR|FILE...", help="Volumes in any order, or folders of them.")
    ],
    *,
    bundle: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="BUNDLE", help="The bundle; its own name here if not given."),
    ] = None,
    check: Annotated[
        bool, typer.Option("--check", help="Join nothing: read each volume and say whether it is good.")
    ] = False,
    as_json: Json = False,
    verbose: Verbose = False,
) -> None:
    """Put a bundle together from its volumes, whole or not at all. Verify it afterwards."""
    output.json, output.verbose = as_json, verbose
    if check and bundle is not None:
        raise OptionConflict("--check joins nothing, so there is nothing for -o to name")
    paths = find_volumes([str(path) for path in volumes])
    if check:
        _show_checked(paths, verbose=verbose)
    else:
        _join(paths, bundle, verbose=verbose)


def _join(paths: list[str], bundle: Path | None, *, verbose: bool) -> None:
    title = bundle.name if bundle else "join"
    with board(stderr(), verbose=verbose) as shown:
        reporter = shown.reporter(title)
        sweep_leftovers(bundle.parent if bundle else Path())
        reporter.stage("join", counted(len(paths), "volume"))
        whole = join_volumes(paths, str(bundle or ""), reporter.advance)
        shown.finished(title, ok=True)
    path = bundle or Path(whole.name)
    if output.json:
        document = {"bundle": str(path), "size": whole.bundle_size, "sha256": whole.bundle_sha256}
        print_json({**document, "volumes": whole.total, "verified": False})
        return
    stdout().print(
        Text(f"{path}: {size(whole.bundle_size)} from {counted(whole.total, 'volume')}"), soft_wrap=True
    )
    # Joining needs no key, so the result is only as good as the media.
    stderr().print(f"who signed it was not checked: parity verify {path}", style="yellow", soft_wrap=True)


def _show_checked(paths: list[str], *, verbose: bool) -> None:
    """Tell of each volume; the exit code says whether all are good."""
    with board(stderr(), verbose=verbose) as shown:
        reporter = shown.reporter("check")
        reporter.stage("read", counted(len(paths), "volume"))
        found = check_volumes(paths, reporter.advance)
        shown.finished("check", ok=not any(one.error for one in found))
    bad = [one for one in found if one.error]
    if output.json:
        print_json({"ok": not bad, "volumes": [_document(one) for one in found]})
        if bad:
            raise typer.Exit(VolumeDamaged.exit_code)
        return
    for one in found:
        stdout().print(Text(f"{one.path}  {_place(one)}  {one.error or 'good'}"), soft_wrap=True)
    if bad:
        raise VolumeDamaged(f"{len(bad)} of {len(found)} volumes are bad")


def _place(one: Checked) -> str:
    return f"{one.volume.number} of {one.volume.total} of {one.volume.name}" if one.volume else "?"


def _document(one: Checked) -> dict[str, object]:
    header = one.volume._asdict() if one.volume else {}
    return {"path": one.path, "ok": not one.error, "error": one.error or None, **header}
