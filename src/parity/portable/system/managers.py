"""The package managers of distributions, asked and used without a network.

A small class for each: what is installed, which of two versions is older, how files are installed.
Standard library only, Python 3.6 and later.
"""

import os
import subprocess
import tempfile
from typing import Dict, List, NamedTuple, Sequence

from ..errors import InstallFailed, WrongHost
from ..machine.subprocesses import Done
from . import rpmversion

_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_ENVIRONMENT = {
    "PATH": _PATH,
    "LC_ALL": "C.UTF-8",
    "HOME": "/root",
    "DEBIAN_FRONTEND": "noninteractive",
}
_TIMEOUT = 3600.0


class Key(NamedTuple):
    """What one installed package is found by; `arch` in the manager's own words."""

    name: str
    arch: str


class Manager:
    """A package manager; every method raises WrongHost where this host does not have it."""

    name = ""
    """As the manifest calls it."""
    program = ""
    suffix = ""

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

    def undo(self, new: Sequence[Key]) -> List[str]:
        """The command that removes what a broken installation left of new packages; empty for none."""
        del new
        return []


class Deb(Manager):
    """Debian, Ubuntu and those that follow them."""

    name, program, suffix = "deb", "dpkg", ".deb"

    def installed(self) -> Dict[Key, str]:
        """By `dpkg-query`."""
        form = "${Package}\\t${Architecture}\\t${Version}\\t${Status}\\n"
        rows = rows_of(["dpkg-query", "-W", "-f", form], 4)
        return {Key(row[0], row[1]): row[2] for row in rows if row[3].endswith(" installed")}

    def is_older(self, found: str, wanted: str) -> bool:
        """By dpkg's own comparison."""
        return run(["dpkg", "--compare-versions", found, "lt", wanted]).exit_code == 0

    def shown(self, files: str) -> str:
        """`dpkg -i`."""
        return "dpkg -i " + files

    def trial(self, paths: Sequence[str]) -> List[str]:
        """`dpkg --no-act`."""
        return ["dpkg", "--no-act", *self.command(paths)[1:]]

    def command(self, paths: Sequence[str]) -> List[str]:
        """`dpkg -i`; configuration that the administrator has changed stays."""
        return ["dpkg", "--refuse-downgrade", "--force-confdef", "--force-confold", "-i", *paths]

    def undo(self, new: Sequence[Key]) -> List[str]:
        """`dpkg --purge`: it installs piece by piece, and pieces would keep apt from working."""
        names = [key.name if key.arch == "all" else f"{key.name}:{key.arch}" for key in new]
        return ["dpkg", "--purge", *names] if names else []


class Rpm(Manager):
    """RHEL, Fedora, SUSE and those that follow them."""

    name, program, suffix = "rpm", "rpm", ".rpm"

    def installed(self) -> Dict[Key, str]:
        """By `rpm -qa`."""
        form = "%{NAME}\\t%{ARCH}\\t%{EPOCHNUM}:%{VERSION}-%{RELEASE}\\n"
        found: Dict[Key, str] = {}
        for name, arch, version in rows_of(["rpm", "-qa", "--qf", form], 3):
            key = Key(name, arch)  # kernels and keys are there several times: the newest counts
            if key not in found or self.is_older(found[key], version):
                found[key] = version
        return found

    def is_older(self, found: str, wanted: str) -> bool:
        """By rpm's rules."""
        return rpmversion.compare(found, wanted) < 0

    def shown(self, files: str) -> str:
        """`rpm -Uvh`."""
        return "rpm -Uvh " + files

    def trial(self, paths: Sequence[str]) -> List[str]:
        """`rpm -U --test`."""
        return ["rpm", "-U", "--test", *paths]

    def command(self, paths: Sequence[str]) -> List[str]:
        """`rpm -U`, which refuses older versions."""
        return ["rpm", "-U", *paths]


class Apk(Manager):
    """Alpine."""

    name, program, suffix = "apk", "apk", ".apk"

    def installed(self) -> Dict[Key, str]:
        """By `apk info`, which does not tell architectures: there is one."""
        done = run(["apk", "--print-arch"])
        arch = done.output.strip()
        found: Dict[Key, str] = {}
        for line in lines_of(["apk", "info", "-v"]):
            name, version = split_apk(line)
            if version:
                found[Key(name, arch)] = version
                found[Key(name, "noarch")] = version
        return found

    def is_older(self, found: str, wanted: str) -> bool:
        """By apk's own comparison."""
        return run(["apk", "version", "-t", found, wanted]).output.strip() == "<"

    def shown(self, files: str) -> str:
        """`apk add`."""
        return "apk add --no-network " + files

    def trial(self, paths: Sequence[str]) -> List[str]:
        """`apk add --simulate`."""
        return ["apk", "add", "--simulate", "--no-network", *paths]

    def command(self, paths: Sequence[str]) -> List[str]:
        """`apk add`, which asks the signature in each file once more."""
        return ["apk", "add", "--no-network", "--no-progress", *paths]


MANAGERS: Dict[str, Manager] = {each.name: each for each in (Deb(), Rpm(), Apk())}


def split_apk(text: str) -> List[str]:
    """Name and version of `libgomp-14.2.0-r4`; the version is empty where it is no such text."""
    name, dash, rest = text.strip().rpartition("-r")
    stem, dot, version = name.rpartition("-")
    if not (dash and dot and rest.isdigit() and version[:1].isdigit()):
        return [text.strip(), ""]
    return [stem, f"{version}-r{rest}"]


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
                cwd="/",
                preexec_fn=_alone,  # noqa: PLW1509 - no other thread runs by now
            )
        except OSError as error:
            raise WrongHost(f"this host has no {argv[0]}: {error.strerror}") from error
        code = _wait(child, argv[0])
        said.seek(0)
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
