"""Removing what killed runs left at the engine, and never what a living run uses."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any

import docker.errors
from docker import APIClient

from parity.docker_engine.owner import PURPOSE, RUN, SCRATCH_IMAGES, is_abandoned, labels_in
from parity.engine import Living


def sweep(client: APIClient) -> tuple[str, ...]:
    """Remove abandoned containers, then abandoned scratch volumes and images; tells their names."""
    now, removed = time.time(), []
    # Containers first: volumes and images that they use cannot be removed.
    for container in client.containers(all=True, filters={"label": RUN}):
        name = str((container.get("Names") or [container["Id"]])[0]).lstrip("/")
        if is_abandoned(container.get("Labels") or {}, now) and _gone(
            partial(client.remove_container, name, v=True, force=True)
        ):
            removed.append(name)
    for volume in client.volumes(filters={"label": RUN}).get("Volumes") or ():
        name = str(volume["Name"])
        if is_abandoned(volume.get("Labels") or {}, now) and _gone(partial(client.remove_volume, name)):
            removed.append(name)
    for image in client.images(filters={"label": RUN}):
        name = _name(image)
        if is_abandoned(image.get("Labels") or {}, now) and _gone(
            partial(client.remove_image, name, force=True)
        ):
            removed.append(name)
    return (*removed, *_scratch_names(client, now))


def _scratch_names(client: APIClient, now: float) -> Iterator[str]:
    """Names of images that were loaded for a run that has ended; an image with another name stays."""
    for image in client.images(name=SCRATCH_IMAGES):
        for tag in map(str, image.get("RepoTags") or ()):
            told = labels_in(tag)
            if told and is_abandoned(told, now) and _gone(partial(client.remove_image, tag)):
                yield tag


def living(client: APIClient, own: str, purpose: str, volume: str) -> tuple[Living, ...]:
    """The containers of other runs, on whatever host, that nobody may disturb; see `Engine.living`.

    Args:
        client: of the engine.
        own: the id of this run.
        purpose: theirs; empty for any.
        volume: what they mount; empty for anything.
    """
    filters = {"label": f"{PURPOSE}={purpose}" if purpose else RUN, **({"volume": volume} if volume else {})}
    now, found = time.time(), []
    for container in client.containers(all=True, filters=filters):
        labels = container.get("Labels") or {}
        ended = container.get("State") in ("exited", "dead", "removing")
        if labels.get(RUN) == own or ended or is_abandoned(labels, now):
            continue
        name = str((container.get("Names") or [container["Id"]])[0]).lstrip("/")
        found.append(Living(name, int(container["Created"])))
    return tuple(found)


def _name(image: Mapping[str, Any]) -> str:
    """A tag, or the id where there is none: some engines then say `<none>:<none>` for a tag."""
    tags = (str(tag) for tag in image.get("RepoTags") or ())
    return next((tag for tag in tags if not tag.startswith("<none>")), str(image["Id"]))


def _gone(remove: Callable[[], None]) -> bool:
    try:
        remove()
    except docker.errors.NotFound:
        return False  # another run sweeps at the same time
    except docker.errors.APIError as error:
        if error.response is not None and error.response.status_code == 409:  # noqa: PLR2004 - conflict
            return False
        raise
    return True
