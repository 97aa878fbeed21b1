"""The engine's protocol: the one narrow door to containers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Protocol

from parity.engine.spec import ContainerSpec, EngineInfo, ExecResult, ImageInfo, Living, RegistryImage

Listener = Callable[[bytes], None]


class Container(Protocol):
    """A container that exists; it is removed when its context ends, by whatever door."""

    @property
    def id(self) -> str:
        """The engine's id."""

    def put(self, path: str, archive: bytes | Iterable[bytes]) -> None:
        """Unpack a tar archive at `path`. Works before `start`; with a read-only root only into a volume."""

    def start(self) -> None:
        """Start it; it then waits for `exec` until its lifetime ends."""

    def exec(
        self,
        argv: Sequence[str],
        *,
        stdin: bytes = b"",
        environment: Mapping[str, str] | None = None,
        user: str = "",
        workdir: str = "",
        timeout: float | None = None,
        on_stdout: Listener | None = None,
        on_stderr: Listener | None = None,
    ) -> ExecResult:
        """Run a command, feed it `stdin`, close that, and wait.

        The listeners hear the chunks as they come; a stream with a listener is not kept in the
        result. stdin is where secrets pass: it is recorded nowhere.

        Raises:
            TimeoutError: it took longer than `timeout` seconds (the command is killed).
            EngineLost: the engine went away.
        """

    def kill(self) -> None:
        """End all that runs in it, at once; what waits for its commands hears of their end."""

    def get(self, path: str) -> Iterator[bytes]:
        """The file or folder at `path` as a tar stream; members in lexical order of their names.

        Works before `start` and after, for volumes too.
        """


class Engine(Protocol):
    """A container engine, local or remote. All methods raise EngineLost or EngineRefused."""

    def info(self) -> EngineInfo:
        """Who answers, and where."""

    def image(self, reference: str) -> ImageInfo | None:
        """The local image of that name, digest or id; None where there is none."""

    def image_of(self, layers: Sequence[str], platform: str) -> ImageInfo | None:
        """A local image with exactly these layers, under whatever name or none; None where there is none."""

    def pull(self, reference: str, platform: str, on_line: Callable[[str], None]) -> ImageInfo:
        """Fetch an image from its registry."""

    def build(
        self,
        context: bytes,
        tag: str,
        platform: str,
        on_line: Callable[[str], None],
        arguments: Mapping[str, str] | None = None,
    ) -> ImageInfo:
        """Build an image from a tar of its folder (with a Dockerfile); `arguments` for its ARG lines."""

    def load(self, archive: Iterable[bytes], tag: str) -> ImageInfo:
        """Load an image archive (`docker save` format) and tag it."""

    def save(self, image_id: str) -> Iterator[bytes]:
        """An image as an archive of its layers and documents, `docker save` format or an OCI layout."""

    def loaded_image(self, archive: Callable[[str], Iterable[bytes]]) -> AbstractContextManager[str]:
        """An image out of an archive, for this run alone.

        `archive` gives it; the name that it is asked for should stand in it as the image's own, so that what
        a killed run loads is known. Leaving the context begins the removal of that name; an image that has
        another one stays. Gives the image's id.
        """

    def tag(self, reference: str, tag: str) -> None:
        """Give a local image one more name, `repository:tag`; moved from whoever had it."""

    def container(self, spec: ContainerSpec) -> AbstractContextManager[Container]:
        """Create a container (not started); leaving the context begins its removal, by any door."""

    def ensure_volume(self, name: str) -> None:
        """Make a named volume unless it exists; it is kept after the run."""

    def scratch_volume(self) -> AbstractContextManager[str]:
        """A volume for this run alone; leaving the context begins its removal. Gives its name."""

    def scratch_image(self, container: Container) -> AbstractContextManager[str]:
        """The container's files as they are now, volumes left out, as an image for this run alone.

        Leaving the context begins its removal. Gives its id.
        """

    def living(self, *, purpose: str = "", volume: str = "") -> tuple[Living, ...]:
        """The containers of other runs, on this host or another, whose owner and time have not ended.

        Those of this purpose alone, and those alone that mount this volume, where either is given.
        """

    def settle(self) -> None:
        """Wait until everything whose removal was begun is gone; raises what went wrong with that."""

    def remove_volume(self, name: str) -> bool:
        """Remove a named volume; False where there was none."""

    def interrupt(self) -> None:
        """End every container of this run and start no more, so that threads waiting on them come back."""

    def registry_problem(self, reference: str) -> str:
        """Why the registry of that image does not answer this engine; empty where it does."""

    def registry_image(self, reference: str, platform: str) -> RegistryImage:
        """What the registry has there for one platform; EngineRefused where it does not tell."""

    def sweep(self) -> tuple[str, ...]:
        """Remove what killed runs left behind (never what a living run uses); tells their names."""
