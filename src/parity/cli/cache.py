"""`parity cache info | prune`: what earlier runs left for the next ones, and making it smaller."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from parity.cli.display import size
from parity.cli.options import Json
from parity.cli.output import output, print_json, stdout
from parity.cli.world import connected
from parity.docker_engine import DockerEngine
from parity.engine import Container, ContainerSpec, Mount, Network
from parity.engine.guests import guest_tar
from parity.engine.workshop import STORE, STORE_VOLUME
from parity.errors import ImageUnavailable
from parity.fetch import prune_store, store_info
from parity.host.folders import cache_folder
from parity.images import list_images
from parity.profile import shipped_root

app = typer.Typer(
    name="cache",
    help="Show and prune what is kept between runs.",
    no_args_is_help=True,
    rich_markup_mode="markdown",
)


@app.command("info")
def info(*, as_json: Json = False) -> None:
    """Show what is kept: wheels and uv's cache with the engine, measurements and tools on this machine."""
    output.json = as_json
    with connected() as engine, _store(engine) as container:
        store = asdict(store_info(container, "python3"))
    document = {"engine": {"volume": STORE_VOLUME, **store}, "host": _host()}
    if as_json:
        print_json(document)
        return
    console = stdout()
    console.print(f"with the engine, volume {STORE_VOLUME}:")
    console.print(f"  {store['wheels']} wheels, {size(store['bytes'])}, in {store['sets']} sets")
    console.print(
        f"  unfinished downloads {size(store['partial_bytes'])}, uv's cache {size(store['uv_cache_bytes'])}"
    )
    console.print(f"on this machine, {document['host']['folder']}: {size(document['host']['bytes'])}")


@app.command("prune", epilog="Example: `parity cache prune --days 30`")
def prune(
    *,
    days: Annotated[
        int, typer.Option(metavar="N", min=0, help="Remove wheels that no run has used for N days.")
    ] = 30,
    everything: Annotated[
        bool, typer.Option("--all", help="Remove all of it: wheels, uv's cache, measurements, tools.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Remove what has not been used for a while. Nothing is lost that cannot be fetched again."""
    output.json = as_json
    if everything:
        host = _host()
        shutil.rmtree(cache_folder(), ignore_errors=True)
        with connected() as engine:
            removed = engine.remove_volume(STORE_VOLUME)
        document: dict[str, Any] = {"volume_removed": removed, "host_bytes": host["bytes"]}
        text = f"removed volume {STORE_VOLUME} and {size(host['bytes'])} on this machine"
    else:
        with connected() as engine, _store(engine) as container:
            pruned = prune_store(container, "python3", days)
        document = asdict(pruned)
        text = f"removed {pruned.wheels} wheels, {size(pruned.bytes)}, and {pruned.sets} sets"
    if as_json:
        print_json(document)
    else:
        stdout().print(text)


def _host() -> dict[str, Any]:
    folder = cache_folder()
    return {"folder": str(folder), "bytes": sum(p.stat().st_size for p in _files(folder))}


def _files(folder: Path) -> Iterator[Path]:
    return (path for path in folder.rglob("*") if path.is_file() and not path.is_symlink())


@contextmanager
def _store(engine: DockerEngine) -> Iterator[Container]:
    """A container with the store and no network; any image with a Python does."""
    rows = list_images(shipped_root() / "images", engine)
    image = next((row.present for row in rows if row.present), None)
    if image is None:
        raise ImageUnavailable(
            "no image is present to look into the store with",
            remedy="`parity image build debian12-py311`, or `parity cache prune --all`",
        )
    engine.ensure_volume(STORE_VOLUME)
    spec = ContainerSpec(
        image=image.id,
        network=Network.NONE,
        purpose="cache",
        platform=image.platform,
        mounts=(Mount(STORE_VOLUME, STORE, read_only=False),),
    )
    with engine.container(spec) as container:
        container.put("/", guest_tar())
        container.start()
        yield container
