"""RHEL 9 by its replica: the shipped recipes under the vendor's name, dnf, microdnf, a builder, a machine."""

from __future__ import annotations

import functools
import json
import random
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.reach.families.redhat import FULL, MINIMAL, VENDOR, served
from tests.reach.families.stories import told, unseen
from tests.reach.families.vendor import KnowingEngine, vendor_engine
from tests.reach.row import Row
from tests.support.cli import Parity, write_profile
from tests.support.engine import ROOT
from tests.support.inside import fresh_room, inside, tar_of

from parity.docker_engine import connect
from parity.engine import Container
from parity.engine.guests import small_tar
from parity.errors import ParityMismatch
from parity.model import PinnedImage
from parity.portable.families import rpmversion

TITLE = "a replica of RHEL 9: real rpm and dnf, Debian 11's packages as signed rpms"
_SUBJECT = "rhel 9 (replica)"
_SHIPPED = ROOT / "profiles" / "rhel9-py39.yaml"
# The one line that is not the shipped profile's: the replica has Debian 11's C library.
_LIBC = {"libc": "glibc 2.31"}
_NATIVE = ("opencv-python==4.10.0.84", "lightgbm==4.5.0")
_ALLOW = {"allow": ["tag-mismatch:lightgbm"]}
_USE = "/opt/app/current/bin/python -c 'import lightgbm, cv2; print(lightgbm.__version__, cv2.__version__)'"
_DNF = f"FROM {VENDOR}/{FULL}\nRUN dnf install -y --nodocs --setopt=install_weak_deps=0 python3 python3-pip\n"
_INSTALL = "sh /media/bundle/install.sh /opt/app"
_LIBPQ = "import psycopg2; print(psycopg2.__libpq_version__)"
_PATIENCE = 1800
_PAIRS = 4000
_WORDS = ("0", "1", "01", "10", "2", "9", "a", "b", "rc", "el9", ".", ".", "_", "~", "^", "+")


def run() -> Iterator[Row]:
    """Make or load the replica, bring up the engine and the registry, tell each story."""
    folder = Path(tempfile.mkdtemp(prefix="parity-reach-"))
    try:
        with served() as replica:
            names = {f"{FULL}:latest": replica.tag("full"), f"{MINIMAL}:latest": replica.tag("minimal")}
            with vendor_engine(VENDOR, names) as engine:
                yield from _stories(Rhel(engine, replica.tag("full"), folder))
    finally:
        shutil.rmtree(folder)
    yield unseen(_SUBJECT, "the vendor's own microdnf", "Debian has none: a stand-in over the real libdnf")
    yield unseen(_SUBJECT, "the vendor's packages", "its folders of libraries, most names, modules, scripts")


@dataclass(frozen=True)
class Rhel:
    """The replica, and where profiles are built for it.

    Attributes:
        engine: which finds the replica under the vendor's name.
        host: the image of a whole machine, at this machine's own engine.
        folder: ours.
    """

    engine: KnowingEngine
    host: str
    folder: Path

    def refused_for_its_libc(self) -> str:
        """The shipped profile, unchanged: image and probe work, and the parity check refuses."""
        done = self._parity().build(
            _SHIPPED, self.folder / "whole", "numpy", env=self.engine.environment, timeout=_PATIENCE
        )
        assert done.code == ParityMismatch.exit_code, done.stdout + done.stderr
        assert "glibc 2.34" in done.error["message"] + str(done.error["details"]), done.error
        return "refused, as it must be: the replica has glibc 2.31 where the profile says 2.34"

    def built(
        self, name: str, wanted: Sequence[str], more: Mapping[str, Any], **parts: Any
    ) -> dict[str, Any]:
        """The bundle of the shipped profile with the replica's C library.

        Args:
            name: of the profile.
            wanted: requirements.
            more: other keys of `install`.
            parts: other keys of the profile.
        """
        profile = write_profile(
            self.folder,
            name,
            extends="rhel9-py39",
            target=_LIBC,
            install={"requirements": list(wanted), "files": [], **more},
            **parts,
        )
        output = self.folder / name
        done = self._parity().build(profile, output, env=self.engine.environment, timeout=_PATIENCE)
        return done.bundle

    @contextmanager
    def machine(self, bundle: Mapping[str, Any]) -> Iterator[Container]:
        """A whole replica without network, the bundle unpacked at /media/bundle."""
        with _replica(self.host) as room:
            room.put("/", tar_of(Path(bundle["bundle"]), "it.parity.tar"))
            lines = "mkdir -p /media/bundle && tar xf /it.parity.tar -C /media/bundle --strip-components=1"
            assert inside(room, lines).code == 0
            yield room

    def _parity(self) -> Parity:
        home = self.folder / "home"
        return Parity(home) if home.exists() else Parity.with_uv(home)


