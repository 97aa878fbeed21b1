"""Where a package manager works on our behalf: a private folder, an environment of ours, its words read."""

import os
from typing import TYPE_CHECKING, List, NamedTuple, Sequence, Tuple

from ..confinement import running

if TYPE_CHECKING:
    from typing import Union

    from ...wire.building import DevelJob
    from ...wire.system import PackageLocked, SystemJob

_TAIL = 12
_KEEP = 32 * 1024 * 1024
_FLOOR = 1 << 30
"""Bytes that stay free on the engine's disk; as `parity.engine.diskwatch` has it."""
_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


class PackagesProblem(Exception):
    """It could not be had; `kind` is one of those in `guest.tasks.system`, `said` the manager's lines."""

    def __init__(self, kind: str, message: str, said: str = "") -> None:
        super().__init__(message)
        self.kind = kind
        self.message = message
        self.said = [line for line in said.splitlines() if line.strip()][-_TAIL:]


class Fetched(NamedTuple):
    """A package's file at `path`, checked against its distribution's signatures.

    `file` is the name under which it travels, `provides` what else it can be asked for by.
    """

    name: str
    version: str
    arch: str
    file: str
    path: str
    sha256: str
    provides: List[str]


class Manager:
    """A package manager that downloads and checks."""

    name: str
    program = ""

    def fetch(self, room: "PackageRoot", names: Sequence[str]) -> List[Fetched]:
        """These packages and what they need beyond what is installed, in the order of installation.

        Raises:
            PackagesProblem: they cannot be had, or their distribution did not sign them.
        """
        raise NotImplementedError

    def exactly(self, package: "PackageLocked") -> str:
        """A locked package in the manager's words."""
        raise NotImplementedError


class PackageRoot:
    """A folder and an environment for one image's package manager."""

    def __init__(self, job: "Union[SystemJob, DevelJob]") -> None:
        self.folder = str(job["folder"])
        self._timeout = float(job["timeout"])
        os.makedirs(self.folder, mode=0o700, exist_ok=True)
        self.ca = ""
        self.environment = {"PATH": _PATH, "LC_ALL": "C.UTF-8", "HOME": self.folder, "TMPDIR": "/tmp"}  # noqa: S108
        self.environment["DEBIAN_FRONTEND"] = "noninteractive"
        for key in ("http", "https", "no"):
            value = (job["proxies"]).get(key)
            if value:
                # Both spellings: programs read one or the other.
                self.environment[f"{key}_proxy"] = self.environment[f"{key.upper()}_PROXY"] = value
        if job["ca"]:
            self.ca = os.path.join(self.folder, "ca.pem")
            self.environment["SSL_CERT_FILE"] = self.ca
            with open(self.ca, "w", encoding="ascii") as file:
                file.write(job["ca"])

    def below(self, *parts: str) -> str:
        """A folder in the private one, made if it is not there."""
        path = os.path.join(self.folder, *parts)
        os.makedirs(path, exist_ok=True)
        return path

    def run(self, argv: Sequence[str]) -> Tuple[int, str]:
        """Exit code and output of a command, first what it said on stdout, then the rest.

        Raises:
            PackagesProblem: it cannot be started, or took too long.
        """
        try:
            done = running.run(
                argv, self.environment, self.folder, self._timeout, keep=_KEEP, give_up=self._is_full
            )
        except OSError as error:
            raise PackagesProblem("unsupported", f"the image has no {argv[0]}: {error.strerror}") from error
        if self._is_full():
            raise PackagesProblem(
                "full",
                f"the engine's disk has no more than {_FLOOR >> 20} MiB left: what {argv[0]} fetches or"
                " unpacks does not fit",
            )
        if done.exit_code == running.OVERTIME:
            raise PackagesProblem("unreachable", f"{argv[0]} did not end within {self._timeout:.0f} s")
        return done.exit_code, done.stdout + done.stderr

    def _is_full(self) -> bool:
        """Whether whoever signs a source, or a real need, is about to fill the disk for everyone."""
        status = os.statvfs(self.folder)
        return status.f_bavail * status.f_frsize < _FLOOR

    def demand(self, what: str, argv: Sequence[str]) -> str:
        """The output of a command that must succeed."""
        code, said = self.run(argv)
        if code != 0:
            raise PackagesProblem("failed", f"{what} failed (exit code {code})", said)
        return said
