"""The two tools that install into an environment and check it: the carried uv, or the host's own pip.

Both get the wheels folder, the manifest's hashes and no network. Standard library only, Python 3.6
and later.
"""

import importlib.util
import os
from contextlib import contextmanager
from typing import BinaryIO, Callable, Dict, Iterator, NamedTuple, Optional, Tuple, Type

from ...portable.bundle.folder import BundleFolder, demand_sound, tool_file
from ...portable.errors import InstallFailed
from ...portable.machine.host import minor_of
from ...portable.machine.site_packages import site_packages
from ...portable.machine.subprocesses import Children, Done, isolated, python_of
from ...portable.wheel.wheel import Keeper, judge
from ...portable.wheel.wheelset import judge_together
from ...portable.wheel.zipcheck import CentralEntry
from .interpreter import is_this, measure
from .overrides import read_overrides
from .prefix import remove

# uv and pip ask distutils where packages go before Python 3.10, and sysconfig where `_PIP_USE_SYSCONFIG`
# says so (the door that pip made for distributors; uv looks at it too). Debian and Ubuntu kept distutils in
# a package of its own, which a plain python3 does not bring.
_PTH = "parity-while-installing.pth"
_TELL_BY_SYSCONFIG = (
    "import sysconfig; sysconfig._PIP_USE_SYSCONFIG = True; "
    "sysconfig._INSTALL_SCHEMES.setdefault('venv', sysconfig._INSTALL_SCHEMES['posix_prefix'])\n"
)
_UV_LOCK = ".lock"
_DISTUTILS_UNTIL = (3, 9)


class Workplace(NamedTuple):
    """What a tool works with.

    Attributes:
        bundle: laid out.
        children: runs programs.
        work: a private folder.
        python: the interpreter that the environment is, or was, made for.
    """

    bundle: BundleFolder
    children: Children
    work: str
    python: str


class Tool:
    """Makes an environment and installs into it."""

    name = ""
    """As manifests call its installer."""
    called = ""
    """What people are told where it does not run."""

    def __init__(self, place: Workplace, version: str) -> None:
        self.children = place.children
        self.version = version
        self.python = place.python
        self.overrides = read_overrides(place.bundle)

    @classmethod
    def found(cls, place: Workplace) -> "Tuple[Optional[Tool], str]":
        """The tool, and why it does not work on this host: one of the two is missing."""
        raise NotImplementedError

    def create(self, environment: str) -> None:
        """Make the environment at its final path (scripts name it in their first line)."""
        raise NotImplementedError

    def install(self, environment: str, wheels: str, requirements: str, again: bool = False) -> None:
        """Install exactly what the hash-pinned requirements file names, from a folder of wheels.

        Args:
            environment: where to.
            wheels: the folder.
            requirements: the file.
            again: install what is there in that version already, too, since nobody knows its bytes.
        """
        raise NotImplementedError

    def ask(self, environment: str) -> Done:
        """Whether what is installed fits together: exit code 0, or lines that say what does not."""
        raise NotImplementedError

    def check(self, environment: str) -> str:
        """Demand that what is installed fits together; gives the tool that said so, and what was excused.

        What the bundle's project overrides is known, and told.
        """
        done, told = self.ask(environment), f"{self.name} {self.version}"
        if done.exit_code == 0:
            return told
        # 1 means "does not fit"; any other code is the tool's own failure, which nothing excuses.
        excused = self.overrides.excused(done.output.splitlines()) if done.exit_code == 1 else []
        if not excused:
            raise InstallFailed(f"the consistency check failed (exit code {done.exit_code}):\n{done.tail}")
        return f"{told}; overridden by the project: {'; '.join(excused)}"


class Uv(Tool):
    """The uv that the bundle carries: needs neither pip nor ensurepip on the host."""

    name, called = "uv", "the carried uv"

    def __init__(self, place: Workplace, version: str, program: str, distutils: bool) -> None:
        super().__init__(place, version)
        self._program = program
        self._distutils = distutils

    @classmethod
    def found(cls, place: Workplace) -> "Tuple[Optional[Uv], str]":
        """Take it out of a bundle that carries it, and start it."""
        program = unpack_uv(place.bundle, place.work)
        version, reason = _start(place.children, program)
        if reason:
            return None, reason
        distutils = has_distutils(
            place.children, place.python, place.bundle.manifest.document["target"]["python"]
        )
        return cls(place, version, program, distutils), ""

    def create(self, environment: str) -> None:
        """`uv venv`."""
        options = ["--python", self.python, "--no-project"]
        self.children.demand("making the environment", [self._program, "venv", *options, environment])

    def install(self, environment: str, wheels: str, requirements: str, again: bool = False) -> None:
        """`uv pip install`."""
        # --no-deps: the set was resolved and rehearsed as it is; --no-build: no code of a package runs.
        options = ["--no-index", "--find-links", wheels, "--require-hashes", "--no-deps", "--no-build"]
        options += ["--reinstall"] if again else []
        command = [self._program, "pip", "install", "--python", python_of(environment), *options]
        with self._at_work(environment):
            self.children.demand("installing", [*command, "-r", requirements])

    def ask(self, environment: str) -> Done:
        """`uv pip check`."""
        with self._at_work(environment):
            # It has no lock. Whoever sweeps under it would find uv's cache made anew, parents and all.
            command = [self._program, "pip", "check", "--no-cache", "--python", python_of(environment)]
            return self.children.run(command)

    @contextmanager
    def _at_work(self, environment: str) -> Iterator[None]:
        """While uv works there, its interpreter tells where its packages go; nothing of that stays.

        uv's lock goes too: it is a file that everybody may write.
        """
        folders = [] if self._distutils else site_packages(environment)
        made = [os.path.join(folder, _PTH) for folder in folders]
        for path in made:
            with open(path, "w", encoding="ascii") as handle:
                handle.write(_TELL_BY_SYSCONFIG)
        lock = os.path.join(environment, _UV_LOCK)
        made += [] if os.path.lexists(lock) else [lock]
        try:
            yield
        finally:
            for path in made:
                remove(path)


