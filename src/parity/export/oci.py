"""An image as documents: its configuration, its manifest, and the index of a layout. Pure.

Sources: OCI image specification v1 (image configuration, manifest, image layout); Docker image specification
v1.2 for `manifest.json`, which `docker load` before 25 asks for.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

_EPOCH = "1970-01-01T00:00:00Z"
_TYPE = "application/vnd.oci.image."
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


@dataclass(frozen=True)
class ImageLayer:
    """An unpacked layer: its digest, `sha256:…`, which is its `diff_id`, too; bytes; how it came about."""

    digest: str
    size: int
    note: str


@dataclass(frozen=True)
class ImagePlan:
    """What an image says besides its layers.

    Attributes:
        name: the reference that it gets where it is loaded.
        platform: `os/architecture[/variant]`.
        environment: the base's variables, `NAME=value`.
        prefix: of the environment; its `bin` comes first on PATH.
        user: who runs in it where nobody says otherwise, `uid:gid`.
        entrypoint: what it runs; empty for the environment's Python.
        labels: also the manifest's annotations.
        gems: where Ruby finds the gems that it has; empty for none.
    """

    name: str
    platform: str
    environment: tuple[str, ...]
    prefix: str
    user: str
    entrypoint: tuple[str, ...]
    labels: Mapping[str, str]
    gems: str = ""


@dataclass(frozen=True)
class Described:
    """The documents of one image, each as its bytes."""

    config: bytes
    manifest: bytes
    index: bytes
    docker: bytes

    @property
    def config_digest(self) -> str:
        """SHA-256 in hexadecimal: what engines call the image's id."""
        return hashlib.sha256(self.config).hexdigest()

    @property
    def manifest_digest(self) -> str:
        """SHA-256 in hexadecimal: what registries call the image."""
        return hashlib.sha256(self.manifest).hexdigest()


LAYOUT = b'{"imageLayoutVersion":"1.0.0"}'


def describe(plan: ImagePlan, layers: Sequence[ImageLayer]) -> Described:
    """The documents: the same for the same plan and layers."""
    config = _json(_config(plan, layers))
    manifest = _json(
        {
            "schemaVersion": 2,
            "mediaType": _TYPE + "manifest.v1+json",
            "config": _descriptor("config.v1+json", config),
            "layers": [
                {"mediaType": _TYPE + "layer.v1.tar", "digest": each.digest, "size": each.size}
                for each in layers
            ],
            "annotations": dict(plan.labels),
        }
    )
    names = {"io.containerd.image.name": plan.name, "org.opencontainers.image.ref.name": plan.name}
    described = {**_descriptor("manifest.v1+json", manifest), "platform": _platform(plan.platform)}
    index = {
        "schemaVersion": 2,
        "mediaType": _TYPE + "index.v1+json",
        "manifests": [{**described, "annotations": names}],
    }
    paths = [blob_path(each.digest) for each in layers]
    digest = "sha256:" + hashlib.sha256(config).hexdigest()
    docker = {"Config": blob_path(digest), "RepoTags": [plan.name], "Layers": paths}
    return Described(config, manifest, _json(index), _json([docker]))


def for_engine(docker: bytes, name: str, own: str) -> bytes:
    """The `manifest.json` of an archive under another name for its image, with its last layer at a path."""
    return _json(
        [{**each, "RepoTags": [name], "Layers": [*each["Layers"][:-1], own]} for each in json.loads(docker)]
    )


def blob_path(digest: str) -> str:
    """Where a layout has the bytes of that digest."""
    return "blobs/" + digest.replace(":", "/")


def _config(plan: ImagePlan, layers: Sequence[ImageLayer]) -> dict[str, object]:
    # Of the base its variables alone: its labels, volumes and health checks speak of another image.
    inherited = dict(each.partition("=")[::2] for each in plan.environment)
    path = f"{plan.prefix}/bin:{inherited.get('PATH') or PATH}"
    variables = {**inherited, "PATH": path, "VIRTUAL_ENV": plan.prefix}
    if plan.gems:
        variables |= {"PATH": f"{plan.gems}/bin:{path}", "GEM_HOME": plan.gems}
    run: dict[str, object] = {
        "Env": [f"{name}={value}" for name, value in sorted(variables.items())],
        "User": plan.user,
        "WorkingDir": "/",
        "Labels": dict(plan.labels),
    }
    # As words, never as a line for a shell, which the image may lack.
    begins = list(plan.entrypoint) or [f"{plan.prefix}/bin/python"]
    run["Entrypoint" if plan.entrypoint else "Cmd"] = begins
    return {
        **_platform(plan.platform),
        "created": _EPOCH,
        "config": run,
        "rootfs": {"type": "layers", "diff_ids": [each.digest for each in layers]},
        "history": [{"created": _EPOCH, "created_by": each.note} for each in layers],
    }


def _platform(told: str) -> dict[str, str]:
    os, architecture, *variant = told.split("/")
    found = {"os": os, "architecture": architecture}
    return found | ({"variant": variant[0]} if variant else {})


def _descriptor(kind: str, data: bytes) -> dict[str, object]:
    digest = "sha256:" + hashlib.sha256(data).hexdigest()
    return {"mediaType": _TYPE + kind, "digest": digest, "size": len(data)}


def _json(document: object) -> bytes:
    return json.dumps(document, sort_keys=True, separators=(",", ":")).encode("ascii")