def _stories(rhel: Rhel) -> Iterator[Row]:
    yield told(_SUBJECT, "build rhel9-py39, unchanged, from the vendor's name", rhel.refused_for_its_libc)
    yield told(_SUBJECT, "build rhel9-py39 with its glibc", lambda: _plain(rhel))
    for manager in ("microdnf", "dnf"):
        bundle: dict[str, Any] = {}
        carried = functools.partial(_system, rhel, manager, bundle)
        yield told(_SUBJECT, f"system-packages: auto through {manager}", carried)
        if bundle:
            story = f"install.sh --with-system, no network, what {manager} brought"
            yield told(_SUBJECT, story, functools.partial(_installed, rhel, bundle))
    yield told(_SUBJECT, "psycopg2 from source, libpq in its wheel", lambda: _source(rhel))
    yield told(_SUBJECT, "versions compared by rpm itself", lambda: _compared(rhel.host))


def _dnf_folder(folder: Path) -> Path:
    image = folder / "image-dnf"
    image.mkdir()
    (image / "Dockerfile").write_text(_DNF)
    return image


def _plain(rhel: Rhel) -> str:
    bundle = rhel.built("plain", ["numpy", "pandas", "requests", "pyyaml"], {})
    with rhel.machine(bundle) as room:
        done = inside(room, f"{_INSTALL} && /opt/app/current/bin/python -c 'import pandas'")
        assert done.code == 0, done.output
    return "built, rehearsed, and installed on a second replica"


def _system(rhel: Rhel, manager: str, into: dict[str, Any]) -> str:
    image = {"image": {"folder": str(_dnf_folder(rhel.folder))}} if manager == "dnf" else {}
    into.update(
        rhel.built(f"system-{manager}", _NATIVE, {}, rehearsal=_ALLOW, system_packages="auto", **image)
    )
    names = {package["name"] for package in into["system"]}
    assert "libglvnd-glx" in names, names
    # Debian's rpm is built with OpenMP: the replica has libgomp by itself.
    assert not {"glibc", "bash", "libgomp"} & names, names
    return f"{len(names)} rpms"


def _installed(rhel: Rhel, bundle: Mapping[str, Any]) -> str:
    with rhel.machine(bundle) as room:
        refused = inside(room, _INSTALL)
        assert "rpm -Uvh /media/bundle/system/" in refused.output, refused.output
        done = inside(room, f"{_INSTALL} --with-system")
        assert done.code == 0, done.output
        assert inside(room, _USE).output == "4.5.0 4.10.0\n"
        assert inside(room, "rpm -q libgomp libglvnd-glx").code == 0
        again = json.loads(inside(room, f"{_INSTALL} --json").output)
        assert again["system"]["missing"] == [], again
    return f"{len(bundle['system'])} rpms, imported, a second time there is nothing to do"


def _source(rhel: Rhel) -> str:
    source = {"build-from-source": ["psycopg2"]}
    bundle = rhel.built("source", ["psycopg2"], source, builder={"packages": ["libpq-devel"]})
    with rhel.machine(bundle) as room:
        done = inside(room, f"{_INSTALL} && /opt/app/current/bin/python -c '{_LIBPQ}'")
        assert done.code == 0, done.output
        assert inside(room, "rpm -q libpq").code != 0
    return f"imported where no libpq is installed: {done.output.splitlines()[-1]}"


def _compared(host: str) -> str:
    """Our order against that of the replica's rpm, for versions that chance made."""
    chance = random.Random(14)  # noqa: S311 - the same in each run
    made = ["".join(chance.choices(_WORDS, k=chance.randint(1, 7))) for _ in range(2 * _PAIRS)]
    pairs = list(zip(made[::2], made[1::2], strict=True))
    table = ",".join(f'{{"{one}","{other}"}}' for one, other in pairs)
    lua = f"for _, p in ipairs({{{table}}}) do print(rpm.vercmp(p[1], p[2]) .. ' ') end"
    with _replica(host) as room:
        room.put("/", small_tar({"order": f"%{{lua: {lua}}}".encode()}))
        said = inside(room, 'rpm --eval "$(cat /order)"').output.split()
    ours = [str(rpmversion.compare_part(*pair)) for pair in pairs]
    wrong = [pair for pair, mine, theirs in zip(pairs, ours, said, strict=True) if mine != theirs]
    assert not wrong, wrong[:5]
    return f"{len(pairs)} pairs"


@contextmanager
def _replica(host: str) -> Iterator[Container]:
    """A whole replica without network."""
    engine = connect()
    try:
        found = engine.image(host)
        assert found is not None
        with fresh_room(engine, PinnedImage(found.id, "", host, found.platform, "local")) as room:
            yield room
    finally:
        engine.close()
