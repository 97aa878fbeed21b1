"""One profile, one lock and one image on several engines: one payload, to the byte."""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from tests.reach.engines.cargo import carry_images
from tests.reach.engines.dockers import docker
from tests.reach.engines.podmans import bridge_kept, podman
from tests.reach.engines.served import Served
from tests.reach.row import Row, Verdict
from tests.support.cli import Done, Parity

from parity.docker_engine import connect

TITLE = "one payload digest on Docker's classic store, containerd's store and Podman"
_STORY = "one payload digest"
_WANTED = "numpy\npyyaml\nrequests\n"


def run() -> Iterator[Row]:
    """A row for each engine; its payload is held against that of the machine's own."""
    folder = Path(tempfile.mkdtemp(prefix="parity-reach-"))
    (folder / "wanted.txt").write_text(_WANTED)
    first = ""
    try:
        for number, engine in enumerate((_own, _containerd, _podman)):
            begin = time.monotonic()
            with engine() as there:
                # A home for each, so that no engine's facts or proof are another's.
                done = _built(folder, str(number), there, locked=bool(first))
            digest = str(done.bundle["payload_sha256"]) if done.code == 0 else ""
            first = first or digest
            note = digest[:16] or (done.stdout + done.stderr)[-200:]
            verdict = Verdict.PASSED if digest and digest == first else Verdict.FAILED
            yield Row(there.name, _STORY, verdict, time.monotonic() - begin, note)
    finally:
        shutil.rmtree(folder)


def _built(folder: Path, name: str, there: Served, *, locked: bool) -> Done:
    parity = Parity.with_uv(folder / name)
    words: list[str | Path] = ["-r", folder / "wanted.txt", "--lock", folder / "pylock.toml"]
    words += ["--locked"] if locked else []
    return parity.build("debian11-py39", folder / name / "out", *words, env={"DOCKER_HOST": there.address})


@contextmanager
def _own() -> Iterator[Served]:
    own = connect()
    info = own.info()
    own.close()
    yield Served(f"{info.name} {info.version} {info.storage_driver}".lower(), info.address)


@contextmanager
def _containerd() -> Iterator[Served]:
    with docker("docker 28 containerd store", "sid", "--feature=containerd-snapshotter=true") as engine:
        carry_images(engine)
        yield engine


@contextmanager
def _podman() -> Iterator[Served]:
    with ExitStack() as stack:
        engine = stack.enter_context(podman("podman 4.3 rootful", 2, "bookworm"))
        carry_images(engine)
        stack.enter_context(bridge_kept(engine))
        yield engine
