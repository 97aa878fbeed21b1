"""Debian 11 for aarch64 under emulation: bootstrapped, built, rehearsed, installed and used."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.reach.engines.emulation import emulated
from tests.reach.engines.served import STATE
from tests.reach.row import Row, Verdict
from tests.reach.say import say
from tests.support.cli import Parity
from tests.support.engine import IMAGES
from tests.support.inside import fresh_room, inside, tar_of

from parity.docker_engine import DockerEngine, connect
from parity.images import image_tag
from parity.model import PinnedImage

TITLE = "debian11-py39 for aarch64, under emulation"
_SUBJECT = "debian11-py39 aarch64"
_PLATFORM = "linux/arm64"
_SECONDS = 3000
_WANTED = "numpy\npyyaml\nrequests\n"
_USE = """
set -eu
mkdir /media/set
tar xf /set.parity.tar -C /media/set --strip-components=1
sh /media/set/install.sh /opt/app
/opt/app/current/bin/python -c 'import platform, numpy, yaml; print(platform.machine(), sum(numpy.arange(4)))'
"""


def run() -> Iterator[Row]:
    """A row for the image, the build with its rehearsal, and the installation."""
    folder = Path(tempfile.mkdtemp(prefix="parity-reach-"))
    engine = connect()
    try:
        with emulated("aarch64"):
            parity = Parity.with_uv(folder / "home")
            row = _image(engine, parity)
            yield row
            if row.verdict is Verdict.PASSED:
                yield from _stories(engine, parity, folder)
    finally:
        engine.close()
        shutil.rmtree(folder)


def _image(engine: DockerEngine, parity: Parity) -> Row:
    """Bootstrapped once (some ten minutes); kept as an archive for later runs and for engines without it."""
    begin = time.monotonic()
    tag, archive = _tag(), STATE / "images" / f"{_tag().replace('/', '-').replace(':', '-')}.tar"
    if engine.image(tag) is None and archive.exists():
        say(f"reach: loading {archive}")
        subprocess.run(["docker", "load", "-i", archive], check=True, capture_output=True)
    how = "was there" if engine.image(tag) else "bootstrapped under emulation"
    done = parity.run("image", "build", "debian11-py39", "--arch", "aarch64", timeout=_SECONDS)
    if done.code == 0 and not archive.exists():
        archive.parent.mkdir(parents=True, exist_ok=True)
        subprocess.run(["docker", "save", "-o", archive, tag], check=True)
    found = engine.image(tag)
    well = done.code == 0 and found is not None and found.platform.startswith(_PLATFORM)
    return _row("image", begin, how if well else done.stderr[-300:], well=well)


def _stories(engine: DockerEngine, parity: Parity, folder: Path) -> Iterator[Row]:
    begin = time.monotonic()
    (folder / "wanted.txt").write_text(_WANTED)
    words = ("--arch", "aarch64", "-r", folder / "wanted.txt")
    done = parity.build("debian11-py39", folder / "out", *words, timeout=_SECONDS)
    if done.code != 0:
        yield _row("build and rehearse", begin, (done.stdout + done.stderr)[-300:], well=False)
        return
    told = done.bundle
    proof: dict[str, Any] = told["proof"]
    warned = [line for line in told["warnings"] if "emulation" in line]
    well = proof.get("emulated") is True and bool(warned)
    yield _row("build and rehearse", begin, f"the proof says emulated: {warned}", well=well)
    begin = time.monotonic()
    again = parity.run("verify", "--rehearse", told["bundle"], timeout=_SECONDS)
    yield _row("verify --rehearse", begin, _last(again.stderr), well=again.code == 0)
    begin = time.monotonic()
    found = engine.image(_tag())
    assert found is not None
    image = PinnedImage(found.id, "", "debian11-py39", found.platform, "local", emulated=True)
    with fresh_room(engine, image) as room:
        room.put("/", tar_of(Path(told["bundle"]), "set.parity.tar"))
        used = inside(room, _USE, seconds=_SECONDS)
    yield _row("install and use", begin, _last(used.output), well=used.output.endswith("aarch64 6\n"))


def _last(said: str) -> str:
    """The last line of what was said."""
    return (said.strip().splitlines() or ["nothing was said"])[-1][-200:]


def _tag() -> str:
    return image_tag(IMAGES / "debian11-py39", _PLATFORM)


def _row(story: str, begin: float, note: str, *, well: bool) -> Row:
    verdict = Verdict.PASSED if well else Verdict.FAILED
    return Row(_SUBJECT, story, verdict, time.monotonic() - begin, " ".join(note.split()))
