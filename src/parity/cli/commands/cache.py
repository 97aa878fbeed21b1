"""`parity cache info | prune`: what earlier runs left for the next ones, and making it smaller."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from parity.cli.shared.apps import App
from parity.cli.shared.display import size
from parity.cli.shared.options import Json
from parity.cli.shared.output import output, print_json, stderr, stdout
from parity.cli.shared.world import connected, kept_layers
from parity.docker_engine import DockerEngine
from parity.engine import Container, ContainerSpec, ImageInfo, Mount, Network
from parity.engine.guests import Guest, guest_tar
from parity.engine.workshop import PRUNING, STORE, STORE_VOLUME, beside_pruning
from parity.errors import EngineRefused, ImageUnavailable, WriteFailed
from parity.fetch import prune_store, store_info
from parity.host.cachelock import clear_cache
from parity.host.folders import cache_folder
from parity.images import list_images
from parity.portable.texts import counted
from parity.profile import shipped_root

# Seconds for running builds to end.
_PATIENCE = 600
_LOOK_AGAIN = 0.5

app = App(name="cache", help="Show and prune what is kept between runs.")


@app.command("info")
def info(*, as_json: Json = False) -> None:
    """Show what is kept: wheels and uv's cache with the engine, tools, layers and more on this machine."""
    output.json = as_json
    with connected() as engine, _store(engine) as container:
        store = asdict(store_info(Guest(container, "python3")))
    folder = cache_folder()
    kept = _size_of(folder)
    if as_json:
        host = {"folder": str(folder), "bytes": kept}
        print_json({"engine": {"volume": STORE_VOLUME, **store}, "host": host})
        return
    console = stdout()
    console.print(f"with the engine, volume {STORE_VOLUME}:")
    console.print(
        f"  {counted(store['wheels'], 'wheel')}, {size(store['bytes'])}, in {counted(store['sets'], 'set')}"
    )
    console.print(
        f"  unfinished downloads {size(store['partial_bytes'])}, uv's cache {size(store['uv_cache_bytes'])}"
    )
    console.print(f"on this machine, {folder}: {size(kept)}")


@app.command("prune", epilog="`parity cache prune --days 30`")
def prune(
    *,
    days: Annotated[
        int,
        typer.Option(metavar="N", min=0, help="Remove wheels and layers that were not used for N days."),
    ] = 30,
    everything: Annotated[
        bool, typer.Option("--all", help="Remove all of it: wheels, uv's cache, measurements, tools, layers.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Remove what has not been used for a while. Nothing is lost that cannot be fetched again."""
    output.json = as_json
    document, text = _clear() if everything else _prune(days)
    if as_json:
        print_json(document)
    else:
        stdout().print(text)


def _clear() -> tuple[dict[str, object], str]:
    """Remove all of it, when nobody uses it."""
    try:
        with connected(clearing=True) as engine, _announced(engine):
            freed = _size_of(cache_folder())
            removed = _remove_store(engine)
            clear_cache(cache_folder())
    except OSError as error:
        message = f"the cache folder cannot be cleared: {error.strerror}"
        raise WriteFailed(message, where=str(error.filename or cache_folder())) from error
    text = f"removed volume {STORE_VOLUME} and {size(freed)} on this machine"
    return {"volume_removed": removed, "host_bytes": freed}, text


def _prune(days: int) -> tuple[dict[str, object], str]:
    """Remove what is old, and nothing that a run uses at this moment."""
    with connected() as engine, _announced(engine), _store(engine, pruning=True) as container:
        users = engine.living(volume=STORE_VOLUME)
        since = min((user.created for user in users), default=None)
        pruned = prune_store(Guest(container, "python3"), days, since)
    layers, layer_bytes = _prune_layers(days)
    text = (
        f"removed {counted(pruned.wheels, 'wheel')}, {size(pruned.bytes)}, and {counted(pruned.sets, 'set')}"
    )
    text += f"; what {len(users)} running containers use stays" if users else ""
    text += f"\nremoved {counted(layers, 'layer')} of base images, {size(layer_bytes)}, on this machine"
    document = {**asdict(pruned), "in_use": len(users), "layers": layers, "layer_bytes": layer_bytes}
    return document, text


def _prune_layers(days: int) -> tuple[int, int]:
    """Remove the layers that no export has used for so many days, beside exports that read them."""
    try:
        return kept_layers().prune(days)
    except OSError as error:
        message = f"the cache folder cannot be pruned: {error.strerror}"
        raise WriteFailed(message, where=str(error.filename or cache_folder())) from error


@contextmanager
def _announced(engine: DockerEngine) -> Iterator[None]:
    """Show that a pruning goes on: runs that want the store wait, see `beside_pruning`.

    Where there is no image to make a container of, no run has one either.
    """
    image = _present_image(engine)
    if image is None:
        yield
        return
    spec = ContainerSpec(image=image.id, network=Network.NONE, purpose=PRUNING, platform=image.platform)
    # Longer than we wait: the sign must not vanish while we still prune. It ends by itself if we are killed.
    with engine.container(replace(spec, lifetime=_PATIENCE + 300)):
        yield


def _remove_store(engine: DockerEngine) -> bool:
    """Remove the store when the last run that uses it has ended.

    Raises:
        EngineRefused: one uses it for longer than anybody would wait; it is named.
    """
    deadline, told = time.monotonic() + _PATIENCE, False
    while True:
        users = engine.living(volume=STORE_VOLUME)
        if not users and (removed := _removed(engine)) is not None:
            return removed
        if time.monotonic() > deadline:
            raise EngineRefused(
                f"the store is in use by {', '.join(user.name for user in users) or 'another container'}",
                where=f"volume {STORE_VOLUME}",
                remedy="try again when that has ended; `parity cache prune --days N` need not wait",
            )
        if users and not told:
            stderr().print(f"waiting for {len(users)} containers that use the store", style="dim")
            told = True
        time.sleep(_LOOK_AGAIN)


def _removed(engine: DockerEngine) -> bool | None:
    """Whether there was a store to remove; None where a run looks in that will go back and wait."""
    try:
        return engine.remove_volume(STORE_VOLUME)
    except EngineRefused:
        return None


def _size_of(folder: Path) -> int:
    return sum(path.stat().st_size for path in _files(folder))


def _files(folder: Path) -> Iterator[Path]:
    return (path for path in folder.rglob("*") if path.is_file() and not path.is_symlink())


def _present_image(engine: DockerEngine) -> ImageInfo | None:
    """Any image with a Python does."""
    rows = list_images(shipped_root() / "images", engine)
    return next((row.present for row in rows if row.present), None)


@contextmanager
def _store(engine: DockerEngine, *, pruning: bool = False) -> Iterator[Container]:
    """A container with the store and no network; while nobody else prunes it, unless we do."""
    image = _present_image(engine)
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
    with (engine.container if pruning else partial(beside_pruning, engine))(spec) as container:
        container.put("/", guest_tar())
        container.start()
        yield container
