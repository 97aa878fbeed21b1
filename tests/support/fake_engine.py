"""An engine without an engine: containers are folders, commands are handlers or local processes.

It passes the same contract suite as the real one (tests/contract), so it cannot lie about what the
suite asserts. What it does not do: networks, users, limits, isolation.
"""

from __future__ import annotations

import hashlib
import io
import json
import shutil
import subprocess
import tarfile
import tempfile
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from parity.engine import Container, ContainerSpec, EngineInfo, ExecResult, ImageInfo, Living, RegistryImage
from parity.engine.protocol import Listener
from parity.errors import EngineRefused, Interrupted

PATH = "/usr/local/bin:/usr/bin:/bin"

Handler = Callable[["FakeContainer", Sequence[str], bytes], ExecResult]


@dataclass
class FakeContainer:
    """A container whose root is a folder; `handlers` answer by program name, others run locally."""

    id: str
    spec: ContainerSpec
    root: Path
    handlers: Mapping[str, Handler]
    running: bool = False
    alive: bool = True

    def put(self, path: str, archive: bytes | Iterable[bytes]) -> None:
        self._check_writable(path)
        data = archive if isinstance(archive, bytes) else b"".join(archive)
        place = self._place(path)
        if not place.is_dir():
            raise EngineRefused(f"the engine refused to put files at {path}: no such folder")
        with tarfile.open(fileobj=io.BytesIO(data)) as tar:
            tar.extractall(place, filter="fully_trusted")  # noqa: S202 - tests trust their own archives

    def start(self) -> None:
        self.running = True

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
        if not self.running:
            raise EngineRefused(f"the engine refused to run {argv[0]}: the container is not running")
        if handler := self.handlers.get(argv[0]):
            said = handler(self, argv, stdin)
            out = _Sink(on_stdout, io.BytesIO(said.stdout))
            err = _Sink(on_stderr, io.BytesIO(said.stderr))
            return ExecResult(said.exit_code, out.drain(), err.drain())
        given = {"PATH": PATH, **self.spec.environment, **(environment or {})}
        return self._run(argv, stdin, given, self._place(workdir or "/"), timeout, (on_stdout, on_stderr))

    def kill(self) -> None:
        self.running = False

    def get(self, path: str) -> Iterator[bytes]:
        place = self._place(path)
        if not place.exists():
            raise EngineRefused(f"the engine refused to read {path}: no such file or folder")
        buffer = io.BytesIO()
        with tarfile.open(fileobj=buffer, mode="w") as tar:
            tar.add(place.resolve(), arcname=place.name or ".")
        yield buffer.getvalue()

    def _run(
        self,
        argv: Sequence[str],
        stdin: bytes,
        environment: dict[str, str],
        workdir: Path,
        timeout: float | None,
        listeners: tuple[Listener | None, Listener | None],
    ) -> ExecResult:
        pipe = subprocess.PIPE
        with subprocess.Popen(argv, env=environment, cwd=workdir, stdin=pipe, stdout=pipe, stderr=pipe) as p:
            assert p.stdin
            assert p.stdout
            assert p.stderr
            sinks = [_Sink(listeners[0], p.stdout), _Sink(listeners[1], p.stderr)]
            feeder = threading.Thread(target=_feed, args=(p.stdin, stdin))
            late = threading.Event()

            def end() -> None:
                late.set()  # first: who waits for the process may be sooner than the end of this thread
                p.kill()

            timer = threading.Timer(timeout or 3600, end)
            for thread in (feeder, *(sink.thread for sink in sinks), timer):
                thread.start()
            code = p.wait()
            timer.cancel()
            for thread in (feeder, *(sink.thread for sink in sinks)):
                thread.join()
        if late.is_set():
            self.running = False
            raise TimeoutError(f"{argv[0]} took longer than {timeout:g} s")
        return ExecResult(code, sinks[0].drain(), sinks[1].drain())

    def _place(self, path: str) -> Path:
        return self.root / path.strip("/")

    def _check_writable(self, path: str) -> None:
        for mount in self.spec.mounts:
            if (path.rstrip("/") + "/").startswith(mount.path.rstrip("/") + "/"):
                if mount.read_only:
                    raise EngineRefused("the engine refused to put files: the volume is read-only")
                return
        if self.spec.read_only:
            raise EngineRefused("the engine refused to put files: the root is read-only")


