"""`parity split` and `parity join`: bundles on media that are smaller than they are."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
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
from parity.portable.texts import counted, printable
from parity.portable.transfer.join import Progress, check_volumes, find_volumes, join_volumes
from parity.portable.transfer.join_discs import check_discs, find_discs, join_discs
from parity.portable.transfer.volumes import HEADER_SIZE
from parity.volumes import parse_size, split_bundle, split_whole

SPLIT_EPILOG = f"""
`parity split web-1.0-rhel9.parity.tar --size 4GiB -o media` makes volumes, one for each disc

`parity split BUNDLE --whole-files --size 4.7GB -o media` cuts no file: a folder for each disc

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
    whole_files: Annotated[
        bool,
        typer.Option(
            "--whole-files", help="Cut no file: discs hold files under their own names, for sha256sum -c."
        ),
    ] = False,
    as_json: Json = False,
    verbose: Verbose = False,
) -> None:
    """Cut a bundle into volumes, each checkable on its own. Digests are checked, the signature is not."""
    output.json, output.verbose = as_json, verbose
    if whole_files:
        _split_whole(bundle, folder, most)
        return
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


def _split_whole(bundle: Path, folder: Path, most: int) -> None:
    with board(stderr(), verbose=output.verbose) as shown:
        made = split_whole(bundle, folder, most, shown.reporter(bundle.name))
        shown.finished(bundle.name, ok=True)
    if output.json:
        discs = [
            {"path": str(path), "number": disc.number, "size": count, "files": disc.discs[disc.number - 1]}
            for path, disc, count in made.discs
        ]
        print_json({"folder": str(made.folder), "payload_sha256": made.discs[0][1].payload, "discs": discs})
        return
    for path, disc, count in made.discs:
        files = counted(len(disc.discs[disc.number - 1]), "file")
        stdout().print(Text(f"{path}  {size(count)}, {files}"), soft_wrap=True)


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
        raise OptionConflict(
            "--check joins nothing, so there is nothing for -o to name", remedy="leave -o out, or --check"
        )
    named = [str(path) for path in volumes]
    discs = find_discs(named)
    if check:
        _show_checked(*((discs, _read_discs) if discs else (find_volumes(named), _read_volumes)))
    elif discs:
        _join_discs(discs, bundle)
    else:
        _join(find_volumes(named), bundle, verbose=verbose)


def _join_discs(discs: list[str], bundle: Path | None) -> None:
    title = bundle.name if bundle else "join"
    with board(stderr(), verbose=output.verbose) as shown:
        reporter = shown.reporter(title)
        sweep_leftovers(bundle.parent if bundle else Path())
        reporter.stage("join", counted(len(discs), "disc"))
        whole = join_discs(discs, str(bundle or ""), reporter.advance)
        shown.finished(title, ok=True)
    path = bundle or Path(whole.name)
    if output.json:
        document = {"bundle": str(path), "size": whole.size, "payload_sha256": whole.payload}
        print_json({**document, "discs": whole.total, "verified": False})
        return
    stdout().print(Text(f"{path}: {size(whole.size)} from {counted(whole.total, 'disc')}"), soft_wrap=True)
    _say_unverified(path)


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
    _say_unverified(path)


def _say_unverified(path: Path) -> None:
    # Joining needs no key, so the result is only as good as the media.
    stderr().print(f"who signed it was not checked: parity verify {path}", style="yellow", soft_wrap=True)


@dataclass(frozen=True)
class _CheckedPart:
    """A volume or disc that was read; `error` is empty where it is good."""

    path: str
    place: str
    error: str
    more: Mapping[str, object]

    @property
    def document(self) -> dict[str, object]:
        return {"path": self.path, "ok": not self.error, "error": self.error or None, **self.more}


def _show_checked(paths: list[str], read: Callable[[list[str], Progress], list[_CheckedPart]]) -> None:
    """Tell of each; the exit code says whether all are good."""
    with board(stderr(), verbose=output.verbose) as shown:
        reporter = shown.reporter("check")
        reporter.stage("read", str(len(paths)))
        found = read(paths, reporter.advance)
        shown.finished("check", ok=not any(one.error for one in found))
    bad = [one for one in found if one.error]
    if output.json:
        print_json({"ok": not bad, "volumes": [one.document for one in found]})
        if bad:
            raise typer.Exit(VolumeDamaged.exit_code)
        return
    for one in found:
        stdout().print(Text(printable(f"{one.path}  {one.place}  {one.error or 'good'}")), soft_wrap=True)
    if bad:
        raise VolumeDamaged(f"{len(bad)} of {len(found)} are bad")


def _read_volumes(paths: list[str], progress: Progress) -> list[_CheckedPart]:
    rows = []
    for one in check_volumes(paths, progress):
        told = one.volume
        place = f"{told.number} of {told.total} of {told.name}" if told else "?"
        rows.append(_CheckedPart(one.path, place, one.error, told._asdict() if told else {}))
    return rows


def _read_discs(files: list[str], _progress: Progress) -> list[_CheckedPart]:
    rows = []
    for one in check_discs(files):
        told = one.disc
        place = f"{told.number} of {told.total} of {told.name}" if told else "?"
        more = {"name": told.name, "number": told.number, "total": told.total} if told else {}
        rows.append(_CheckedPart(one.folder, place, one.error, more))
    return rows
