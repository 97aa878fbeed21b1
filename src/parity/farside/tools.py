"""The two tools that make an environment and install into it: the carried uv, or the host's own pip.

Both get the wheels folder, the manifest's hashes and no network. Standard library only, Python 3.6
and later.
"""

import os
import shutil
import zipfile
from typing import List

from .children import Children, Done, isolated, python_of
from .errors import InstallFailed
from .folder import BundleFolder
from .interpreter import measure


class Tool:
    """Makes an environment and installs into it."""

    name = ""

    def __init__(self, children: Children, version: str, python: str) -> None:
        self.children = children
        self.version = version
        self.python = python

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

    def check(self, environment: str) -> None:
        """Demand that what is installed fits together."""
        done = self.ask(environment)
        if done.exit_code != 0:
            raise InstallFailed(f"the consistency check failed (exit code {done.exit_code}):\n{done.tail}")


class Uv(Tool):
    """The uv that the bundle carries: needs neither pip nor venv on the host."""

    name = "uv"

    def __init__(self, children: Children, version: str, python: str, program: str) -> None:
        super().__init__(children, version, python)
        self._program = program

    def create(self, environment: str) -> None:
        """`uv venv`."""
        options = ["--python", self.python, "--no-project"]
        self.children.demand("making the environment", [self._program, "venv", *options, environment])

    def install(self, environment: str, wheels: str, requirements: str, again: bool = False) -> None:
        """`uv pip install`."""
        options = ["--no-index", "--find-links", wheels, "--require-hashes", "--no-deps", "--no-build"]
        options += ["--reinstall"] if again else []
        command = [self._program, "pip", "install", "--python", python_of(environment), *options]
        self.children.demand("installing", [*command, "-r", requirements])

    def ask(self, environment: str) -> Done:
        """`uv pip check`."""
        return self.children.run([self._program, "pip", "check", "--python", python_of(environment)])


class Pip(Tool):
    """The pip that the host's Python brings along (`venv` with `ensurepip`)."""

    name = "pip"

    def create(self, environment: str) -> None:
        """`python -m venv`."""
        self.children.demand("making the environment", [self.python, "-I", "-m", "venv", environment])

    def install(self, environment: str, wheels: str, requirements: str, again: bool = False) -> None:
        """`pip install`; only options that pip 9 knows."""
        options = ["--isolated", "--disable-pip-version-check", "--no-cache-dir", "--no-index"]
        options += ["--find-links", wheels, "--require-hashes", "--no-deps", "--only-binary", ":all:"]
        options += ["--force-reinstall"] if again else []
        command = isolated(environment, "-m", "pip", "install", *options)
        self.children.demand("installing", [*command, "-r", requirements])

    def ask(self, environment: str) -> Done:
        """`pip check`."""
        return self.children.run(isolated(environment, "-m", "pip", "check"))


def choose_tool(bundle: BundleFolder, children: Children, work: str, python: str) -> Tool:
    """The tool that the manifest names; where the carried uv cannot run here, the host's pip.

    Args:
        bundle: the laid-out bundle.
        children: runs them.
        work: a private folder.
        python: the interpreter that the environment is, or was, made for.

    Raises:
        InstallFailed: neither can.
    """
    reason = ""
    if bundle.manifest.document["installer"] == "uv":
        program = unpack_uv(bundle, work)
        reason = _why_not(children, program)
        if not reason:
            return Uv(children, _version_of(children, program), python, program)
    found = measure(python, tools=True)
    if not found["has_venv"]:
        because = f" (the carried uv does not run here: {reason})" if reason else ""
        raise InstallFailed(
            f"this host's Python has no venv with ensurepip{because}",
            "install the package that has it (python3-venv on Debian), or ask for a bundle that carries uv",
        )
    return Pip(children, str(found["pip"] or ""), python)


def unpack_uv(bundle: BundleFolder, work: str) -> str:
    """Take the program out of uv's wheel, which was judged before."""
    program = os.path.join(work, "uv")
    with zipfile.ZipFile(bundle.file(bundle.manifest.document["uv"])) as wheel:
        names: List[str] = [name for name in wheel.namelist() if name.endswith(".data/scripts/uv")]
        if len(names) != 1:
            raise InstallFailed("the carried uv's wheel holds no program", "ask whoever sent the bundle")
        with wheel.open(names[0]) as source, open(program, "wb") as target:
            shutil.copyfileobj(source, target, 1 << 20)
    os.chmod(program, 0o700)
    return program


def _why_not(children: Children, program: str) -> str:
    try:
        done = children.run([program, "--version"])
    except OSError as error:
        return error.strerror or "it cannot be started"
    return "" if done.exit_code == 0 else done.tail or f"exit code {done.exit_code}"


def _version_of(children: Children, program: str) -> str:
    words = children.run([program, "--version"]).output.split()
    return words[1] if len(words) > 1 else ""


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