class _Sink:
    """Reads one stream to its end, for a listener or to keep."""

    def __init__(self, listener: Listener | None, stream: IO[bytes]) -> None:
        self._kept = bytearray()
        self._error: Exception | None = None
        self._stream = stream
        self._listener = listener or self._kept.extend
        self.thread = threading.Thread(target=self._read)

    def drain(self) -> bytes:
        self._read()
        if self._error is not None:
            raise self._error
        return bytes(self._kept)

    def _read(self) -> None:
        try:
            while not self._stream.closed and (chunk := self._stream.read(4096)):
                self._listener(chunk)
        except Exception as error:  # noqa: BLE001 - raised in the caller's thread by drain
            self._error = error
            while self._stream.read(4096):  # nobody shall wait for a reader
                pass


def _feed(stream: IO[bytes], data: bytes) -> None:
    try:
        with stream:
            stream.write(data)
    except BrokenPipeError:
        pass  # the command did not want its input


@dataclass
class FakeEngine:
    """Images by every name they have, volumes as folders; `registry` answers pulls.

    Attributes:
        folder: where containers and volumes live.
        handlers: program name → what answers instead of a local process.
        registry: reference → image that a pull brings.
        arguments: what each build was given for its ARG lines.
        others: containers of other runs, for `living`.
        abandoned: names of volumes that a killed run left, for `sweep`.
    """

    folder: Path
    images: dict[str, ImageInfo] = field(default_factory=dict)
    handlers: dict[str, Handler] = field(default_factory=dict)
    registry: dict[str, ImageInfo] = field(default_factory=dict)
    buildable: dict[str, ImageInfo] = field(default_factory=dict)
    containers: dict[str, FakeContainer] = field(default_factory=dict)
    abandoned: set[str] = field(default_factory=set)
    arguments: list[dict[str, str]] = field(default_factory=list)
    archives: list[tuple[bytes, ImageInfo]] = field(default_factory=list)
    others: list[ContainerSpec] = field(default_factory=list)
    interrupted: bool = False
    _count: int = 0

    def info(self) -> EngineInfo:
        return EngineInfo(
            "Fake", "1", "1.41", "linux/amd64", "fake:", 1, 1, "folder", str(self.folder), False
        )

    def image(self, reference: str) -> ImageInfo | None:
        by_id = {info.id: info for info in self.images.values()}
        return self.images.get(reference) or self.images.get(f"{reference}:latest") or by_id.get(reference)

    def image_of(self, layers: Sequence[str], platform: str) -> ImageInfo | None:
        wanted = (tuple(layers), platform)
        return next((each for each in self.images.values() if (each.layers, each.platform) == wanted), None)

    def pull(self, reference: str, platform: str, on_line: Callable[[str], None]) -> ImageInfo:
        return self._made("pull", reference, self.registry, on_line)

    def build(
        self,
        context: bytes,
        tag: str,
        platform: str,
        on_line: Callable[[str], None],
        arguments: Mapping[str, str] | None = None,
    ) -> ImageInfo:
        self.arguments.append(dict(arguments or {}))
        return self._made("build", tag, self.buildable, on_line)

    def load(self, archive: Iterable[bytes], tag: str) -> ImageInfo:
        try:
            info = _loaded(b"".join(archive))
        except (tarfile.TarError, KeyError, ValueError) as error:
            raise EngineRefused(f"the engine refused to load {tag}: {error}") from error
        self.images[tag] = info
        return info

    def save(self, image_id: str) -> Iterator[bytes]:
        for archive, info in self.archives:
            if info.id == image_id:
                yield archive

    @contextmanager
    def loaded_image(self, archive: Callable[[str], Iterable[bytes]]) -> Iterator[str]:
        name = self._name("loaded")
        data = b"".join(archive(name))
        info = self.load([data], name)
        self.archives.append((data, info))
        try:
            yield info.id
        finally:
            del self.images[name]

    def tag(self, reference: str, tag: str) -> None:
        found = self.image(reference)
        if found is None:
            raise EngineRefused(f"the engine refused to tag {tag}: no such image: {reference}")
        self.images[tag] = found

    @contextmanager
    def container(self, spec: ContainerSpec) -> Iterator[FakeContainer]:
        if self.interrupted:
            raise Interrupted("interrupted")
        if self.image(spec.image) is None:
            raise EngineRefused(f"the engine refused to create a container: no such image: {spec.image}")
        name = self._name(spec.purpose)
        root = Path(tempfile.mkdtemp(prefix=f"{name}-", dir=self._below("containers")))
        if (files := self._below("images") / spec.image).is_dir():
            shutil.copytree(files, root, dirs_exist_ok=True)
        for mount in spec.mounts:
            self.ensure_volume(mount.volume)
            (root / mount.path.strip("/")).symlink_to(self._below("volumes") / mount.volume)
        made = FakeContainer(name, spec, root, self.handlers)
        self.containers[name] = made
        try:
            yield made
        finally:
            made.running = made.alive = False
            del self.containers[name]
            shutil.rmtree(root)

    def ensure_volume(self, name: str) -> None:
        (self._below("volumes") / name).mkdir(exist_ok=True)

    @contextmanager
    def scratch_volume(self) -> Iterator[str]:
        name = self._name("scratch")
        self.ensure_volume(name)
        try:
            yield name
        finally:
            self.remove_volume(name)

    @contextmanager
    def scratch_image(self, container: Container) -> Iterator[str]:
        name = self._name("image")
        source = self.containers[container.id]
        mounted = {mount.path.strip("/") for mount in source.spec.mounts}
        files = self._below("images") / name
        shutil.copytree(source.root, files, ignore=lambda folder, _: _mounted(folder, source.root, mounted))
        self.images[name] = ImageInfo(name, (), "linux/amd64", 1)
        try:
            yield name
        finally:
            del self.images[name]
            shutil.rmtree(files)

    def living(self, *, purpose: str = "", volume: str = "") -> tuple[Living, ...]:
        """Those that `others` holds: every container here is of this run."""
        return tuple(
            Living(f"parity-{spec.purpose}-of-another", 0)
            for spec in self.others
            if purpose in ("", spec.purpose) and volume in ("", *(mount.volume for mount in spec.mounts))
        )

    def settle(self) -> None:
        """Nothing: removals are done when their contexts are left."""

    def remove_volume(self, name: str) -> bool:
        path = self._below("volumes") / name
        if path.is_dir():
            shutil.rmtree(path)
            return True
        return False

    def interrupt(self) -> None:
        self.interrupted = True

    def registry_problem(self, reference: str) -> str:
        return f"the fake engine reaches no registry for {reference}"

    def registry_image(self, reference: str, platform: str) -> RegistryImage:
        found = self.registry.get(reference)
        if found is None or found.platform != platform:
            raise EngineRefused(f"the fake registry has no {reference} for {platform}")
        return RegistryImage("sha256:" + hashlib.sha256(found.id.encode()).hexdigest(), found.layers)

    def sweep(self) -> tuple[str, ...]:
        swept = tuple(name for name in sorted(self.abandoned) if self.remove_volume(name))
        self.abandoned.clear()
        return swept

    def _name(self, purpose: str) -> str:
        self._count += 1
        return f"parity-{purpose}-{self._count}"

    def _below(self, kind: str) -> Path:
        (self.folder / kind).mkdir(parents=True, exist_ok=True)
        return self.folder / kind

    def _made(
        self, verb: str, name: str, source: Mapping[str, ImageInfo], on_line: Callable[[str], None]
    ) -> ImageInfo:
        on_line(f"{verb} {name}")
        if name not in source:
            raise EngineRefused(f"the engine refused to {verb} {name}: no such host")
        self.images[name] = source[name]
        return source[name]


def _mounted(folder: str, root: Path, mounted: set[str]) -> set[str]:
    return mounted if Path(folder) == root else set()


def _loaded(data: bytes) -> ImageInfo:
    with tarfile.open(fileobj=io.BytesIO(data)) as tar:
        members = {m.name: stream.read() for m in tar if (stream := tar.extractfile(m))}
    manifest = json.loads(members["manifest.json"])[0]
    config = json.loads(members[manifest["Config"]])
    layers = [hashlib.sha256(members[name]).hexdigest() for name in manifest["Layers"]]
    if config["rootfs"]["diff_ids"] != [f"sha256:{digest}" for digest in layers]:
        raise ValueError("the layers are not those of the configuration")
    parts = (config["os"], config["architecture"], config.get("variant"))
    return ImageInfo(
        id="sha256:" + hashlib.sha256(members[manifest["Config"]]).hexdigest(),
        digests=(),
        platform="/".join(part for part in parts if part),
        size=sum(len(members[name]) for name in manifest["Layers"]),
        layers=tuple(config["rootfs"]["diff_ids"]),
    )
