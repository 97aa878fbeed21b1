"""The child processes of the installer: their whole environment is written here.

`PIP_*` and `UV_*` of the caller would leak in otherwise (a `uv pip sync` once emptied the wrong
interpreter that way). Standard library only, Python 3.6 and later.
"""

import os
import subprocess
from typing import Dict, List, NamedTuple, Sequence

from .errors import InstallFailed

_TAIL = 15


class Done(NamedTuple):
    """How a child ended: its exit code (negative: a signal) and all it said on both streams."""

    exit_code: int
    output: str

    @property
    def tail(self) -> str:
        """The last lines of what it said."""
        lines = [line for line in self.output.splitlines() if line.strip()]
        return "\n".join(lines[-_TAIL:])


class Children:
    """Runs children in a private work folder, with the prefix's lock in their hands."""

    def __init__(self, work: str, lock: int) -> None:
        self._work = work
        self._lock = lock
        self._folders = {name: os.path.join(work, name) for name in ("home", "tmp", "cache", "empty")}
        for folder in self._folders.values():
            os.mkdir(folder, 0o700)

    def environment(self) -> Dict[str, str]:
        """What every child gets, and nothing else."""
        return {
            "PATH": os.pathsep.join(("/usr/local/bin", "/usr/bin", "/bin")),
            "HOME": self._folders["home"],
            "TMPDIR": self._folders["tmp"],
            "XDG_CONFIG_HOME": self._folders["home"],
            "LC_ALL": "C.UTF-8",
            "PYTHONNOUSERSITE": "1",
            "PIP_CONFIG_FILE": os.devnull,
            "UV_CACHE_DIR": self._folders["cache"],
            "UV_NO_CONFIG": "1",
            "UV_OFFLINE": "1",
            "UV_PYTHON_DOWNLOADS": "never",
            "UV_NO_PROGRESS": "1",
        }

    def run(self, argv: Sequence[str], timeout: float = 3600.0) -> Done:
        """Run a command in an empty folder and wait for it.

        Raises:
            OSError: it cannot be started.
            InstallFailed: it took longer than `timeout` seconds.
        """
        try:
            done = subprocess.run(
                list(argv),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                env=self.environment(),
                cwd=self._folders["empty"],
                pass_fds=(self._lock,),
                timeout=timeout,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise InstallFailed(f"{os.path.basename(argv[0])} did not end within {timeout:.0f} s") from None
        return Done(done.returncode, done.stdout.decode("utf-8", "replace"))

    def demand(self, what: str, argv: Sequence[str]) -> Done:
        """Run a command that must succeed.

        Raises:
            InstallFailed: it did not; with the last lines of what it said.
        """
        try:
            done = self.run(argv)
        except OSError as error:
            raise InstallFailed(f"{what} failed: {argv[0]}: {error.strerror}") from error
        if done.exit_code != 0:
            raise InstallFailed(f"{what} failed (exit code {done.exit_code}):\n{done.tail}")
        return done


def python_of(environment: str) -> str:
    """An environment's interpreter."""
    return os.path.join(environment, "bin", "python")


def isolated(environment: str, *arguments: str) -> List[str]:
    """A command line for an environment's interpreter that nothing outside it can influence."""
    return [python_of(environment), "-I", *arguments]
