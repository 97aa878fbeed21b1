"""Engines elsewhere: over TCP with a data folder of their own, through TLS, and gone in the middle."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable

import pytest
from tests.support.second_engine import SecondEngine, copy_image

from parity.docker_engine import DockerEngine, connect
from parity.engine import ContainerSpec, Mount, Network
from parity.engine.guests import small_tar
from parity.errors import EngineLost, EngineRefused, EngineUnavailable
from parity.model import PinnedImage

pytestmark = pytest.mark.engine

Disposable = Callable[..., SecondEngine]


def spec(image: PinnedImage, network: Network = Network.NONE, *mounts: Mount) -> ContainerSpec:
    return ContainerSpec(image=image.id, network=network, purpose="remote", mounts=mounts)


def test_an_engine_over_tcp_is_found_by_the_environment_and_runs_containers(
    remote_engine: SecondEngine, debian11: PinnedImage, engine: DockerEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOCKER_HOST", remote_engine.address)
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")  # not for the engine
    there = connect()
    assert there.info().address == remote_engine.address
    assert there.info().root != engine.info().root
    with there.scratch_volume() as volume:
        mount = Mount(volume, "/store", read_only=False)
        with there.container(spec(debian11, Network.NONE, mount)) as container:
            container.put("/store", small_tar({"a": b"x" * 100_000}))
            container.start()
            result = container.exec(["sh", "-c", "cat store/a -"], stdin=b"y" * 3_000_000)
            assert (result.exit_code, len(result.stdout)) == (0, 3_100_000)
            assert sum(len(chunk) for chunk in container.get("/store/a")) > 100_000
    there.close()


def test_its_containers_reach_a_network_only_when_they_may(
    remote_engine: SecondEngine, debian11: PinnedImage
) -> None:
    there = remote_engine.connect()
    with socket.create_server((remote_engine.gateway, 0)) as server:
        target = repr(server.getsockname())
        reach = ["python3", "-c", f"import socket; socket.create_connection({target}, 5)"]
        with there.container(spec(debian11, Network.DEFAULT)) as container:
            container.start()
            assert container.exec(reach).exit_code == 0
        with there.container(spec(debian11, Network.NONE)) as container:
            container.start()
            assert b"Network is unreachable" in container.exec(reach).stderr
    there.close()


def test_tls_engine_takes_input_and_gives_output_and_is_missed_when_it_goes(
    disposable_engine: Disposable, debian11: PinnedImage, engine: DockerEngine
) -> None:
    there = disposable_engine(tls=True)
    with pytest.raises(EngineUnavailable, match="no container engine answers"):
        connect(there.address, environment={})  # without certificates
    client = there.connect()
    copy_image(engine, client, debian11.id, "parity/debian11-py39:latest")

    killed: list[float] = []

    def kill() -> None:
        killed.append(time.monotonic())
        there.kill()

    def work() -> None:
        with client.container(spec(debian11)) as container:
            container.start()
            echo = container.exec(["cat"], stdin=b"z" * 4_000_000)
            assert (echo.exit_code, echo.stdout) == (0, b"z" * 4_000_000)
            both = container.exec(["sh", "-c", "head -c 999999 /dev/zero >&2; cat"], stdin=b"end")
            assert (both.stdout, len(both.stderr)) == (b"end", 999_999)
            threading.Timer(0.5, kill).start()
            container.exec(["sleep", "60"])

    with pytest.raises(EngineLost, match="went away") as lost:
        work()
    assert "\n" not in lost.value.message
    assert time.monotonic() - killed[0] < 40
    client.close()


def test_an_engine_that_refuses_names_what_it_refused(
    remote_engine: SecondEngine, debian11: PinnedImage
) -> None:
    there = remote_engine.connect()
    wrong = ContainerSpec(image=debian11.id, network=Network.NONE, purpose="remote", platform="linux/s390x")
    with pytest.raises(EngineRefused, match="platform"), there.container(wrong):
        pass
    there.close()