class Pip(Tool):
    """The pip that the host's Python brings along (`venv` with `ensurepip`)."""

    name, called = "pip", "this host's pip"

    @classmethod
    def found(cls, place: Workplace) -> "Tuple[Optional[Pip], str]":
        """Where the host has venv with ensurepip."""
        facts = measure(place.python, tools=True)
        if not facts["has_venv"]:
            return None, "this host's Python has no venv with ensurepip"
        return cls(place, str(facts["pip"] or "")), ""

    def create(self, environment: str) -> None:
        """`python -m venv`."""
        self.children.demand("making the environment", [self.python, "-I", "-m", "venv", environment])

    def install(self, environment: str, wheels: str, requirements: str, again: bool = False) -> None:
        """`pip install`; only options that pip 9 knows."""
        # --isolated: neither the user's pip files nor PIP_* variables have a say.
        options = ["--isolated", "--disable-pip-version-check", "--no-cache-dir", "--no-index"]
        options += ["--find-links", wheels, "--require-hashes", "--no-deps", "--only-binary", ":all:"]
        options += ["--force-reinstall"] if again else []
        command = isolated(environment, "-m", "pip", "install", *options)
        self.children.demand("installing", [*command, "-r", requirements])

    def ask(self, environment: str) -> Done:
        """`pip check`."""
        return self.children.run(isolated(environment, "-m", "pip", "check"))


TOOLS: "Dict[str, Type[Tool]]" = {each.name: each for each in (Uv, Pip)}
"""The tool of each of `portable.installers`."""


def choose_tool(place: Workplace) -> Tool:
    """The tool that the manifest names; where it cannot work here, the host's pip.

    Raises:
        InstallFailed: neither can.
    """
    named = TOOLS[place.bundle.manifest.document["installer"]]
    tool, lacking = named.found(place)
    if tool is None and named is not Pip:
        because = f"{named.called} does not run here: {lacking}"
        tool, lacking = Pip.found(place)
        lacking = f"{lacking} ({because})"
    if tool is None:
        raise InstallFailed(
            lacking,
            "install the package that has it (python3-venv on Debian), or ask for a bundle that carries uv",
        )
    return tool


def unpack_uv(bundle: BundleFolder, work: str) -> str:
    """Judge uv's wheel and take the program out of it; gives its path in `work`.

    Raises:
        HostileContent: the wheel is no good.
        InstallFailed: it holds no program.
    """
    wheel, keeper = tool_file(bundle), _Program(os.path.join(work, "uv"))
    judgement = judge(wheel.path, wheel.filename, wheel.package, wheel.version, keeper)
    demand_sound(judge_together([(wheel, judgement)]))
    if not os.path.exists(keeper.path):
        raise InstallFailed("the carried uv's wheel holds no program", "ask whoever sent the bundle")
    os.chmod(keeper.path, 0o700)
    return keeper.path


class _Program(Keeper):
    """Keeps the one file that a wheel would install as `bin/uv`, at `path`."""

    def __init__(self, path: str) -> None:
        self.path = path
        self._handle: Optional[BinaryIO] = None

    def begin(self, entry: CentralEntry, place: str) -> Callable[[bytes], object]:
        """Open it; see `Keeper`."""
        if place != "bin/uv":
            return super().begin(entry, place)
        self._handle = open(self.path, "wb")  # noqa: SIM115 - `end` closes it
        return self._handle.write

    def end(self) -> None:
        """Close it."""
        if self._handle is not None:
            self._handle.close()


def _start(children: Children, program: str) -> Tuple[str, str]:
    """A program's version, and why it does not start here: one of the two is empty."""
    try:
        done = children.run([program, "--version"])
    # Another C library, another processor, or a file system that is mounted noexec.
    except OSError as error:
        return "", error.strerror or "it cannot be started"
    if done.exit_code != 0:
        return "", done.tail or f"exit code {done.exit_code}"
    return (done.output.split()[1:2] or ["unknown"])[0], ""


def has_distutils(children: Children, python: str, version: str) -> bool:
    """Whether an interpreter has distutils, or is so new that nobody asks for it."""
    if tuple(int(part) for part in minor_of(version).split(".")) > _DISTUTILS_UNTIL:
        return True
    if is_this(python):
        return _finds("distutils.command.install")
    return (
        children.run([python, "-I", "-W", "ignore", "-c", "import distutils.command.install"]).exit_code == 0
    )


def _finds(module: str) -> bool:
    try:
        return importlib.util.find_spec(module) is not None
    except ImportError:
        return False


def write_requirements(bundle: BundleFolder, work: str) -> str:
    """The manifest's packages as a hash-pinned requirements file; gives its path.

    Made from the manifest, not taken from the bundle's own requirements.txt, so that what is
    installed is what was judged, and no option line can slip in.
    """
    path = os.path.join(work, "requirements.txt")
    with open(path, "w", encoding="utf-8") as handle:
        for package in bundle.manifest.document["packages"]:
            handle.write("{name}=={version} --hash=sha256:{sha256}\n".format(**package))
    return path
