"""What a registry has under a reference, asked by this machine: an engine tells no platform's own digest."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import closing
from typing import Any

from docker.auth import resolve_repository_name
from docker.errors import DockerException

from parity.docker_engine.registry_wire import Cut
from parity.docker_engine.repository import Repository, checked_digest
from parity.docker_engine.translate import clean, innermost
from parity.engine import RegistryImage
from parity.errors import EngineRefused, RegistryDenied, RegistryFailed

_INDEXES = (
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
)
_KINDS = (
    *_INDEXES,
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.v2+json",
)
_ODD = (Cut, DockerException, OSError, ValueError, RecursionError, AttributeError, LookupError, TypeError)


def registry_image(reference: str, platform: str, login: Mapping[str, object] | None) -> RegistryImage:
    """The image that a registry has under a reference for one platform.

    Args:
        reference: `[HOST/]NAME[:TAG][@DIGEST]`.
        platform: `os/architecture[/variant]`.
        login: as the Docker command keeps it, None for asking as nobody.

    Raises:
        EngineRefused: the registry does not answer, has none, or says what cannot be.
    """
    plain, _, digest = reference.partition("@")
    try:
        host, path = resolve_repository_name(plain)
        folder, slash, last = path.rpartition("/")
        name, _, tag = last.partition(":")
        with closing(Repository(host, folder + slash + name, login)) as repository:
            return _image(repository, tag or "latest", digest, platform)
    except (RegistryFailed, RegistryDenied, EngineRefused) as error:
        raise EngineRefused(f"the registry does not tell of {clean(reference)}: {error.message}") from error
    except _ODD as error:
        raise EngineRefused(
            f"the registry does not tell of {clean(reference)}: {clean(innermost(error))}"
        ) from error


def _image(repository: Repository, tag: str, digest: str, platform: str) -> RegistryImage:
    kind, found, _, told = repository.document(f"manifests/{digest or tag}", digest, _KINDS)
    if kind in _INDEXES or "manifests" in found:
        digest = _of_platform(found["manifests"], platform)
        _, found, _, told = repository.document(f"manifests/{digest}", digest, _KINDS)
    wanted = checked_digest(found["config"]["digest"])
    config = repository.document(f"blobs/{wanted}", wanted).content
    return RegistryImage(told, tuple(checked_digest(layer) for layer in config["rootfs"]["diff_ids"]))


def _of_platform(manifests: Any, platform: str) -> str:
    wanted = _parts(*platform.split("/"))
    for each in manifests:
        said = each.get("platform") or {}
        if _parts(said.get("os", ""), said.get("architecture", ""), said.get("variant", "")) == wanted:
            return checked_digest(each["digest"])
    raise EngineRefused(f"it has none for {platform}")


def _parts(system: str, architecture: str, variant: str = "") -> tuple[str, str, str]:
    """A platform's parts; the variants that engines add or leave out for the same processor are implied."""
    implied = {"arm64": "v8", "arm": "v7"}.get(architecture, "")
    return system, architecture, variant or implied
