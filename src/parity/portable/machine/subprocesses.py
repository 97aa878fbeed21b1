"""The child processes of the installer: their whole environment is written here.

`PIP_*` and `UV_*` of the caller would leak in otherwise (a `uv pip sync` once emptied the wrong
interpreter that way). Standard library only, Python 3.6 and later.
"""

import os
import shutil
import subprocess
import tempfile
import threading
import time
from contextlib import ExitStack, contextmanager
from typing import BinaryIO, Dict, Iterator, List, NamedTuple, Sequence, Tuple

from ..errors import InstallFailed

_TAIL = 15
_SAID = 16 * 1024 * 1024  # bytes of the end of what a child said


class Done(NamedTuple):
    """How a child ended: its exit code (negative: a signal) and what it said on both streams."""

    exit_code: int
    output: str

    @property
    def tail(self) -> str:
        """The last lines of what it said."""
        lines = [line for line in self.output.splitlines() if line.strip()]
        return "\n".join(lines[-_TAIL:])


class Children:
    """Runs children in a private work folder.

    Those that install have the prefix's lock in their hands, so nobody sweeps under one that outlived us.
    Those that run what was installed have not: what a package leaves running must not keep the lock, and
    nobody waits for it.
    """

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
            # For what is not started with -I, such as scripts and what pip starts itself.
            "PYTHONNOUSERSITE": "1",
            "PIP_CONFIG_FILE": os.devnull,
            "UV_CACHE_DIR": self._folders["cache"],
            "UV_NO_CONFIG": "1",
            "UV_OFFLINE": "1",
            # uv would fetch an interpreter where the asked one does not suit it.
            "UV_PYTHON_DOWNLOADS": "never",
            "UV_NO_PROGRESS": "1",
        }

    @contextmanager
    def dropping_cache(self) -> Iterator[None]:
        """Remove the cache, which holds as much as was installed, beside whatever is done meanwhile."""
        removal = threading.Thread(target=shutil.rmtree, args=(self._folders["cache"], True))
        removal.start()
        try:
            yield
        finally:
            removal.join()

    def run(self, argv: Sequence[str], timeout: float = 3600.0, installs: bool = False) -> Done:
        """Run a command in an empty folder and wait for its end.

        Args:
            argv: the command.
            timeout: seconds.
            installs: whether it is one of those that have the lock.

        Raises:
            OSError: it cannot be started.
            InstallFailed: it took longer than `timeout` seconds.
        """
        return self.run_together([argv], timeout, [self._lock] if installs else [])[0]

    def run_together(
        self, argvs: Sequence[Sequence[str]], timeout: float, hand_over: Sequence[int]
    ) -> List[Done]:
        """Run commands side by side and wait for all of them; none outlives this call.

        Args:
            argvs: the commands.
            timeout: seconds for all of them together.
            hand_over: descriptors that each inherits.

        Raises:
            OSError: one cannot be started.
            InstallFailed: they took longer than `timeout` seconds together.
        """
        deadline = time.monotonic() + timeout
        with ExitStack() as stack:
            begun = [self._begin(argv, hand_over, stack) for argv in argvs]
            try:
                for process, _ in begun:
                    process.wait(max(0.0, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                name = os.path.basename(argvs[0][0])
                raise InstallFailed(f"{name} did not end within {timeout:.0f} s") from None
            return [Done(process.returncode, _said(output)) for process, output in begun]

    def _begin(
        self, argv: Sequence[str], hand_over: Sequence[int], stack: ExitStack
    ) -> "Tuple[subprocess.Popen[bytes], BinaryIO]":
        """Start a command that writes to a file, so that nobody needs to read while it runs."""
        output = stack.enter_context(tempfile.TemporaryFile(dir=self._work))  # noqa: SIM115 - the stack closes it
        process = subprocess.Popen(
            list(argv),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=self.environment(),
            cwd=self._folders["empty"],
            pass_fds=tuple(hand_over),
        )
        stack.enter_context(process)
        # After `process` in the stack, so before it on the way out: killed first, waited for then.
        stack.callback(process.kill)
        return process, output

    def demand(self, what: str, argv: Sequence[str]) -> Done:
        """Run a command that must succeed.

        Raises:
            InstallFailed: it did not; with the last lines of what it said.
        """
        try:
            done = self.run(argv, installs=True)
        except OSError as error:
            raise InstallFailed(f"{what} failed: {argv[0]}: {error.strerror}") from error
        if done.exit_code != 0:
            raise InstallFailed(f"{what} failed (exit code {done.exit_code}):\n{done.tail}")
        return done


def _said(output: BinaryIO) -> str:
    size = output.seek(0, os.SEEK_END)
    output.seek(max(0, size - _SAID))
    return output.read(_SAID).decode("utf-8", "replace")


def python_of(environment: str) -> str:
    """An environment's interpreter."""
    return os.path.join(environment, "bin", "python")


def isolated(environment: str, *arguments: str) -> List[str]:
    """A command line for an environment's interpreter that nothing outside it can influence."""
    return [python_of(environment), "-I", *arguments]
