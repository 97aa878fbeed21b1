"""What only the real engine can show: isolation from inside, signals, what is recorded where."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import threading
import time

import pytest
from tests.support.engine import ROOT, docker_client, doomed_run, exists, reap, volume_exists

from parity.docker_engine import DockerEngine, connect
from parity.engine import ContainerSpec, Mount, Network
from parity.engine.guests import small_tar
from parity.errors import EngineRefused, ParityError
from parity.model import PinnedImage

pytestmark = pytest.mark.engine

LOOK = """
import json, os
status = dict(line.split(":", 1) for line in open("/proc/self/status"))
def can_write(path):
    try:
        open(path + "/probe", "w").close()
    except OSError:
        return False
    return True
print(json.dumps({
    "links": sorted(os.listdir("/sys/class/net")),
    "caps": [status["Cap" + n].strip() for n in ("Inh", "Prm", "Eff", "Bnd")],
    "nnp": status["NoNewPrivs"].strip(),
    "uid": os.getuid(),
    "read-only": bool(os.statvfs("/").f_flag & os.ST_RDONLY),
    "tmp": can_write("/tmp"),
    "mounts": [line.split()[1] for line in open("/proc/mounts")],
}))
"""


def test_a_confined_container_has_nothing_it_was_not_given(
    engine: DockerEngine, debian11: PinnedImage
) -> None:
    spec = ContainerSpec(
        image=debian11.id,
        network=Network.NONE,
        purpose="isolation",
        user="65534:65534",
        read_only=True,
        tmpfs={"/tmp": "rw,exec,size=64m"},
        memory=256 * 1024**2,
        pids=64,
    )
    with engine.container(spec) as container:
        container.start()
        seen = json.loads(container.exec(["python3", "-I", "-c", LOOK]).stdout)
        eater = container.exec(["python3", "-c", "x = bytearray(400 << 20)"])
    assert seen["links"] == ["lo"]
    assert seen["caps"] == ["0000000000000000"] * 4
    assert (seen["nnp"], seen["uid"], seen["read-only"], seen["tmp"]) == ("1", 65534, True, True)
    assert not any("docker.sock" in mount for mount in seen["mounts"])
    assert eater.exit_code == 137


def test_commands_change_neither_a_read_only_root_nor_such_a_volume(
    engine: DockerEngine, debian11: PinnedImage
) -> None:
    with engine.scratch_volume() as volume:
        spec = ContainerSpec(
            image=debian11.id,
            network=Network.NONE,
            purpose="isolation",
            read_only=True,
            mounts=(Mount(volume, "/store", read_only=True),),
        )
        with engine.container(spec) as container:
            container.start()
            for place in ("/", "/usr", "/var/lib", "/store"):  # as root, who may write anywhere
                assert container.exec(["touch", f"{place}/a"]).exit_code != 0
                assert container.exec(["test", "-e", f"{place}/a"]).exit_code == 1


def test_memory_that_is_mounted_holds_nothing_of_the_image(
    engine: DockerEngine, debian11: PinnedImage
) -> None:
    spec = ContainerSpec(
        image=debian11.id,
        network=Network.NONE,
        purpose="memory",
        read_only=True,
        tmpfs={"/etc/apt": "rw,size=1m", "/usr/share": "ro,size=64k"},
    )
    with engine.container(spec) as container:
        container.start()
        assert container.exec(["ls", "-A", "/etc/apt", "/usr/share"]).stdout == b"/etc/apt:\n\n/usr/share:\n"


def test_what_goes_through_stdin_is_recorded_nowhere(
    engine: DockerEngine, debian11: PinnedImage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://me:canary@proxy.example")
    spec = ContainerSpec(image=debian11.id, network=Network.NONE, purpose="secrets")
    client = docker_client()
    with engine.container(spec) as container:
        container.start()
        assert container.exec(["cat"], stdin=b"canary").stdout == b"canary"
        recorded = json.dumps(client.inspect_container(container.id))
        logged = client.logs(container.id)
    client.close()
    assert "canary" not in recorded
    assert b"canary" not in logged


def test_a_command_runs_as_the_user_it_is_given(engine: DockerEngine, debian11: PinnedImage) -> None:
    spec = ContainerSpec(image=debian11.id, network=Network.NONE, purpose="user")
    with engine.container(spec) as container:
        container.put("/", small_tar({"mine": b""}))
        container.start()
        assert container.exec(["id", "-u"], user="1234:1234").stdout == b"1234\n"
        assert container.exec(["id", "-u"]).stdout == b"0\n"


def test_a_container_ends_by_itself_when_its_lifetime_is_over(
    engine: DockerEngine, debian11: PinnedImage
) -> None:
    spec = ContainerSpec(image=debian11.id, network=Network.NONE, purpose="short", lifetime=1)
    with engine.container(spec) as container:
        container.start()
        time.sleep(1.5)
        with pytest.raises(EngineRefused, match="refused to run true"):
            container.exec(["true"])


@pytest.mark.parametrize("signal_number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_leaves_nothing_behind(
    engine: DockerEngine, debian11: PinnedImage, signal_number: signal.Signals
) -> None:
    process, container, volume, image = doomed_run(engine.info().address, debian11.id)
    process.send_signal(signal_number)
    assert reap(process) != 0
    assert not exists(engine, container)
    assert not volume_exists(engine, volume)
    assert engine.image(image) is None


def test_a_run_killed_at_once_leaves_what_the_next_sweep_removes(
    engine: DockerEngine, debian11: PinnedImage
) -> None:
    process, container, volume, image = doomed_run(engine.info().address, debian11.id)
    process.kill()
    reap(process)
    assert exists(engine, container)
    engine.sweep()
    assert not exists(engine, container)
    assert not volume_exists(engine, volume)
    assert engine.image(image) is None


def test_an_image_that_lost_its_name_is_swept_too(engine: DockerEngine, debian11: PinnedImage) -> None:
    process, _, _, image = doomed_run(engine.info().address, debian11.id)
    process.kill()
    reap(process)
    client = docker_client()
    (name,) = client.inspect_image(image)["RepoTags"]  # type: ignore[no-untyped-call]
    engine.tag(debian11.id, name)  # which takes the name away from it
    try:
        engine.sweep()
        assert engine.image(image) is None
    finally:
        client.remove_image(name)
        client.close()
    assert engine.image(debian11.id) is not None


def test_ctrl_c_in_the_middle_of_creating_leaves_no_container(
    engine: DockerEngine, debian11: PinnedImage
) -> None:
    # One signal after each of many delays: some hit the creation, some the start, some the removal.
    script = """
