"""An image put together from the distribution's own packages, where no container registry answers."""

from __future__ import annotations

import os
import time
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from parity.engine import Engine, ImageInfo
from parity.images.archive import clamp_from_release, image_archive, write_layer
from parity.images.folder import Recipe
from parity.images.lines import ToolLines
from parity.images.platforms import debian_arch, platform_of
from parity.progress import Reporter

_TAIL = 15
_HINTS = {
    "keyring file not available": "apt-get install ubuntu-keyring debian-archive-keyring",
    "No such script": "this debootstrap is older than the suite: bring it up to date",
}


class Machine(Protocol):
    """The machine that puts the files together; `parity.host.processes.ThisMachine` is one."""

    @property
    def arch(self) -> str:
        """As `uname -m` says it."""

    @property
    def is_root(self) -> bool:
        """Whether we may change roots."""

    def find(self, program: str) -> str | None:
        """The program's path, None where it is not installed."""

    def emulates(self, arch: str) -> bool:
        """Whether programs of that architecture run here."""

    def run(self, argv: Sequence[str], on_line: Callable[[str], None]) -> int:
        """Run a program in a clean environment, hear its lines, give back its exit code."""

    def workspace(self) -> AbstractContextManager[Path]:
        """A private temporary folder, removed by any exit."""


class BootstrapFailed(Exception):
    """It could not be done; says why, with the end of the tool's output."""

    def __init__(self, reason: str, output: tuple[str, ...] = ()) -> None:
        super().__init__(reason)
        self.reason = reason
        self.output = output


@dataclass(frozen=True)
class ImageMaker:
    """What makes images present.

    Attributes:
        engine: where they shall be.
        machine: where a bootstrap runs.
        reporter: hears what is tried.
    """

    engine: Engine
    machine: Machine
    reporter: Reporter


def obstacle(machine: Machine, arch: str) -> str:
    """Why bootstrapping cannot even be tried here; empty where it can."""
    if debian_arch(arch) is None:
        return f"Debian has no packages for {arch}"
    if machine.find("debootstrap") is None:
        return "debootstrap is not installed (apt-get install debootstrap)"
    if not machine.is_root:
        return "debootstrap needs root (run `parity image build` once with sudo)"
    if not machine.emulates(arch):
        return f"this {machine.arch} machine cannot run {arch} programs (apt-get install qemu-user-static)"
    return ""


def bootstrap(recipe: Recipe, arch: str, tag: str, maker: ImageMaker) -> ImageInfo:
    """Install the recipe's packages into a new root, pack that and load it into the engine.

    Raises:
        BootstrapFailed: the tool failed.
        EngineRefused, EngineLost: the engine did not take the image.
    """
    with maker.machine.workspace() as work:
        root = work / "root"
        release = _install(recipe, arch, root, maker)
        maker.reporter.note(f"packing {tag}")
        layer = work / "layer.tar"
        diff_id = write_layer(root, layer, clamp_from_release(release) or int(time.time()))
        note = f"parity: debootstrap {recipe.suite} {' '.join(recipe.packages)}"
        return maker.engine.load(image_archive(layer, diff_id, platform_of(arch), note), tag)


def debootstrap_command(recipe: Recipe, arch: str, root: Path) -> list[str]:
    """The command line that installs the recipe below `root`."""
    # --force-check-gpg: without it debootstrap goes on unsigned where it finds no keyring.
    command = ["debootstrap", "--variant=minbase", "--force-check-gpg", f"--arch={debian_arch(arch)}"]
    if recipe.components:
        command.append(f"--components={','.join(recipe.components)}")
    command += [f"--include={','.join(recipe.packages)}", recipe.suite, str(root)]
    return command + [word for word in (recipe.mirror, recipe.script) if word]


def compile_command(root: Path) -> list[str]:
    """The command line that byte-compiles the modules of a root's own Python; empty where it has none."""
    if not os.path.lexists(root / "usr/bin/python3"):
        return []
    folders = sorted(path.relative_to(root) for path in (root / "usr/lib").glob("python3*") if path.is_dir())
    compiles = ["python3", "-m", "compileall", "-q", "-f", *(f"/{folder}" for folder in folders)]
    # Sets of texts are written in the order of their hashes, which differs from run to run without it.
    return ["chroot", str(root), "env", "PYTHONHASHSEED=0", *compiles]


def _compile_again(root: Path, maker: ImageMaker) -> None:
    """Byte-compile so that equal packages give equal bytes; some modules are for other Pythons and fail."""
    if command := compile_command(root):
        maker.reporter.note("byte-compiling its Python once more, so that equal packages give equal bytes")
        # It tells of those that fail, and of nothing else.
        maker.machine.run(command, lambda _: None)


def _install(recipe: Recipe, arch: str, root: Path, maker: ImageMaker) -> str:
    tail: deque[str] = deque(maxlen=_TAIL)
    told = ToolLines(maker.reporter)

    def hear(line: str) -> None:
        tail.append(line)
        told(line)

    maker.reporter.note(f"bootstrapping {recipe.suite} for {arch} from its distribution's packages")
    command = debootstrap_command(recipe, arch, root)
    try:
        code = maker.machine.run(command, hear)
    except OSError as error:
        raise BootstrapFailed(f"debootstrap cannot be started: {error.strerror}") from error
    if code != 0:
        # The program's own last lines say that it failed, its log says why.
        log = root / "debootstrap" / "debootstrap.log"
        more = log.read_text(errors="replace").splitlines()[-_TAIL:] if log.exists() else []
        output = (*tail, *more)
        hints = [f" ({hint})" for words, hint in _HINTS.items() if words in "\n".join(output)]
        raise BootstrapFailed(f"debootstrap ended with exit code {code}{''.join(hints)}", output)
    _compile_again(root, maker)
    # What it was installed from says when: equal archives give equal images.
    releases = sorted((root / "var/lib/apt/lists").glob("*Release"))
    return releases[0].read_text(errors="replace") if releases else ""
