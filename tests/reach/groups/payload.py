"""One profile, one lock and one image on several engines: one payload and one exported image, to the byte."""

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
from tests.support.cli import Parity

from parity.docker_engine import connect

TITLE = "one payload and one image digest on Docker's classic store, containerd's store and Podman"
_STORIES = ("one payload digest", "one image digest")
_WANTED = "numpy\npyyaml\nrequests\n"


def run() -> Iterator[Row]:
    """Two rows for each engine, held against those of the machine's own."""
    folder = Path(tempfile.mkdtemp(prefix="parity-reach-"))
    (folder / "wanted.txt").write_text(_WANTED)
    first: list[str] = []
    try:
        for number, engine in enumerate((_own, _containerd, _podman)):
            begin = time.monotonic()
            with engine() as there:
                # A home for each, so that no engine's facts or proof are another's.
                made = list(_made(folder, str(number), there, locked=bool(first)))
            first = first or [digest for digest, _ in made]
            for story, (digest, said), known in zip(_STORIES, made, first, strict=True):
                verdict = Verdict.PASSED if digest and digest == known else Verdict.FAILED
                yield Row(there.name, story, verdict, time.monotonic() - begin, digest[:16] or said[-200:])
    finally:
        shutil.rmtree(folder)


def _made(folder: Path, name: str, there: Served, *, locked: bool) -> Iterator[tuple[str, str]]:
    """The digests of the payload and of the image out of it, each with what was said; empty for none."""
    parity, env = Parity.with_uv(folder / name), {"DOCKER_HOST": there.address}
    words: list[str | Path] = ["-r", folder / "wanted.txt", "--lock", folder / "pylock.toml"]
    words += ["--locked"] if locked else []
    done = parity.build("debian11-py39", folder / name / "out", *words, env=env)
    bundle = done.bundle if done.code == 0 else {}
    yield str(bundle.get("payload_sha256", "")), done.stdout + done.stderr
    out = folder / name / "image"
    done = parity.run("export", "image", str(bundle.get("bundle", "none")), "-o", out, "--json", env=env)
    image = done.document["image"] if done.code == 0 else {}
    yield str(image.get("manifest", "")), done.stdout + done.stderr


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
