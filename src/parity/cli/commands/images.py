"""`parity image list | build`."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from parity.cli.shared.apps import App
from parity.cli.shared.display import Progress, board, size
from parity.cli.shared.options import Json, ProgressShown, Verbose
from parity.cli.shared.output import output, print_json, stderr, write_lines
from parity.cli.shared.world import connected, machine
from parity.errors import ImageUnavailable
from parity.host.network import host_network
from parity.images import (
    ImageMaker,
    ImageRow,
    builder_for,
    ensure_image,
    list_images,
    short_pin,
    target_of,
)
from parity.model import ImageSource, PinnedImage, SourcePlan
from parity.profile import shipped_root

app = App(name="image", help="List and make the targets' images.")


def image_folder(name: str) -> Path:
    """An image's folder: a path, or a name under ./images or among the shipped ones."""
    for folder in (Path(name), Path("images") / name, shipped_root() / "images" / name):
        if (folder / "Dockerfile").is_file():
            return folder.resolve()
    raise ImageUnavailable(
        f"there is no image folder {name}",
        remedy="`parity image list` shows them; `parity docs own-image` tells how to write one",
    )


@app.command("list", epilog="`parity image list --json`")
def list_command(*, as_json: Json = False) -> None:
    """List the image folders and what the engine has of them."""
    output.json = as_json
    root = Path("images") if Path("images").is_dir() else shipped_root() / "images"
    with connected() as engine:
        rows = list_images(root, engine)
    if as_json:
        print_json({"images": [_row(row) for row in rows]})
        return
    write_lines(table_of(rows))


def table_of(rows: Sequence[ImageRow]) -> list[str]:
    """A line for each image; names are never cut short: they are to be copied."""
    cells = [
        (
            row.name,
            row.tag or "needs its target",
            f"{size(row.present.size)}  {row.present.id[:19]}" if row.present else "not here",
            "bootstraps" if row.bootstraps else "",
        )
        for row in rows
    ]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    return [
        "  ".join(f"{cell:<{wide}}" for cell, wide in zip(row, widths, strict=True)).rstrip() for row in cells
    ]


def _row(row: ImageRow) -> dict[str, object]:
    present = row.present
    return {
        "name": row.name,
        "folder": str(row.folder),
        "tag": row.tag,
        "bootstraps": row.bootstraps,
        "id": present.id if present else None,
        "platform": present.platform if present else None,
        "size": present.size if present else None,
    }


@app.command("build", epilog="`parity image build debian11-py39 debian12-py311`")
def build_command(
    names: Annotated[list[str], typer.Argument(metavar="IMAGE", help="Image folders, or their names.")],
    *,
    arch: Annotated[
        str, typer.Option(metavar="ARCH", help="As `uname -m` says it; this engine's if not given.")
    ] = "",
    as_json: Json = False,
    verbose: Verbose = False,
    progress: ProgressShown = Progress.AUTO,
) -> None:
    """Make images present: found locally, built from their Dockerfile, or bootstrapped."""
    output.json, output.verbose = as_json, verbose
    here = machine()
    found: dict[str, PinnedImage] = {}
    with connected() as engine, board(stderr(), verbose=verbose, progress=progress) as shown:
        for name in names:
            folder = image_folder(name)
            reporter = shown.reporter(folder.name)
            reporter.stage("image")
            image = _ensured(folder, arch or here.arch, ImageMaker(engine, here, reporter))
            reporter.note(f"{image.origin}, {short_pin(image.pin)}")
            shown.finished(folder.name, ok=True)
            found[folder.name] = image
    if as_json:
        print_json(
            {name: {"id": i.id, "origin": i.origin, "platform": i.platform} for name, i in found.items()}
        )


def _ensured(folder: Path, arch: str, maker: ImageMaker) -> PinnedImage:
    """A target's image; or a builder's, and that of its target before it."""
    target = ImageSource(folder=target_of(folder) or folder)
    image = ensure_image(target, arch, maker)
    if target.folder == folder:
        return image
    plan = SourcePlan(builder=ImageSource(folder=folder))
    proxies = host_network(None, os.environ).proxies
    return builder_for(image, target, plan, arch, maker, proxies=proxies).image
