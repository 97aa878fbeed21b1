"""The engine protocol over the SDK's low-level client."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from functools import cached_property
from typing import Any

import docker.errors
from docker import APIClient, auth

from parity.docker_engine import images
from parity.docker_engine.container import DockerContainer
from parity.docker_engine.described import is_containerd_store, is_rootless, unlimited
from parity.docker_engine.endpoints import Endpoint
from parity.docker_engine.hostconfig import host_config
from parity.docker_engine.logins import Logins
from parity.docker_engine.owner import RUN, Run
from parity.docker_engine.registry import registry_image
from parity.docker_engine.removals import Removals
from parity.docker_engine.shield import whole
from parity.docker_engine.sweep import living, sweep
from parity.docker_engine.translate import clean, refused, translated
from parity.engine import Container, ContainerSpec, EngineInfo, ImageInfo, Living, RegistryImage
from parity.errors import EngineRefused, Interrupted

_SCRATCH_LIFETIME = 6 * 3600
_REMOVAL_SECONDS = 60


class DockerEngine:
    """A Docker engine, or Podman's compatible service. Made by `connect`; safe to share by threads."""

    def __init__(
        self,
        client: APIClient,
        endpoint: Endpoint,
        logins: Logins | None = None,
        versions: Mapping[str, Any] | None = None,
    ) -> None:
        self._client = client
        self._logins = logins or Logins({}, {}, {})
        self._endpoint = endpoint
        self._address = endpoint.shown
        self._run = Run()
        self._interrupted = threading.Event()
        self._removals = Removals()
        self._pullable: dict[str, bool] = {}
        self._told = versions

    @property
    def run_id(self) -> str:
        """What labels everything that this run starts."""
        return self._run.id

    def info(self) -> EngineInfo:
        """Who answers, and where; see `parity.engine.Engine`."""
        with translated(self._address, "describe itself"):
            version, info = self._versions, self._client.info()
            return EngineInfo(
                name="Docker" if self._component == "Engine" else self._component,
                version=str(version.get("Version", "")),
                api_version=self._client.api_version,
                platform=f"{version.get('Os', 'linux')}/{version.get('Arch', '')}",
                address=self._address,
                cpus=int(info.get("NCPU", 0)),
                memory=int(info.get("MemTotal", 0)),
                storage_driver=str(info.get("Driver", "")),
                root=str(info.get("DockerRootDir", "")),
                rootless=is_rootless(info),
                unlimited=unlimited(info),
                # Docker's own store looks for each layer by the digests up to it before it reads one.
                keeps_layers=not self._is_podman and not is_containerd_store(info),
            )

    @cached_property
    def _versions(self) -> Mapping[str, Any]:
        """As `connect` heard them: Podman takes seconds to tell them."""
        return self._client.version() if self._told is None else self._told

    @property
    def _component(self) -> str:
        """What the engine calls itself: Docker says "Engine", Podman "Podman Engine"."""
        return str((self._versions.get("Components") or [{}])[0].get("Name") or "Engine")

    @property
    def _is_podman(self) -> bool:
        return self._component.startswith("Podman")

    def image(self, reference: str) -> ImageInfo | None:
        """The local image; see `parity.engine.Engine`."""
        with translated(self._address, f"look for image {reference}"):
            found = images.inspect(self._client, reference)
            if found is None or not self._makes_digests_up:
                return found
        return replace(found, digests=tuple(filter(self._can_be_pulled, found.digests)))

    def image_of(self, layers: Sequence[str], platform: str) -> ImageInfo | None:
        """A local image with these layers; see `parity.engine.Engine`."""
        with translated(self._address, "look through its images"):
            return images.of_layers(self._client, layers, platform)

    @cached_property
    def _makes_digests_up(self) -> bool:
        """Whether each local image gets a digest, be it in a registry or not (containerd's image store)."""
        return is_containerd_store(self._client.info())

    def _can_be_pulled(self, digest: str) -> bool:
        if digest not in self._pullable:
            self._pullable[digest] = not self.registry_problem(digest)
        return self._pullable[digest]

    def pull(self, reference: str, platform: str, on_line: Callable[[str], None]) -> ImageInfo:
        """Fetch an image from its registry; see `parity.engine.Engine`."""
        doing = f"pull {reference}"
        try:
            with translated(self._address, doing):
                images.pull(self._client, reference, platform, on_line, doing)
        except EngineRefused as refusal:
            told = (*refusal.details, *self.login_troubles)
            raise EngineRefused(refusal.message, where=refusal.where, details=told) from refusal
        return self._present(reference, doing)

    def build(
        self,
        context: bytes,
        tag: str,
        platform: str,
        on_line: Callable[[str], None],
        arguments: Mapping[str, str] | None = None,
    ) -> ImageInfo:
        """Build an image; see `parity.engine.Engine`."""
        doing = f"build {tag}"
        with translated(self._address, doing):
            images.build(self._client, context, tag, platform, on_line, doing, arguments=arguments or {})
        return self._present(tag, doing)

    def load(self, archive: Iterable[bytes], tag: str) -> ImageInfo:
        """Load an image archive and tag it; see `parity.engine.Engine`."""
        doing = f"load {tag}"
        with translated(self._address, doing):
            loaded = images.load(self._client, archive, doing)
        self.tag(loaded, tag)
        return self._present(tag, doing)

    def save(self, image_id: str) -> Iterator[bytes]:
        """An image as an archive; see `parity.engine.Engine`."""
        with translated(self._address, f"save image {image_id}"):
            yield from images.save(self._client, image_id)

    @contextmanager
    def loaded_image(self, archive: Callable[[str], Iterable[bytes]]) -> Iterator[str]:
        """An image out of an archive, for this run alone; see `parity.engine.Engine`."""
        name = self._run.image_name(_SCRATCH_LIFETIME)
        try:
            yield whole(lambda: self.load(archive(name), name)).id
        finally:
            whole(lambda: self._begin_after_users(lambda: self._remove_image(name)))

    def tag(self, reference: str, tag: str) -> None:
        """Give a local image one more name; see `parity.engine.Engine`."""
        # The first colon: our tags carry no registry, and so no port.
        name, _, version = tag.partition(":")
        with translated(self._address, f"tag {tag}"):
            self._client.tag(reference, name, version or "latest", force=True)

    @contextmanager
    def container(self, spec: ContainerSpec) -> Iterator[DockerContainer]:
        """Create a container; leaving the context removes it; see `parity.engine.Engine`."""
        name = self._run.name(spec.purpose)
        self._go_on()
        try:
            # Whole: a container that was made and whose id was not heard could not be removed.
            container_id = whole(lambda: self._create(name, spec))
            self._go_on()  # `interrupt` may have looked just before it was there
            yield DockerContainer(self._client, self._endpoint, container_id)
        finally:
            # By name: a signal may have come between the creation and its answer.
            whole(lambda: self._removals.begin(lambda: self._remove(name)))

    def ensure_volume(self, name: str) -> None:
        """Make a named volume that is kept; see `parity.engine.Engine`."""
        with translated(self._address, f"make volume {name}"):
            self._client.create_volume(name)

    @contextmanager
    def scratch_volume(self) -> Iterator[str]:
        """A volume for this run alone; see `parity.engine.Engine`."""
        name = self._run.name("scratch")
        labels = self._run.labels("scratch", _SCRATCH_LIFETIME)
        try:
            with translated(self._address, "make a scratch volume"):
                whole(lambda: self._client.create_volume(name, labels=labels))
            yield name
        finally:
            whole(lambda: self._begin_after_users(lambda: self._remove_volume(name)))

    @contextmanager
    def scratch_image(self, container: Container) -> Iterator[str]:
        """A container's files as an image for this run alone; see `parity.engine.Engine`."""
        name, labels = self._run.name("image"), self._run.labels("image", _SCRATCH_LIFETIME)
        try:
            with translated(self._address, "make an image of a container"):
                image_id = whole(lambda: images.commit(self._client, container.id, name, labels))
            yield image_id
        finally:
            # By name: a signal may have come between its making and the answer.
            whole(lambda: self._begin_after_users(lambda: self._remove_image(name)))

    def living(self, *, purpose: str = "", volume: str = "") -> tuple[Living, ...]:
        """Containers of other runs that live; see `parity.engine.Engine`."""
        self._go_on()
        with translated(self._address, "list containers"):
            return living(self._client, self._run.id, purpose, volume)

    def settle(self) -> None:
        """Wait for the removals that were begun; see `parity.engine.Engine`."""
        self._removals.settle()

    def remove_volume(self, name: str) -> bool:
        """Remove a named volume; see `parity.engine.Engine`."""
        self._removals.wait()  # containers that used it
        return self._remove_volume(name)

    def _remove_volume(self, name: str) -> bool:
        with translated(self._address, f"remove volume {name}"):
            try:
                self._client.remove_volume(name)
            except docker.errors.NotFound:
                return False
        return True

    def interrupt(self) -> None:
        """End this run's containers and start no more; see `parity.engine.Engine`."""
        self._interrupted.set()
        with translated(self._address, "end this run's containers"):
            # By label and not from a list of ours: other threads may be in the middle of making some.
            mine = self._client.containers(all=True, filters={"label": f"{RUN}={self._run.id}"})
        for container in mine:
            self._remove(container["Id"])

    def registry_problem(self, reference: str) -> str:
        """Ask the registry for an image's digest; see `parity.engine.Engine`."""
        with translated(self._address, "ask a container registry"):
            try:
                self._client.inspect_distribution(reference)  # type: ignore[no-untyped-call]
            except docker.errors.APIError as error:
                return "; ".join([clean(str(error.explanation or error)), *self.login_troubles])
        return ""

    def registry_image(self, reference: str, platform: str) -> RegistryImage:
        """Ask the registry for an image's own manifest; see `parity.engine.Engine`."""
        host, _ = auth.resolve_repository_name(reference.partition("@")[0])
        return registry_image(reference, platform, self._logins.resolve_authconfig(host))

    @property
    def login_troubles(self) -> tuple[str, ...]:
        """What was wrong with the helpers that keep logins, a sentence each."""
        return tuple(self._logins.troubles)

    def sweep(self) -> tuple[str, ...]:
        """Remove what killed runs left; see `parity.engine.Engine`."""
        with translated(self._address, "remove leftovers"):
            return sweep(self._client)

    def close(self) -> None:
        """Close the idle connections, after the removals that were begun."""
        self._removals.wait()
        self._client.close()

    def _go_on(self) -> None:
        if self._interrupted.is_set():
            raise Interrupted("interrupted")

    def _present(self, reference: str, doing: str) -> ImageInfo:
        found = self.image(reference)
        if found is None:
            raise refused(doing, "it said that it was done, but the image is not there")
        return found

    def _create(self, name: str, spec: ContainerSpec) -> str:
        with translated(self._address, f"create a container from {spec.image}"):
            created = self._client.create_container(
                spec.image,
                # `sleep` of the image keeps it alive for `exec`, and ends it although we were killed.
                command=[str(spec.lifetime)],
                entrypoint=["sleep"],
                name=name,
                user=spec.user,
                working_dir="/",
                environment=dict(spec.environment),
                labels=self._run.labels(spec.purpose, spec.lifetime),
                host_config=self._client.create_host_config(**host_config(spec, podman=self._is_podman)),
                # The image's own check would run its code beside ours.
                healthcheck={"test": ["NONE"]},
                platform=spec.platform,
                use_config_proxy=False,  # the caller's proxies may hold credentials
            )
            return str(created["Id"])

    def _begin_after_users(self, remove: Callable[[], object]) -> None:
        """Begin to remove a volume or image; its containers, whose removals began before, go first."""
        users = self._removals.under_way()

        def last() -> None:
            for ended in users:
                ended.wait()
            remove()

        self._removals.begin(last)

    def _remove_image(self, name: str) -> None:
        with translated(self._address, "remove an image"), suppress(docker.errors.NotFound):
            self._client.remove_image(name, force=True)

    def _remove(self, name: str) -> None:
        """Remove a container; it is gone afterwards, whoever else removes it at the same time."""
        deadline = time.monotonic() + _REMOVAL_SECONDS
        with translated(self._address, "remove a container"):
            while not self._removed(name, deadline):
                time.sleep(0.05)

    def _removed(self, name: str, deadline: float) -> bool:
        """Ask for a removal; False while somebody else's is under way."""
        try:
            # `v`: also the anonymous volumes of the image's VOLUME lines, which nobody else would remove.
            self._client.remove_container(name, v=True, force=True)
        except docker.errors.NotFound:
            return True
        except docker.errors.APIError as error:
            # Docker has no status of its own for that, only these words with 409.
            if "already in progress" not in str(error.explanation) or time.monotonic() > deadline:
                raise
            return False
        return True
