"""`make newcomer`: what the front page and the five-minute page tell people to type, typed.

From an empty folder, with the wheel of this checkout and nothing else of it: once as an ordinary user (of the
group that may use the engine) who installs parity as the page says, once as another user than the installer.
Each `sh` block of the two pages is run verbatim and in order; only the block for people who work on parity
itself is left to `make`. What is for the machine without a network runs in a container without one.

Where this is not root, there is nobody to become: the first story runs as oneself, the second is left out.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.support.documents import code_blocks
from tests.support.engine import ROOT

NEWCOMER = 23458  # a uid that owns nothing
SOCKET = Path("/var/run/docker.sock")
# Of this machine's settings, those without which no index could be reached from it.
_KEPT = (
    "PIP_",
    "SSL_CERT_",
    "REQUESTS_CA_",
    "CURL_CA_",
    "HTTP",
    "http",
    "https",
    "NO_PROXY",
    "no_proxy",
    "DOCKER_",
)
_FAR = "sh parity-bundle/install.sh /opt/app"
_FOR_DEVELOPERS = "make demo"


@dataclass(frozen=True)
class Person:
    """Somebody at a shell: an id, or None for whoever runs this, a home, a folder, and where programs are."""

    name: str
    uid: int | None
    home: Path
    folder: Path
    programs: str = "/usr/local/bin:/usr/bin:/bin"

    def types(self, script: str) -> None:
        """Run these lines as this person would; the first that fails ends everything."""
        kept = {name: value for name, value in os.environ.items() if name.startswith(_KEPT)}
        environment = {
            **kept,
            "HOME": str(self.home),
            "PATH": self.programs,
            "LANG": "C.UTF-8",
            "COLUMNS": "100",
        }
        lines = f'set -ev\ncd "{self.folder}"\n{script}'
        done = subprocess.run([*self._as(), "sh", "-c", lines], env=environment, check=False)
        if done.returncode:
            sys.exit(f"newcomer: {self.name}: exit code {done.returncode}")

    def _as(self) -> list[str]:
        if self.uid is None:
            return []
        group = SOCKET.stat().st_gid
        return [
            "setpriv",
            f"--reuid={self.uid}",
            f"--regid={self.uid}",
            f"--groups={group}",
            "--no-new-privs",
        ]


def blocks_of(path: Path) -> list[str]:
    """The page's commands, as they stand there."""
    return [block.text for block in code_blocks(path.read_text(encoding="utf-8")) if block.language == "sh"]


def built_wheel(folder: Path) -> Path:
    """This checkout as a wheel, built as a release is."""
    command = [
        sys.executable,
        "-m",
        "pip",
        "wheel",
        "--quiet",
        "--no-deps",
        "--wheel-dir",
        str(folder),
        str(ROOT),
    ]
    subprocess.run(command, check=True)
    return next(folder.glob("parity-*.whl"))


def person(name: str, folder: Path, uid: int | None, wheel: Path) -> Person:
    """Somebody with a new home and an empty folder in which nothing but the wheel lies."""
    home, work = folder / "home", folder / "work"
    for each in (home, work):
        each.mkdir(parents=True)
    shutil.copy(wheel, work)
    if uid is not None:
        subprocess.run(["chown", "-R", f"{uid}:{uid}", str(folder)], check=True)
    return Person(name, uid, home, work)


def far_side(someone: Person, block: str, bundles: Path) -> None:
    """The far side's block where no network is, with the bundle under the name that the page has."""
    inside = f"cp /media/*.parity.tar BUNDLE.parity.tar\n{block}"
    machine = f"docker run --rm --network none -v {bundles}:/media:ro -w /tmp parity/debian12-py311"
    someone.types(f"{machine} sh -evc '{inside}'")


def five_minutes(someone: Person, *, installs: bool) -> None:
    """The page from top to bottom, in one shell, as one reads it."""
    blocks = blocks_of(ROOT / "src/parity/docs/five-minutes.md")
    first, rest = blocks[0], blocks[1:]
    assert "pip install" in first
    someone.types("\n".join([first, *rest] if installs else rest))


def front_page(someone: Person) -> None:
    """The front page's blocks, in an empty folder."""
    (blocks := blocks_of(ROOT / "README.md")).remove(next(each for each in blocks if _FOR_DEVELOPERS in each))
    folder = someone.folder / "front"
    someone.types("mkdir front")
    reader = replace(someone, folder=folder)
    for block in blocks:
        if _FAR in block:
            far_side(reader, block, folder / "dist")
        else:
            reader.types(block)


def root_installs(folder: Path, wheel: Path) -> str:
    """parity in an environment that root owns and nobody else may write to; gives where its programs are."""
    place = folder / "opt"
    subprocess.run(["/usr/bin/env", "python3", "-m", "venv", str(place)], check=True, env=_plain())
    subprocess.run([str(place / "bin" / "pip"), "install", "--quiet", str(wheel)], check=True)
    subprocess.run(["chmod", "-R", "go-w", str(place)], check=True)
    return f"{place / 'bin'}:/usr/local/bin:/usr/bin:/bin"


def _plain() -> Mapping[str, str]:
    """An environment in which python3 is the machine's own, which other users can run, too."""
    return {**os.environ, "PATH": "/usr/local/bin:/usr/bin:/bin"}


def main() -> None:
    """Tell both stories; the exit code tells whether every command did what the pages say."""
    begun = time.monotonic()
    root = os.getuid() == 0
    with TemporaryDirectory(prefix="parity-newcomer-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        wheel = built_wheel(folder)
        newcomer = person("the newcomer", folder / "newcomer", NEWCOMER if root else None, wheel)
        five_minutes(newcomer, installs=True)
        front_page(replace(newcomer, programs=f"{newcomer.home}/parity/bin:{newcomer.programs}"))
        if root:
            other = person("another user than the installer", folder / "other", NEWCOMER + 1, wheel)
            other = replace(other, programs=root_installs(folder, wheel))
            five_minutes(other, installs=False)
        seconds = time.monotonic() - begun
        sys.stdout.write(f"newcomer: all commands did what the pages say, in {seconds:.0f} s\n")


if __name__ == "__main__":
    main()
