"""A family of distributions: all that is done alike wherever packages have one form.

Which programs bring packages (apt; dnf, microdnf and zypper) is a matter of its own: each is a module of
`guest.packages`, and the family names it in `bringers`. Everything else derives from here: what a lock and
a manifest may name, what a package's file is called and begins with, how a library is asked for, what is
installed, how files are installed. Standard library only, Python 3.6 and later.
"""

import os
import subprocess
import tempfile
from typing import Dict, FrozenSet, List, NamedTuple, Pattern, Sequence, Tuple

from ..errors import InstallFailed, WrongHost
from ..machine.subprocesses import Done

_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_ENVIRONMENT = {
    "PATH": _PATH,
    "LC_ALL": "C.UTF-8",
    "HOME": "/root",
    "DEBIAN_FRONTEND": "noninteractive",
}
_TIMEOUT = 3600.0
_MOST_SAID = 16 * 1024 * 1024
"""Bytes; the list of ten thousand installed packages takes a sixteenth of it."""


class Key(NamedTuple):
    """What one installed package is found by; `arch` in the manager's own words."""

    name: str
    arch: str


class Family:
    """A family; every method that asks this host raises WrongHost where its program is not there."""

    name = ""
    """As locks and manifests call it, under `manager`."""
    program = ""
    """What installs files without a network."""
    suffix = ""
    """How a package's file name ends."""
    head: Pattern[bytes]
    """What a package's file begins with."""
    bringers: Tuple[str, ...] = ()
    """The modules of `guest.packages` that bring such packages, in the order in which they are looked for."""
    lineage: FrozenSet[str] = frozenset()
    """Words of `native/providers.json`'s lineages, or `ID`s of /etc/os-release, of its systems."""
    asks_files: Tuple[str, ...] = ()
    """The command that lists a package's files; its name comes last."""

    def capability(self, soname: str, bits: int) -> str:
        """The words by which its managers find a shared library; empty where its packages do not tell.

        Args:
            soname: `libGL.so.1`.
            bits: 64 or 32.
        """
        del soname, bits
        return ""

    def installed(self) -> Dict[Key, str]:
        """The versions of all packages that are installed and configured."""
        raise NotImplementedError

    def is_older(self, found: str, wanted: str) -> bool:
        """Whether `found` is an older version than `wanted`."""
        raise NotImplementedError

    def shown(self, files: str) -> str:
        """What an administrator types; `files` are words for the shell."""
        raise NotImplementedError

    def trial(self, paths: Sequence[str]) -> List[str]:
        """The command that says whether these files could be installed, and installs nothing."""
        raise NotImplementedError

    def command(self, paths: Sequence[str]) -> List[str]:
        """The command that installs these files together, never a version below what is there."""
        raise NotImplementedError

    def comes_right(self, said: str) -> bool:
        """Whether a trial, or a command, failed for the order of the files alone: said again, it goes on."""
        del said
        return False

    def undo(self, new: Sequence[Key]) -> List[str]:
        """The command that removes what a broken installation left of new packages; empty for none."""
        del new
        return []


def rows_of(argv: Sequence[str], width: int) -> List[List[str]]:
    """A command's lines, cut at tabs; those of another width are left out."""
    rows = [line.split("\t") for line in lines_of(argv)]
    return [row for row in rows if len(row) == width]


def lines_of(argv: Sequence[str]) -> List[str]:
    """What a command that must succeed says on stdout.

    Raises:
        InstallFailed: it did not.
    """
    done = run(argv, together=False)
    if done.exit_code != 0:
        raise InstallFailed(f"{argv[0]} does not say what is installed (exit code {done.exit_code})")
    return done.output.splitlines()


def run(argv: Sequence[str], together: bool = True) -> Done:
    """Run a manager's command with nothing of the caller's environment.

    Args:
        argv: the command.
        together: take what it says on stderr, too.

    Raises:
        WrongHost: there is no such program.
        InstallFailed: it did not end.
    """
    with tempfile.TemporaryFile() as said:
        try:
            child = subprocess.Popen(
                list(argv),
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=subprocess.STDOUT if together else subprocess.DEVNULL,
                env=_ENVIRONMENT,
                # Maintainer scripts inherit it; ours may be a folder that is about to be removed.
                cwd="/",
                preexec_fn=_alone,  # noqa: PLW1509 - no other thread runs by now
            )
        except OSError as error:
            raise WrongHost(f"this host has no {argv[0]}: {error.strerror}") from error
        code = _wait(child, argv[0])
        # The end alone: a package's script may have said more than this machine has memory.
        said.seek(max(0, os.fstat(said.fileno()).st_size - _MOST_SAID))
        return Done(code, said.read().decode("utf-8", "replace"))


def _alone() -> None:
    """In the child: out of reach of the terminal's Ctrl-C, and with the usual umask."""
    os.setsid()
    os.umask(0o022)


def _wait(child: "subprocess.Popen[bytes]", name: str) -> int:
    try:
        return child.wait(_TIMEOUT)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()
        raise InstallFailed(f"{name} did not end within {_TIMEOUT:.0f} s") from None
    except BaseException:
        child.wait()  # one that is killed would leave packages half configured
        raise