import os, signal, sys, threading, time
from parity.docker_engine import connect
from parity.engine import ContainerSpec, Network
engine = connect(sys.argv[1])
spec = ContainerSpec(image=sys.argv[2], network=Network.NONE, purpose="cut")
print(engine.run_id, flush=True)
for step in range(12):
    try:
        threading.Timer(step * 0.012, os.kill, (os.getpid(), signal.SIGINT)).start()
        with engine.container(spec) as container:
            container.start()
            time.sleep(10)
    except KeyboardInterrupt:
        pass
"""
    command = [sys.executable, "-c", script, engine.info().address, debian11.id]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=120)
    assert (done.returncode, done.stderr) == (0, "")
    client = docker_client()
    left = client.containers(all=True, filters={"label": f"org.parity.run={done.stdout.strip()}"})
    client.close()
    assert left == []


def test_interrupting_brings_waiting_threads_back_and_leaves_nothing(debian11: PinnedImage) -> None:
    own = connect()
    spec = ContainerSpec(image=debian11.id, network=Network.NONE, purpose="interrupt")
    started = threading.Event()
    ended: list[str] = []

    def wait_inside() -> None:
        try:
            with own.container(spec) as container:
                container.start()
                ended.append(container.id)
                started.set()
                ended.append(str(container.exec(["sleep", "300"]).exit_code))
        except ParityError as error:
            ended.append(error.kind)

    thread = threading.Thread(target=wait_inside)
    thread.start()
    assert started.wait(30)
    time.sleep(0.3)
    own.interrupt()
    thread.join(20)
    assert not thread.is_alive()
    assert len(ended) == 2
    assert not exists(own, ended[0])
