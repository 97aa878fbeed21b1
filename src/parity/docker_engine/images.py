"""Images at the engine: inspect, pull, build, load; the engine's progress documents read line by line."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

import docker.errors
from docker import APIClient

from parity.docker_engine.translate import Upload, clean, refused
from parity.engine import ImageInfo

_DETAILS = 40
_SAVE_CHUNK = 1 << 20
_LOADED = ("Loaded image ID: ", "Loaded image: ")


def inspect(client: APIClient, reference: str) -> ImageInfo | None:
    """The local image of that name, digest or id; None where there is none."""
    untyped: Any = client  # the stubs leave this method without types
    try:
        found = untyped.inspect_image(reference)
    except docker.errors.NotFound:
        return None
    parts = (found.get("Os"), found.get("Architecture"), found.get("Variant"))
    return ImageInfo(
        id=str(found["Id"]),
        digests=tuple(found.get("RepoDigests") or ()),
        platform="/".join(part for part in parts if part),
        size=int(found.get("Size") or 0),
        layers=tuple(str(layer) for layer in (found.get("RootFS") or {}).get("Layers") or ()),
        environment=tuple(str(each) for each in (found.get("Config") or {}).get("Env") or ()),
    )


def of_layers(client: APIClient, layers: Sequence[str], platform: str) -> ImageInfo | None:
    """A local image with exactly these layers; no list tells them, so each image is asked."""
    for image_id in sorted(set(client.images(quiet=True))):
        found = inspect(client, str(image_id))
        if found is not None and found.layers == tuple(layers) and found.platform == platform:
            return found
    return None


def pull(
    client: APIClient, reference: str, platform: str, on_line: Callable[[str], None], doing: str
) -> None:
    """Pull an image, telling each layer's states (not every byte).

    Raises:
        EngineRefused: the registry, or the way to it, failed.
    """
    told: dict[str, str] = {}
    # The status is 200 before anything was pulled; what failed comes as an event.
    for event in client.pull(reference, stream=True, decode=True, platform=platform):
        _raise_error(event, doing, ())
        layer, status = str(event.get("id", "")), str(event.get("status", ""))
        if told.get(layer) != status:
            told[layer] = status
            on_line(clean(f"{layer}: {status}" if layer else status))


def build(
    client: APIClient,
    context: bytes,
    tag: str,
    platform: str,
    on_line: Callable[[str], None],
    doing: str,
    *,
    arguments: Mapping[str, str],
) -> None:
    """Build an image from a tar of its folder.

    Raises:
        EngineRefused: with the end of the build's output as details.
    """
    lines: list[str] = []
    events = client.build(
        fileobj=io.BytesIO(context),
        custom_context=True,
        tag=tag,
        platform=platform,
        buildargs=dict(arguments),
        # Both: intermediate containers go, whether a step failed or not.
        rm=True,
        forcerm=True,
        decode=True,
        # Here it is wanted: a Dockerfile's commands may need it, and these arguments stay out of the
        # image's history (Dockerfile reference, predefined ARGs).
        use_config_proxy=True,
    )
    for event in events:
        _raise_error(event, doing, tuple(lines[-_DETAILS:]))
        for line in str(event.get("stream") or event.get("status") or "").splitlines():
            if line.strip():
                lines.append(clean(line))
                on_line(lines[-1])


def commit(client: APIClient, container_id: str, name: str, labels: Mapping[str, str]) -> str:
    """Make an image of a container's files, under a name and with labels; gives its id."""
    untyped: Any = client
    # As instructions, which Podman's service understands as well.
    changes = "\n".join(f'LABEL {key}="{value}"' for key, value in labels.items())
    made = untyped.commit(container_id, repository=name, changes=changes)
    # Podman 4 leaves the algorithm out, and then takes the bare digits for a name that cannot be.
    return f"sha256:{str(made['Id']).removeprefix('sha256:')}"


def save(client: APIClient, image_id: str) -> Iterator[bytes]:
    """An image as an archive, in chunks."""
    untyped: Any = client
    yield from untyped.get_image(image_id, chunk_size=_SAVE_CHUNK)


def load(client: APIClient, archive: Iterable[bytes], doing: str) -> str:
    """Load an image archive; gives the image's id or name.

    Raises:
        EngineRefused: it is no such archive.
    """
    untyped: Any = client
    upload = Upload(archive)
    said: list[str] = []
    try:
        # `quiet`: no progress of each layer; the id's line comes all the same.
        for event in untyped.load_image(iter(upload), quiet=True):
            _raise_error(event, doing, ())
            said += str(event.get("stream") or "").splitlines()
    finally:
        upload.raise_own()
    return next(_loaded(said), "") or _nothing_loaded(doing, said)


def _loaded(said: Iterable[str]) -> Iterator[str]:
    for line in said:
        for words in _LOADED:
            if line.startswith(words):
                yield line[len(words) :].strip()


def _nothing_loaded(doing: str, said: list[str]) -> str:
    raise refused(doing, " ".join(said) or "the archive holds no image")


def _raise_error(event: Mapping[str, object], doing: str, details: tuple[str, ...]) -> None:
    if "error" in event:
        raise refused(doing, str(event["error"]), details=details)
