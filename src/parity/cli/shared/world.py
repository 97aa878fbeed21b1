"""The edges put together: what a run may use on this machine."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path

from parity.cli.shared.output import stderr
from parity.docker_engine import DockerEngine, connect
from parity.engine import Container, Engine
from parity.errors import EngineLost, EngineUnavailable
from parity.export.kept import KeptFiles
from parity.export.python_fetch import PythonWish
from parity.host.cachelock import alone_with_cache, using_cache
from parity.host.folders import cache_folder
from parity.host.gemrc import gem_settings
from parity.host.memory import Memory
from parity.host.network import host_network
from parity.host.processes import ThisMachine
from parity.host.uv_tool import ensure_uv, uv_binary, uv_tar
from parity.host.uvconf import python_places
from parity.model import BundleFile, BundleIdentity, LockedPython, Profile
from parity.pack import file_on_disk
from parity.pipeline.context.values import Sealer, Site, World
from parity.pipeline.fleet import Fleet, FleetEngine, read_engines
from parity.portable.texts import printable
from parity.progress import Reporter
from parity.resolve import uv_wheel
from parity.sign import SigningKey, make_sealer


@contextmanager
def connected(*, clearing: bool = False) -> Iterator[DockerEngine]:
    """The engine, with what killed runs of this machine left there removed.

    Leaving the context waits until what the command started is gone, too; after an error the
    process does that before it ends. Meanwhile nobody clears the cache folder; with `clearing` nobody
    uses it.
    """
    folder, hold = cache_folder(), alone_with_cache if clearing else using_cache
    with hold(folder, _tell_clearing if clearing else _tell_using):
        engine = connect()
        # Before the work: what a killed run holds (disk, volumes) may be what this one needs.
        engine.sweep()
        yield engine
        engine.settle()


@contextmanager
def fleet_of(words: Sequence[str] = ()) -> Iterator[Fleet]:
    """The engines that a call named, or the one of this machine; each as `connected` gives it.

    Args:
        words: of --on: `ENGINE` or `ENGINE=ARCH,ARCH`. One that does not answer is left out with a word,
            as long as another does.

    Raises:
        EngineUnavailable: none answers.
        OptionConflict: a word is none, or names an engine twice.
    """
    if not words:
        with connected() as engine:
            yield Fleet([FleetEngine("", engine, engine.info().platform)])
        return
    named = read_engines(words)
    with using_cache(cache_folder(), _tell_using):
        found = list(_answering(named))
        yield Fleet(found)
        for each in found:
            with suppress(EngineLost, EngineUnavailable):  # its runs have told so already
                each.engine.settle()


def _answering(named: Mapping[str, frozenset[str]]) -> Iterator[FleetEngine]:
    # One that was switched off overnight is no reason to stop what the others can do.
    silent = []
    for name, serves in named.items():
        found = _greeted(name, serves)
        if isinstance(found, FleetEngine):
            yield found
            continue
        # Whoever names engines has no use for DOCKER_HOST.
        usual = found.remedy == EngineUnavailable.default_remedy
        remedy = "start that engine, or name another with --on" if usual else found.remedy
        silent.append(EngineUnavailable(f"{name}: {found}", remedy=remedy, details=found.details))
        stderr().print(f"without the engine {printable(name)}: {printable(str(found))}", style="yellow")
    if len(silent) == len(named):
        raise silent[0]


def _greeted(name: str, serves: frozenset[str]) -> FleetEngine | EngineUnavailable | EngineLost:
    try:
        engine = connect(name)
        engine.sweep()
        return FleetEngine(name, engine, engine.info().platform, serves)
    except (EngineUnavailable, EngineLost) as error:
        return error


def _tell_using() -> None:
    stderr().print("waiting until the cache is cleared", style="dim")


def _tell_clearing() -> None:
    stderr().print("waiting for other runs of this machine to end", style="dim")


def machine() -> ThisMachine:
    """This machine, for images that are bootstrapped."""
    return ThisMachine(cache_folder() / "images", os.environ)


def site_for(engine: Engine, reporter: Reporter, *, fresh: bool = False) -> Site:
    """Where a run happens; `fresh` forgets what earlier runs learned."""
    return Site(engine, machine(), _memory(fresh=fresh), reporter, layers=kept_layers())


def world_for(
    engine: Engine, profile: Profile, signers: Sequence[SigningKey], reporter: Reporter, *, fresh: bool
) -> World:
    """What the build of one profile may use.

    Raises:
        IndexFailed: this machine's network settings cannot be used.
    """
    network = host_network(profile.index, os.environ)
    for warning in network.warnings:
        reporter.warn(warning)

    def sealer(identity: BundleIdentity, profile_sha256: str, predicate: str) -> Sealer:
        return make_sealer(signers, identity, profile_sha256, predicate)

    return World(
        engine,
        machine(),
        _memory(fresh=fresh),
        reporter,
        network,
        UvTool(),
        sealer,
        gems=gem_settings(os.environ),
        pythons=python_places(os.environ, cache_folder()),
        layers=kept_layers(),
    )


def python_wish(locked: LockedPython | None) -> PythonWish:
    """An interpreter by this machine's own settings alone: the locked one, or the newest that fits.

    Raises:
        IndexFailed: this machine's network settings cannot be used.
    """
    network = host_network(None, os.environ)
    return PythonWish(network, python_places(os.environ, cache_folder()), UvTool().carry_uv, locked)


def kept_layers() -> KeptFiles:
    """The layers of base images that this user's exports keep for the next ones."""
    return KeptFiles(cache_folder() / "layers", ".tar")


def _memory(*, fresh: bool) -> Memory:
    return Memory(None if fresh else cache_folder() / "memory")


class UvTool:
    """The pinned uv, fetched once and checked by its SHA-256 before it is used.

    It comes from this machine's own index, not from the profile's: that may be a private one which
    holds the application's packages alone.
    """

    def __init__(self) -> None:
        self._wheels: dict[str, Future[Path]] = {}

    def prepare(self, arch: str) -> None:
        """Begin to fetch and check uv's wheel in a thread; what goes wrong shows when it is used."""
        if arch not in self._wheels:
            pool = ThreadPoolExecutor(1, thread_name_prefix="uv")
            self._wheels[arch] = pool.submit(_checked_wheel, arch)
            # It takes no more work; the one that was begun goes on.
            pool.shutdown(wait=False)

    def carry_uv(self, container: Container, arch: str, folder: str = "/") -> None:
        """Put uv's program into a container; ToolUnavailable where it cannot be had."""
        container.put(folder, uv_tar(uv_binary(uv_wheel(arch), self._wheel(arch))))

    def uv_file(self, arch: str) -> BundleFile:
        """The wheel of uv as a file of the payload; ToolUnavailable where it cannot be had."""
        pinned = uv_wheel(arch)
        return file_on_disk(f"tools/{pinned.filename}", self._wheel(arch), pinned.size, pinned.sha256)

    def _wheel(self, arch: str) -> Path:
        self.prepare(arch)
        return self._wheels[arch].result()


def _checked_wheel(arch: str) -> Path:
    """The wheel, and its program unpacked beside it."""
    pinned = uv_wheel(arch)
    wheel = ensure_uv(pinned, cache_folder(), host_network(None, os.environ))
    uv_binary(pinned, wheel)
    return wheel
