"""The table of native libraries, held against the distributions' own lists of what packages contain.

Debian's are asked inside its images, with its own apt-file; the others cannot be asked from here.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

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
"""
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
    try:
        found = _contents(engine, folder)
    except OSError as error:
        report.tell(what, "could not check", *str(error).strip().splitlines()[-2:])
        return
    wrong = list(_differences(found, "debian", version))
    report.tell(what, "wrong" if wrong else "up to date", *wrong)


def _contents(engine: DockerEngine, folder: Path) -> Mapping[str, set[str]]:
    """Library → the packages of that system that hold a file of its name in a library folder."""
    machine = ThisMachine(Path.home() / ".cache" / "parity" / "bootstrap", os.environ)
    image = ensure_image(ImageSource(folder=folder), "x86_64", ImageMaker(engine, machine, Silent()))
    patterns = "".join(f"/{re.escape(library)}$\n" for library in known_libraries())
    spec = ContainerSpec(image.id, Network.DEFAULT, "pins", confined=False)
    with engine.container(spec) as container:
        container.start()
        done = container.exec(["sh", "-c", _ASK], stdin=patterns.encode(), timeout=900)
    if done.exit_code != 0:
        raise OSError(f"apt-file in {folder.name}: {done.stderr.decode()[-800:]}")
    return _by_library(done.stdout.decode().splitlines())


def _by_library(lines: Iterable[str]) -> Mapping[str, set[str]]:
    found: dict[str, set[str]] = {}
    for match in filter(None, map(_ANSWER.fullmatch, lines)):
        found.setdefault(match["path"].rpartition("/")[2], set()).add(match["package"])
    return found


def _differences(found: Mapping[str, set[str]], os_id: str, version: str) -> Iterator[str]:
    for library in known_libraries():
        said, there = providers_of(library, os_id, version, "x86_64"), found.get(library, set())
        if said and not there.intersection(said):
            yield f"{library}: the table says {said[0]}; it is in {', '.join(sorted(there)) or 'no package'}"
