"""The table of libraries, programs and modules, held against the distributions' own lists of their files.

Debian's are asked inside its images, with its own apt-file; the others cannot be asked from here.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from tests.pins.report import Report

from parity.docker_engine import DockerEngine, connect
from parity.engine import ContainerSpec, Network
from parity.host.processes import ThisMachine
from parity.images import ImageMaker, ensure_image
from parity.model import ImageSource
from parity.native import known_libraries
from parity.native import providers as providers_of
from parity.progress import Silent

_DEBIAN = {"11": "debian11-py39", "12": "debian12-py311", "13": "debian13-py313"}
_ASK = """
set -e
export DEBIAN_FRONTEND=noninteractive
apt-get -qq update >&2
apt-get -qq -y install --no-install-recommends apt-file >&2
apt-file update >&2 || { sleep 5; apt-file update >&2; }
apt-file --regexp --from-file search -
echo --
apt-cache depends "$@"
"""
# Modules that every Python of the system has, and that cannot be imported without another one.
_NEEDS = {"turtle": "tkinter"}
_MODULE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_DEPENDS = re.compile(r" [ |]Depends: (\S+)")
_ANSWER = re.compile(r"(?P<package>[a-z0-9][a-z0-9.+-]*): (?P<path>/\S+)")


def bring(root: Path, report: Report) -> None:
    """Say which rows are wrong; the table is written by hand, since a library can have several homes."""
    engine = connect()
    try:
        for version, name in _DEBIAN.items():
            _compare(engine, version, root / "images" / name, report)
    finally:
        engine.close()
    for system in ("Ubuntu", "RHEL and its kin", "Amazon Linux", "Fedora", "SLES and openSUSE", "Alpine"):
        report.tell(f"native libraries, {system}", "could not check", "no image of it can be had here")


def _compare(engine: DockerEngine, version: str, folder: Path, report: Report) -> None:
    what = f"native libraries, Debian {version}"
    said = _said("debian", version)
    try:
        found = _contents(engine, folder, sorted(set(said.values())))
    except OSError as error:
        report.tell(what, "could not check", *str(error).strip().splitlines()[-2:])
        return
    wrong = list(differences(said, found))
    report.tell(what, "wrong" if wrong else "up to date", *wrong)


class Listed(NamedTuple):
    """What a system's own lists say: which packages have a file, and what packages of the table need."""

    files: Sequence[tuple[str, str]]
    depends: Mapping[str, set[str]]


def _contents(engine: DockerEngine, folder: Path, named: Sequence[str]) -> Listed:
    """Of each thing in the table the packages that hold it, and what the named packages depend on."""
    machine = ThisMachine(Path.home() / ".cache" / "parity" / "bootstrap", os.environ)
    image = ensure_image(ImageSource(folder=folder), "x86_64", ImageMaker(engine, machine, Silent()))
    patterns = "".join(f"{pattern(thing)}\n" for thing in known_libraries())
    spec = ContainerSpec(image.id, Network.DEFAULT, "pins", confined=False)
    with engine.container(spec) as container:
        container.start()
        done = container.exec(["sh", "-c", _ASK, "sh", *named], stdin=patterns.encode(), timeout=900)
    if done.exit_code != 0:
        raise OSError(f"apt-file in {folder.name}: {done.stderr.decode()[-800:]}")
    return listed(done.stdout.decode().splitlines())


def pattern(thing: str) -> str:
    """An expression for the paths at which packages have a library, a program (`bin/git`) or a module."""
    if _MODULE.fullmatch(thing):
        endings = r"(\.py|/[^/]+\.py|\.cpython-[^/]*\.so)"
        return rf"/python3(\.[0-9]+)?/(lib-dynload/)?{_NEEDS.get(thing, thing)}{endings}$"
    return f"/{re.escape(thing)}$"


def listed(lines: Sequence[str]) -> Listed:
    """What apt-file said, then after a line `--` apt-cache."""
    end = lines.index("--")
    files = [(match["path"], match["package"]) for match in filter(None, map(_ANSWER.fullmatch, lines[:end]))]
    depends: dict[str, set[str]] = {}
    package = ""
    for line in lines[end + 1 :]:
        found = _DEPENDS.fullmatch(line)
        if found:
            depends.setdefault(package, set()).add(found[1])
        elif not line.startswith(" "):
            package = line
    return Listed(files, depends)


def differences(said: Mapping[str, str], found: Listed) -> Iterator[str]:
    """Each thing that is neither in the package that the table says, nor in one that this depends on."""
    for thing, package in said.items():
        at = re.compile(pattern(thing))
        there = {holder for path, holder in found.files if at.search(path)}
        if not there.intersection({package, *found.depends.get(package, ())}):
            yield f"{thing}: the table says {package}; it is in {', '.join(sorted(there)) or 'no package'}"


def _said(os_id: str, version: str) -> Mapping[str, str]:
    found = {thing: providers_of(thing, os_id, version, "x86_64") for thing in known_libraries()}
    return {thing: packages[0] for thing, packages in found.items() if packages}
