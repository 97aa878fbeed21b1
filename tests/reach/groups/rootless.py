"""Engines that an ordinary user runs: a build, its proof, what is told of limits."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from functools import partial
from pathlib import Path
from typing import Any

from tests.reach.engines.cargo import carry_images
from tests.reach.engines.rootless import rootless_docker, rootless_podman
from tests.reach.engines.served import Served
from tests.reach.families.stories import told
from tests.reach.row import Row
from tests.support.cli import Parity

TITLE = "Podman and Docker, rootless"
_WANTED = ("numpy", "pyyaml", "requests")


def run() -> Iterator[Row]:
    """A row for each engine and story."""
    engines: tuple[Callable[[], AbstractContextManager[Served]], ...] = (rootless_podman, rootless_docker)
    for engine in engines:
        folder = Path(tempfile.mkdtemp(prefix="parity-reach-"))
        try:
            with engine() as there:
                carry_images(there)
                yield from _stories(there, folder)
        finally:
            shutil.rmtree(folder)


def _stories(there: Served, folder: Path) -> Iterator[Row]:
    parity = Parity.with_uv(folder / "home")
    bundle: dict[str, Any] = {}
    env = {"DOCKER_HOST": there.address}
    yield told(there.name, "doctor: rootless, no limits", partial(_doctor, parity, env))
    yield told(there.name, "build and rehearse", partial(_build, parity, env, folder, bundle))
    if bundle:
        yield told(there.name, "verify --rehearse", partial(_verify, parity, env, bundle))
        yield told(there.name, "its limits are told", partial(_limits, bundle))


def _doctor(parity: Parity, env: dict[str, str]) -> str:
    done = parity.run("doctor", "--json", env=env)
    found = {each["what"]: each for each in done.document["findings"]}
    assert "rootless" in found["rights"]["found"], found["rights"]
    # This machine has control groups of version 1.
    assert found["limits"]["state"] == "warning", found["limits"]
    return "; ".join(
        f"{name}: {each['found']}" for name, each in found.items() if name in ("limits", "rights")
    )


def _build(parity: Parity, env: dict[str, str], folder: Path, into: dict[str, Any]) -> str:
    done = parity.build("debian11-py39", folder / "out", *_WANTED, env=env, timeout=1200)
    into.update(done.bundle)
    return f"{into['imports']}"[:120] if "imports" in into else "built"


def _verify(parity: Parity, env: dict[str, str], bundle: dict[str, Any]) -> str:
    done = parity.run("verify", "--rehearse", bundle["bundle"], env=env, timeout=600)
    assert done.code == 0, done.stdout + done.stderr
    return (done.stderr.strip().splitlines() or ["passed"])[-1][-150:]


def _limits(bundle: dict[str, Any]) -> str:
    """Rootless engines need cgroup v2 with delegation: without it the proof says that nothing was limited."""
    limits: dict[str, bool] = bundle["proof"]["limits"]
    warned = [line for line in bundle["warnings"] if "does not enforce its limits" in line]
    assert bool(warned) == (not all(limits.values())), (limits, bundle["warnings"])
    return f"{limits}"
